"""What one subscriber is sent: the events that travel together, signed over the exact bytes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session
from standardwebhooks.webhooks import Webhook

from services.kit.post.events import BATCH, ONE, CloudEvent
from services.kit.post.outgoing import Post
from services.kit.post.owing import still_to_tell
from services.kit.store.claim import claim
from services.kit.store.fields import Seal
from services.kit.store.sealed import FORMER_SECRET, SUBSCRIBER_SECRET
from services.kit.store.tables import Delivery, Event, Subscription

HOLD = timedelta(seconds=12)  # longer than the deadline of a post: only a dead relay's work is taken over
BATCH_OF = 200  # events in one post, where a subscriber takes batches


@dataclass(frozen=True)
class Group:
    """What one post tells, and to whom."""

    subscription: Subscription
    deliveries: Sequence[Delivery]
    events: Sequence[Event]


def claim_groups(session: Session, subscription: Subscription, now: datetime, posts: int) -> list[Group]:
    """What travels together: a batch, or each event by itself. What it may no longer hear is left out."""
    delivery: Any = Delivery
    limit = BATCH_OF if subscription.batch else posts
    mine = [delivery.subscription_id == subscription.id]
    if subscription.ordered:
        mine.append(~after_another_of_its_subject())
    claimed = sorted(claim(session, Delivery, now, hold=HOLD, limit=limit, where=mine), key=lambda d: d.seq or 0)
    due = still_to_tell(session, subscription, claimed, now)
    wanted = select(Event).where(Event.id.in_([d.event_id for d in due]))  # type: ignore[attr-defined]
    events = {event.id: event for event in session.scalars(wanted)}
    if subscription.batch:
        return [Group(subscription, due, [events[d.event_id] for d in due])] if due else []
    return [Group(subscription, [d], [events[d.event_id]]) for d in due]


def after_another_of_its_subject() -> ColumnElement[bool]:
    """An earlier event of the same subject has not arrived yet. One that was given up keeps nobody waiting."""
    delivery: Any = Delivery
    earlier: Any = aliased(Delivery)
    told: Any = aliased(Event)
    mine: Any = aliased(Event)
    return exists().where(
        mine.id == delivery.event_id,
        earlier.subscription_id == delivery.subscription_id,
        earlier.seq < delivery.seq,
        earlier.done_at.is_(None),
        earlier.dead_at.is_(None),
        told.id == earlier.event_id,
        told.subject == mine.subject,
    )


def compose(seal: Seal, service: str, group: Group, now: datetime) -> Post:
    """Signed by Standard Webhooks. A post's id is its event's, or made of all its events'."""
    told = [CloudEvent.of(event, service).model_dump(mode="json") for event in group.events]
    batch = group.subscription.batch
    body = json.dumps(told if batch else told[0], ensure_ascii=False).encode()
    ids = [str(event.id) for event in group.events]
    post_id = str(uuid5(NAMESPACE_URL, " ".join(ids))) if batch else ids[0]
    signed_at = datetime.now(UTC)  # the library signs wrongly in any other zone
    valid = secrets_of(seal, group.subscription, now)
    headers = {
        "content-type": BATCH if batch else ONE,
        "webhook-id": post_id,
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(post_id, signed_at, body.decode()) for secret in valid),
    }
    return Post(group.subscription.url, headers, body)


def secrets_of(seal: Seal, row: Subscription, now: datetime) -> Iterator[str]:
    """The present one first; the one before as long as the receiver may still check with it."""
    yield seal.open(row.sealed_secret, secret_place(row.id))
    if row.sealed_former_secret and row.former_until and now < row.former_until:
        yield seal.open(row.sealed_former_secret, FORMER_SECRET.place(row.id))


def secret_place(subscription_id: UUID) -> str:
    return SUBSCRIBER_SECRET.place(subscription_id)
