"""From event to subscriber: one statement owes it to all who asked, then each debt is tried until it is paid."""

import json
import logging
import random
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Engine, func, select, text
from sqlmodel import Session
from standardwebhooks.webhooks import Webhook

from services.kit.post.events import BATCH, ONE, CloudEvent
from services.kit.post.outgoing import Answer, Lane, Post
from services.kit.post.receivers import Allowed
from services.kit.settings import Settings
from services.kit.store.answers import forget_answers
from services.kit.store.audit import note_own
from services.kit.store.claim import claim
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, SealBroken
from services.kit.store.sealed import SUBSCRIBER_SECRET
from services.kit.store.tables import Delivery, Event, Subscription
from services.kit.store.work import Loop, Step
from services.kit.web.request_id import event_id

log = logging.getLogger(__name__)

HOLD = timedelta(seconds=12)  # longer than the deadline of a post: only a dead relay's work is taken over
BATCH_OF = 200  # events in one post, where a subscriber takes batches
AT_ONCE = 64  # subscribers that are being posted to
DOUBTFUL = 4  # of those who did not accept the last time, or are new, taken up in a turn: the sound wait for each
LEFT_ALONE = timedelta(seconds=2)  # after a round of which nothing was accepted: the next would most likely fail too
PATIENCE = 0.05  # seconds to wait for an answer before looking for new work
SINGLES = 16  # posts at a time to one that does not take batches, once it has accepted one

DAY_5 = 12  # steps of ten hours until the fifth day
OUTSIDE_RETRIES = tuple(timedelta(seconds=s) for s in chain((5, 60, 300, 1_800, 7_200, 18_000), repeat(36_000, DAY_5)))
OWN_RETRY = timedelta(seconds=2)  # our own services are asked again until they are back

# What happens somewhere is owed to those alone whose grants cover the place on that day.
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
         AND may_hear(subscription.own, subscription.subscriber, marked.division, CAST(:today AS date))
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
        return int(session.execute(FAN_OUT, {"now": now, "today": now.date()}).scalar_one())


@dataclass(frozen=True)
class Round:
    """What is under way to one subscriber."""

    groups: Sequence[Group]
    answers: "Future[list[Answer]]"


