"""What one subscriber is owed because it asked: a test event, what was told since a moment, or its dead letters.
And what it is owed no more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.kit.store.audit import note_own
from services.kit.store.months import made_at
from services.kit.store.tables import Delivery, Event, Subscription

PINGED = "subscription.pinged"
OUT_OF_REACH = "no longer within the subscriber's grants"

OWE_AGAIN = text(
    """
    WITH owed AS (
        INSERT INTO delivery (event_id, subscription_id, due_at)
        SELECT event.id, subscription.id, :now
        FROM event JOIN subscription ON subscription.id = :subscription_id
        WHERE event.fanned_out
          AND event.occurred_at >= :since
          AND event.type = ANY (subscription.types)
          AND (subscription.divisions = '{}' AND starts_with(event.division, subscription.division)
               OR event.division ^@ ANY (subscription.divisions))
          AND may_hear(subscription.own, subscription.subscriber, event.division, CAST(:today AS date))
        ORDER BY event.xid, event.id
        ON CONFLICT (event_id, subscription_id) DO UPDATE
        SET due_at = :now, attempts = 0, refusals = 0, done_at = NULL, dead_at = NULL, status = NULL, problem = NULL
        WHERE delivery.done_at IS NOT NULL OR delivery.dead_at IS NOT NULL
        RETURNING 1
    )
    SELECT count(*) FROM owed
    """
)
WITHHOLD = text(
    """
    UPDATE delivery SET dead_at = :now, problem = :why
    FROM event
    WHERE delivery.id = ANY (CAST(:due AS uuid[])) AND event.id = delivery.event_id
      AND NOT may_hear(false, :subscriber, event.division, CAST(:today AS date))
    RETURNING delivery.id
    """
)

OWE_THESE = text(
    """
    WITH owed AS (
        UPDATE delivery SET due_at = :now, attempts = 0, refusals = 0, done_at = NULL, dead_at = NULL, status = NULL,
               problem = NULL
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
    event = Event(id=made_at(now), type=PINGED, subject=str(subscription.id), occurred_at=now, fanned_out=True)
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


def still_to_tell(
    session: Session, subscription: Subscription, due: Sequence[Delivery], now: datetime
) -> Sequence[Delivery]:
    """Asked before each try, in one statement: what came to be owed while a grant held is not sent after its end."""
    if subscription.own or not due:
        return due
    asked = {"due": [one.id for one in due], "subscriber": subscription.subscriber, "today": now.date()}
    withheld = set(session.scalars(WITHHOLD, asked | {"now": now, "why": OUT_OF_REACH}))
    if withheld:
        note_own(session, "deliveries withheld", now, subscription.id, deliveries=len(withheld))
    session.commit()
    return [one for one in due if one.id not in withheld]
