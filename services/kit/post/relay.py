"""From event to subscriber: one statement owes it to all who asked, then each debt is tried until it is paid."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Engine, select, text
from sqlmodel import Session
from standardwebhooks.webhooks import Webhook

from services.kit.post.events import BATCH, ONE, CloudEvent
from services.kit.post.outgoing import Allowed, Answer, Lane, Post
from services.kit.settings import Settings
from services.kit.store.answers import forget_answers
from services.kit.store.claim import claim
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, SealBroken
from services.kit.store.tables import Delivery, Event, Subscription
from services.kit.store.work import Loop, Step

HOLD = timedelta(seconds=12)  # longer than the deadline of a post: only a dead relay's work is taken over
BATCH_OF = 200  # events in one post, where a subscriber takes batches
SINGLES = 16  # posts to one subscriber at a time, where it does not

DAY_5 = 12  # steps of ten hours until the fifth day
OUTSIDE_RETRIES = tuple(timedelta(seconds=s) for s in chain((5, 60, 300, 1_800, 7_200, 18_000), repeat(36_000, DAY_5)))
OWN_RETRY = timedelta(seconds=2)  # our own services are asked again until they are back

FAN_OUT = text(
    """
    WITH fresh AS (
        SELECT id FROM event WHERE NOT fanned_out ORDER BY xid, id LIMIT 5000 FOR UPDATE SKIP LOCKED
    ), marked AS (
        UPDATE event SET fanned_out = true FROM fresh WHERE event.id = fresh.id
        RETURNING event.id, event.xid, event.type, event.division
    ), owed AS (
        INSERT INTO delivery (event_id, subscription_id, due_at)
        SELECT marked.id, subscription.id, :now
        FROM marked JOIN subscription
          ON marked.type = ANY (subscription.types)
         AND starts_with(marked.division, subscription.division)
         AND subscription.disabled_at IS NULL
        ORDER BY marked.xid, marked.id
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM marked
    """
)


@dataclass(frozen=True)
class Group:
    """What one post tells, and to whom."""

    subscription: Subscription
    deliveries: Sequence[Delivery]
    events: Sequence[Event]


def fan_out(engine: Engine, now: datetime) -> int:
    with open_session(engine) as session, session.begin():
        return int(session.execute(FAN_OUT, {"now": now}).scalar_one())


def deliver_some(engine: Engine, lane: Lane, seal: Seal, service: str, now: datetime, *, own: bool) -> int:
    """Try the deliveries that are due, some of each subscriber's. 0 when none is, so the caller can sleep."""
    with open_session(engine) as session:
        groups = [
            group
            for subscription in due_subscriptions(session, now, own)
            for group in claim_groups(session, subscription, now)
        ]
        session.commit()  # nothing is held while others answer
        for group, answer in send(lane, seal, service, groups):
            note_answer(session, group.deliveries, answer, now, own)
        session.commit()
    return sum(len(group.deliveries) for group in groups)


def due_subscriptions(session: Session, now: datetime, own: bool) -> list[Subscription]:
    """Each in its turn: a subscriber with thousands owed must not keep the others waiting behind them."""
    columns: Any = Subscription
    delivery: Any = Delivery
    owed = select(delivery.subscription_id).where(
        delivery.done_at.is_(None), delivery.dead_at.is_(None), delivery.due_at <= now
    )
    wanted = select(Subscription).where(columns.own.is_(own), columns.disabled_at.is_(None), columns.id.in_(owed))
    return list(session.scalars(wanted))


def claim_groups(session: Session, subscription: Subscription, now: datetime) -> list[Group]:
    """What travels together: a batch, or each event by itself."""
    delivery: Any = Delivery
    limit = BATCH_OF if subscription.batch else SINGLES
    mine = [delivery.subscription_id == subscription.id]
    due = sorted(claim(session, Delivery, now, hold=HOLD, limit=limit, where=mine), key=lambda d: d.seq or 0)
    wanted = select(Event).where(Event.id.in_([d.event_id for d in due]))  # type: ignore[attr-defined]
    events = {event.id: event for event in session.scalars(wanted)}
    if subscription.batch:
        return [Group(subscription, due, [events[d.event_id] for d in due])] if due else []
    return [Group(subscription, [d], [events[d.event_id]]) for d in due]


def send(lane: Lane, seal: Seal, service: str, groups: Sequence[Group]) -> Iterator[tuple[Group, Answer]]:
    """A secret that cannot be opened is that subscriber's trouble, not the others'."""
    posts, sent = [], []
    for group in groups:
        try:
            posts.append(compose(seal, service, group))
            sent.append(group)
        except SealBroken:
            yield group, Answer(None, "the secret cannot be opened")
    yield from zip(sent, lane.send(posts), strict=True)


def compose(seal: Seal, service: str, group: Group) -> Post:
    """Signed by Standard Webhooks over the exact bytes sent. A post's id is its event's, or made of all its events'."""
    told = [CloudEvent.of(event, service).model_dump(mode="json") for event in group.events]
    batch = group.subscription.batch
    body = json.dumps(told if batch else told[0], ensure_ascii=False).encode()
    ids = [str(event.id) for event in group.events]
    post_id = str(uuid5(NAMESPACE_URL, " ".join(ids))) if batch else ids[0]
    signed_at = datetime.now(UTC)  # the library signs wrongly in any other zone
    secret = seal.open(group.subscription.sealed_secret, secret_place(group.subscription.id))
    headers = {
        "content-type": BATCH if batch else ONE,
        "webhook-id": post_id,
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": Webhook(secret).sign(post_id, signed_at, body.decode()),
    }
    return Post(group.subscription.url, headers, body)


def secret_place(subscription_id: UUID) -> str:
    return f"subscription.sealed_secret:{subscription_id}"


def note_answer(session: Session, deliveries: Sequence[Delivery], answer: Answer, now: datetime, own: bool) -> None:
    """A refusal or silence books the next try; after the last one the delivery is dead and stays to be seen."""
    for delivery in deliveries:
        delivery.status, delivery.problem = answer.status, answer.problem
        wait = OWN_RETRY if own else retry_after(delivery.attempts)
        if answer.accepted:
            delivery.done_at = now
        elif wait is None:
            delivery.dead_at = now
        else:
            delivery.due_at = now + wait
        session.add(delivery)


def retry_after(attempts: int) -> timedelta | None:
    """The schedule of Standard Webhooks, 20 % early or late so that receivers do not meet all retries at once."""
    if attempts > len(OUTSIDE_RETRIES):
        return None
    return OUTSIDE_RETRIES[attempts - 1] * random.uniform(0.8, 1.2)


def relays(settings: Settings, engine: Engine) -> list[Loop]:
    """The loops every worker runs: own services and outside systems apart, so that neither waits for the other."""
    seal, allowed = Seal.read(settings.secrets), Allowed(settings.inboxes, settings.receivers)

    def deliver(own: bool) -> Step:
        lane = Lane(allowed)
        return lambda now: deliver_some(engine, lane, seal, settings.service, now, own=own)

    return [
        Loop("old answers", lambda now: forget_answers(engine, now), idle=3600.0),
        Loop("fan out", lambda now: fan_out(engine, now), idle=0.05),
        Loop("our own", deliver(True), idle=0.05),
        Loop("outside", deliver(False), idle=0.1),
    ]
