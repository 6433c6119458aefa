"""Each debt to a subscriber is tried until it is paid."""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlmodel import Session

from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import Answer, Lane
from services.kit.post.posts import Group, claim_groups, compose
from services.kit.post.receivers import Allowed
from services.kit.post.retries import note_accepted, note_refused
from services.kit.settings import Settings
from services.kit.store.answers import forget_answers
from services.kit.store.claim import those_held
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, SealBroken
from services.kit.store.months import keeps_months
from services.kit.store.tables import Delivery, Subscription
from services.kit.store.work import Loop, Step
from services.kit.web.request_id import event_id

log = logging.getLogger(__name__)

AT_ONCE = 64  # subscribers that are being posted to
DOUBTFUL = 4  # of those who did not accept the last time, or are new, taken up in a turn: the sound wait for each
LEFT_ALONE = timedelta(seconds=2)  # after a round of which nothing was accepted: the next would most likely fail too
PATIENCE = 0.05  # seconds to wait for an answer before looking for new work
SINGLES = 4  # posts at a time to one that takes no batches, once it has accepted one: all that a kill can double


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
                    self.under_way[subscription.id] = Round(groups, self._send(groups, now))
                taken += sum(len(group.deliveries) for group in groups)
        return taken

    def note(self, now: datetime) -> int:
        """What another relay has taken over meanwhile is that one's to note."""
        answered = [key for key, done in self.under_way.items() if done.answers.done()]
        for key in answered:
            done = self.under_way.pop(key)
            self._weigh(key, done.answers.result(), now)
            self._settle(key, done, now)
        event_id.set("")
        return len(answered)

    def _settle(self, key: UUID, done: Round, now: datetime) -> None:
        """What was accepted first, and in sets: whoever took one of these is alive when the others are weighed."""
        accepted: dict[int, list[Delivery]] = defaultdict(list)
        refused: list[tuple[Group, Answer]] = []
        for group, answer in zip(done.groups, done.answers.result(), strict=True):
            event_id.set(" ".join(str(event.id) for event in group.events))
            log.info("posted to %s: %s", key, answer.status or answer.problem)
            if answer.accepted and answer.status:
                accepted[answer.status] += group.deliveries
            else:
                refused.append((group, answer))
        with open_session(self._engine) as session, session.begin():
            for status, deliveries in accepted.items():
                note_accepted(session, deliveries, status, now)
            for group, answer in refused:
                note_refused(session, those_held(session, group.deliveries), answer, now, self._own)

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

    def _send(self, groups: Sequence[Group], now: datetime) -> "Future[list[Answer]]":
        """A secret that cannot be opened is that subscriber's trouble, not the others'."""
        try:
            return self._lane.send([compose(self._seal, self._service, group, now) for group in groups])
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


def relays(settings: Settings, engine: Engine, seal: Seal) -> list[Loop]:
    """The loops every worker runs: own services and outside systems apart, so that neither waits for the other."""
    allowed = Allowed.read(settings)

    def deliver(own: bool) -> Step:
        return Courier(engine, Lane(allowed), seal, settings.service, own=own).step

    return [
        Loop("old answers", lambda now: forget_answers(engine, now), idle=3600.0),
        keeps_months(settings, engine),
        Loop("fan out", lambda now: fan_out(engine, now), idle=0.05, slowest=0.25),
        Loop("our own", deliver(True), idle=0.05, slowest=0.5),
        Loop("outside", deliver(False), idle=0.1, slowest=0.5),
    ]
