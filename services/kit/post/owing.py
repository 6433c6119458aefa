"""What one subscriber is owed because it asked: a test event, what was told since a moment, or its dead letters."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import Session

from services.kit.store.tables import Delivery, Event, Subscription

PINGED = "subscription.pinged"

OWE_AGAIN = text(
    """
    WITH owed AS (
        INSERT INTO delivery (event_id, subscription_id, due_at)
        SELECT event.id, subscription.id, :now
        FROM event JOIN subscription ON subscription.id = :subscription_id
        WHERE event.fanned_out
          AND event.occurred_at >= :since
          AND event.type = ANY (subscription.types)
          AND starts_with(event.division, subscription.division)
          AND may_hear(subscription.own, subscription.subscriber, event.division, CAST(:today AS date))
        ORDER BY event.xid, event.id
        ON CONFLICT (event_id, subscription_id) DO UPDATE
        SET due_at = :now, attempts = 0, done_at = NULL, dead_at = NULL, status = NULL, problem = NULL
        WHERE delivery.done_at IS NOT NULL OR delivery.dead_at IS NOT NULL
        RETURNING 1
    )
    SELECT count(*) FROM owed
    """
)

OWE_THESE = text(
    """
    WITH owed AS (
        UPDATE delivery SET due_at = :now, attempts = 0, done_at = NULL, dead_at = NULL, status = NULL, problem = NULL
        FROM event, subscription
        WHERE event.id = delivery.event_id AND subscription.id = delivery.subscription_id
          AND subscription.id = :subscription_id
          AND (delivery.dead_at IS NOT NULL OR delivery.done_at IS NOT NULL)
          AND CASE WHEN CAST(:these AS uuid[]) IS NULL THEN delivery.dead_at IS NOT NULL
                   ELSE delivery.id = ANY (CAST(:these AS uuid[])) END
          AND may_hear(subscription.own, subscription.subscriber, event.division, CAST(:today AS date))
        RETURNING 1
    )
    SELECT count(*) FROM owed
    """
)


def ping(session: Session, subscription: Subscription, now: datetime) -> Delivery:
    """An event for this subscriber alone, on the way of all others: signed, checked, tried again."""
    event = Event(id=uuid4(), type=PINGED, subject=str(subscription.id), occurred_at=now, fanned_out=True)
    session.add(event)
    session.flush()
    delivery = Delivery(event_id=event.id, subscription_id=subscription.id, due_at=now)
    session.add(delivery)
    session.flush()
    return delivery


def owe_since(session: Session, subscription: Subscription, since: datetime, now: datetime) -> int:
    """What it would have heard with the types and the place it asks for now. What is owed already stays as it is."""
    asked = {"subscription_id": subscription.id, "since": since, "now": now, "today": now.date()}
    return int(session.execute(OWE_AGAIN, asked).scalar_one())


def owe_again(session: Session, subscription: Subscription, these: Sequence[UUID] | None, now: datetime) -> int:
    """Those of its deliveries that are named, or all that were given up."""
    asked = {"subscription_id": subscription.id, "these": these, "now": now, "today": now.date()}
    return int(session.execute(OWE_THESE, asked).scalar_one())