class Courier:
    """Brings each subscriber what it is owed, one round at a time. Whoever is slow keeps nobody waiting but itself."""

    def __init__(self, engine: Engine, lane: Lane, seal: Seal, service: str, *, own: bool) -> None:
        self._engine, self._lane, self._seal, self._service, self._own = engine, lane, seal, service, own
        self.under_way: dict[UUID, Round] = {}
        self._accepting: set[UUID] = set()
        self._left_alone: dict[UUID, datetime] = {}  # until when

    def step(self, now: datetime) -> int:
        """0 when nothing is due or under way, so that the caller can sleep."""
        taken = self.take_up(now)
        if not taken:
            wait([done.answers for done in self.under_way.values()], PATIENCE, FIRST_COMPLETED)
        return taken + self.note(now) + len(self.under_way)

    def take_up(self, now: datetime) -> int:
        """Some of each subscriber's that is due and waits for no answer. Nothing is held while others answer."""
        taken = 0
        with open_session(self._engine) as session:
            for subscription in self._free(session, now):
                posts = SINGLES if subscription.id in self._accepting else 1
                groups = claim_groups(session, subscription, now, posts)
                if groups:
                    self.under_way[subscription.id] = Round(groups, self._send(groups))
                taken += sum(len(group.deliveries) for group in groups)
        return taken

    def note(self, now: datetime) -> int:
        answered = [key for key, done in self.under_way.items() if done.answers.done()]
        for key in answered:
            done = self.under_way.pop(key)
            self._weigh(key, done.answers.result(), now)
            with open_session(self._engine) as session, session.begin():
                for group, answer in zip(done.groups, done.answers.result(), strict=True):
                    event_id.set(" ".join(str(event.id) for event in group.events))
                    log.info("posted to %s: %s", key, answer.status or answer.problem)
                    note_answer(session, group.deliveries, answer, now, self._own)
        event_id.set("")
        return len(answered)

    def _weigh(self, key: UUID, answers: Sequence[Answer], now: datetime) -> None:
        """Who accepts is sent many posts at a time; who does not, one, and only after a rest."""
        self._accepting.discard(key)
        if any(answer.accepted for answer in answers):
            self._accepting.add(key)
        else:
            self._left_alone[key] = now + LEFT_ALONE

    def _free(self, session: Session, now: datetime) -> list[Subscription]:
        self._left_alone = {key: until for key, until in self._left_alone.items() if until > now}
        busy = self.under_way.keys() | self._left_alone.keys()
        due = due_subscriptions(session, now, self._own, busy)
        sound = [one for one in due if one.id in self._accepting]
        doubtful = [one for one in due if one.id not in self._accepting]
        room = AT_ONCE - len(self.under_way)
        return [*sound[:room], *doubtful[: max(0, min(DOUBTFUL, room - AT_ONCE // 2))]]

    def _send(self, groups: Sequence[Group]) -> "Future[list[Answer]]":
        """A secret that cannot be opened is that subscriber's trouble, not the others'."""
        try:
            return self._lane.send([compose(self._seal, self._service, group) for group in groups])
        except SealBroken:
            known: Future[list[Answer]] = Future()
            known.set_result([Answer(None, "the secret cannot be opened")] * len(groups))
            return known


def due_subscriptions(
    session: Session, now: datetime, own: bool, busy: Collection[UUID] = frozenset()
) -> list[Subscription]:
    """Each in its turn, and in no order: neither one with thousands owed nor many who are slow come first."""
    columns: Any = Subscription
    delivery: Any = Delivery
    owed = select(delivery.subscription_id).where(
        delivery.done_at.is_(None), delivery.dead_at.is_(None), delivery.due_at <= now
    )
    wanted = select(Subscription).where(columns.own.is_(own), columns.disabled_at.is_(None), columns.id.in_(owed))
    return list(session.scalars(wanted.where(columns.id.not_in(busy)).order_by(func.random())))


def claim_groups(session: Session, subscription: Subscription, now: datetime, posts: int) -> list[Group]:
    """What travels together: a batch, or each event by itself."""
    delivery: Any = Delivery
    limit = BATCH_OF if subscription.batch else posts
    mine = [delivery.subscription_id == subscription.id]
    due = sorted(claim(session, Delivery, now, hold=HOLD, limit=limit, where=mine), key=lambda d: d.seq or 0)
    wanted = select(Event).where(Event.id.in_([d.event_id for d in due]))  # type: ignore[attr-defined]
    events = {event.id: event for event in session.scalars(wanted)}
    if subscription.batch:
        return [Group(subscription, due, [events[d.event_id] for d in due])] if due else []
    return [Group(subscription, [d], [events[d.event_id]]) for d in due]


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
    return SUBSCRIBER_SECRET.place(subscription_id)


def note_answer(session: Session, deliveries: Sequence[Delivery], answer: Answer, now: datetime, own: bool) -> None:
    """A refusal or silence books the next try; after the last one the delivery is dead and stays to be seen."""
    for delivery in deliveries:
        delivery.status, delivery.problem = answer.status, answer.problem
        wait = OWN_RETRY if own else retry_after(delivery.attempts)
        if answer.accepted:
            delivery.done_at = now
        elif wait is None:
            delivery.dead_at = now
            note_own(session, "delivery given up", now, delivery.event_id, delivery.subscription_id)
        else:
            delivery.due_at = now + wait
        session.add(delivery)


def retry_after(attempts: int) -> timedelta | None:
    """The schedule of Standard Webhooks, 20 % early or late so that receivers do not meet all retries at once."""
    return OUTSIDE_RETRIES[attempts - 1] * random.uniform(0.8, 1.2) if attempts <= len(OUTSIDE_RETRIES) else None


def relays(settings: Settings, engine: Engine, seal: Seal) -> list[Loop]:
    """The loops every worker runs: own services and outside systems apart, so that neither waits for the other."""
    allowed = Allowed.read(settings)

    def deliver(own: bool) -> Step:
        return Courier(engine, Lane(allowed), seal, settings.service, own=own).step

    return [
        Loop("old answers", lambda now: forget_answers(engine, now), idle=3600.0),
        Loop("fan out", lambda now: fan_out(engine, now), idle=0.05),
        Loop("our own", deliver(True), idle=0.05),
        Loop("outside", deliver(False), idle=0.1),
    ]
