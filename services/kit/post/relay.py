"""From event to subscriber: one statement owes it to all who asked, then each debt is tried until it is paid."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Engine, func, select, text
from sqlmodel import Session
from standardwebhooks.webhooks import Webhook

from services.kit.post.events import BATCH, ONE, CloudEvent
from services.kit.post.outgoing import Allowed, Answer, Lane, Post
from services.kit.settings import Settings
from services.kit.store.claim import claim
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, SealBroken
from services.kit.store.tables import Delivery, Event, Subscription
from services.kit.store.work import Loop, Step

HOLD = timedelta(seconds=12)  # longer than the deadline of a post: only a dead relay's work is taken over
POST_TOGETHER = {True: 200, False: 16}  # deliveries claimed at once: one batch of our own, or single posts

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


Group: TypeAlias = tuple[Subscription, list[Delivery], list[Event]]  # what one post tells, and to whom


def fan_out(engine: Engine, now: datetime) -> int:
    with open_session(engine) as session, session.begin():
        return int(session.execute(FAN_OUT, {"now": now}).scalar_one())


def deliver_some(engine: Engine, lane: Lane, seal: Seal, service: str, now: datetime, *, batch: bool) -> int:
    """Try the deliveries that are due. 0 when none is, so the caller can sleep."""
    columns: Any = Subscription
    delivery: Any = Delivery
    of_this_kind = select(columns.id).where(columns.batch.is_(batch), columns.disabled_at.is_(None))
    with open_session(engine) as session:
        due = claim(
            session,
            Delivery,
            now,
            hold=HOLD,
            limit=POST_TOGETHER[batch],
            where=[delivery.subscription_id.in_(of_this_kind)],
        )
        if due:
            groups = posts_of(session, due, batch)
            session.commit()  # nothing is held while others answer
            for deliveries, answer in send(lane, seal, service, groups):
                note_answer(session, deliveries, answer, now, batch)
            session.commit()
    return len(due)


def send(lane: Lane, seal: Seal, service: str, groups: Sequence[Group]) -> Iterator[tuple[Sequence[Delivery], Answer]]:
    """A secret that cannot be opened is that subscriber's trouble, not the others'."""
    posts, sent = [], []
    for subscription, deliveries, events in groups:
        try:
            posts.append(compose(seal, service, subscription, events))
            sent.append(deliveries)
        except SealBroken:
            yield deliveries, Answer(None, "the secret cannot be opened")
    yield from zip(sent, lane.send(posts), strict=True)


def posts_of(session: Session, due: Sequence[Delivery], batch: bool) -> list[Group]:
    """What travels together: all events for one of our own services, or each event by itself."""
    events = {e.id: e for e in session.scalars(select(Event).where(Event.id.in_([d.event_id for d in due])))}  # type: ignore[attr-defined]
    subscriptions = {s.id: s for s in session.scalars(select(Subscription))}
    together: dict[object, list[Delivery]] = defaultdict(list)
    for delivery in sorted(due, key=lambda d: d.seq or 0):
        together[delivery.subscription_id if batch else delivery.id].append(delivery)
    return [
        (subscriptions[group[0].subscription_id], group, [events[d.event_id] for d in group])
        for group in together.values()
    ]


def compose(seal: Seal, service: str, subscription: Subscription, events: Sequence[Event]) -> Post:
    """Signed by Standard Webhooks over the exact bytes sent. The id of a single event's post is the event's."""
    told = [CloudEvent.of(event, service).model_dump(mode="json") for event in events]
    body = json.dumps(told if subscription.batch else told[0], ensure_ascii=False).encode()
    post_id = str(events[0].id)
    signed_at = datetime.now(UTC)  # the library signs wrongly in any other zone
    secret = seal.open(subscription.sealed_secret, secret_place(subscription.id))
    headers = {
        "content-type": BATCH if subscription.batch else ONE,
        "webhook-id": post_id,
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": Webhook(secret).sign(post_id, signed_at, body.decode()),
    }
    return Post(subscription.url, headers, body)


def secret_place(subscription_id: UUID) -> str:
    return f"subscription.sealed_secret:{subscription_id}"


def note_answer(session: Session, deliveries: Sequence[Delivery], answer: Answer, now: datetime, batch: bool) -> None:
    """A refusal or silence books the next try; after the last one the delivery is dead and stays to be seen."""
    for delivery in deliveries:
        delivery.status, delivery.problem = answer.status, answer.problem
        wait = OWN_RETRY if batch else retry_after(delivery.attempts)
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


def backlog(session: Session) -> int:
    """Events not yet fanned out and deliveries not yet done: 0 when everything has been told."""
    columns: Any = Delivery
    owed = select(func.count()).where(columns.done_at.is_(None), columns.dead_at.is_(None))
    fresh = select(func.count()).where(Event.fanned_out.is_(False))  # type: ignore[attr-defined]
    return int((session.scalar(owed) or 0) + (session.scalar(fresh) or 0))


def relays(settings: Settings, engine: Engine) -> list[Loop]:
    """The loops every worker runs: own services and outside systems apart, so that neither waits for the other."""
    seal, allowed = Seal.read(settings.secrets), Allowed(settings.inboxes, settings.receivers)

    def deliver(batch: bool) -> Step:
        lane = Lane(allowed)
        return lambda now: deliver_some(engine, lane, seal, settings.service, now, batch=batch)

    return [
        Loop("fan out", lambda now: fan_out(engine, now), idle=0.05),
        Loop("our own", deliver(True), idle=0.05),
        Loop("outside", deliver(False), idle=0.1),
    ]
