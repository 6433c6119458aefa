"""Each debt to a subscriber is tried until it is paid."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import Answer, Lane
from services.kit.post.posts import HOLD, Group, claim_groups, compose
from services.kit.post.receivers import Allowed
from services.kit.post.retries import give_back, note_accepted, note_refused
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
LEFT_ALONE = timedelta(seconds=2)  # after a post that was not accepted: the next would most likely fail too
PATIENCE = 0.05  # seconds to wait for an answer before looking for new work
STOCK = 32  # posts claimed together for one that accepts
FRESH = timedelta(seconds=1)  # what waits longer goes back, to be held against grants once more


@dataclass
class Stock:
    """What was claimed together for one subscriber. One post is under way; the next is sent when that one's answer has
    been noted, so a kill can double one post and no more."""

    under_way: Group
    waiting: list[Group]
    answer: "Future[Answer]"
    claimed_at: datetime
    sent: int = 1

    def goes_on(self, now: datetime) -> bool:
        return bool(self.waiting) and self.answer.result().accepted and now < self.claimed_at + FRESH


class Courier:
    """Brings each subscriber what it is owed, one post at a time. Whoever is slow keeps nobody waiting but itself."""

    def __init__(self, engine: Engine, lane: Lane, seal: Seal, service: str, *, own: bool) -> None:
        self._engine, self._lane, self._seal, self._service, self._own = engine, lane, seal, service, own
        self.under_way: dict[UUID, Stock] = {}
        self._accepting: dict[UUID, int] = {}  # how many each took the last time, one after another
        self._left_alone: dict[UUID, datetime] = {}  # until when

    def step(self, now: datetime) -> int:
        """0 when nothing is due or under way, so that the caller can sleep."""
        taken = self.take_up(now)
        if not taken:
            wait([stock.answer for stock in self.under_way.values()], PATIENCE, FIRST_COMPLETED)
        return taken + self.note(now) + len(self.under_way)

    def take_up(self, now: datetime) -> int:
        """Some of each subscriber's that is due and waits for no answer. Nothing is held while others answer."""
        taken = 0
        with open_session(self._engine) as session:
            for subscription in self._free(session, now):
                posts = min(STOCK, 1 + 2 * self._accepting.get(subscription.id, 0))
                groups = claim_groups(session, subscription, now, posts)
                if groups:
                    self.under_way[subscription.id] = Stock(groups[0], groups[1:], self._send(groups[0], now), now)
                taken += sum(len(group.deliveries) for group in groups)
        return taken

    def note(self, now: datetime) -> int:
        """All answers that have come, in one transaction; then the next of each stock that may go on. When the database
        is away they are kept and noted when it is back, unless another relay may have taken them over by then."""
        self.under_way = {key: stock for key, stock in self.under_way.items() if now < stock.claimed_at + HOLD}
        answered = {key: stock for key, stock in self.under_way.items() if stock.answer.done()}
        if answered:
            self._settle(answered, now)
        for key, stock in answered.items():
            if stock.answer.result().accepted:
                self._accepting[key] = stock.sent
            else:
                self._accepting.pop(key, None)
                self._left_alone[key] = now + LEFT_ALONE
            if stock.goes_on(now):
                stock.under_way, stock.sent = stock.waiting.pop(0), stock.sent + 1
                stock.answer = self._send(stock.under_way, now)
            else:
                del self.under_way[key]
        event_id.set("")
        return len(answered)

    def _settle(self, answered: Mapping[UUID, Stock], now: datetime) -> None:
        """What was accepted first, and in sets: whoever took one of these is alive when the others are weighed."""
        accepted: dict[int, list[Delivery]] = defaultdict(list)
        refused: list[tuple[Group, Answer]] = []
        for key, stock in answered.items():
            group, answer = stock.under_way, stock.answer.result()
            event_id.set(" ".join(str(event.id) for event in group.events))
            log.info("posted to %s: %s", key, answer.status or answer.problem)
            if answer.accepted and answer.status:
                accepted[answer.status] += group.deliveries
            else:
                refused.append((group, answer))
        left = [group for stock in answered.values() if not stock.goes_on(now) for group in stock.waiting]
        with open_session(self._engine) as session, session.begin():
            for status, deliveries in accepted.items():
                note_accepted(session, deliveries, status, now)
            give_back(those_held(session, [one for group in left for one in group.deliveries]), now)
            for group, answer in refused:
                note_refused(session, those_held(session, group.deliveries), answer, now, self._own)

    def _free(self, session: Session, now: datetime) -> list[Subscription]:
        """Each in its turn, and in no order: neither one with thousands owed nor many who are slow come first."""
        self._left_alone = {key: until for key, until in self._left_alone.items() if until > now}
        busy = self.under_way.keys() | self._left_alone.keys()
        open_ones = [col(Delivery.done_at).is_(None), col(Delivery.dead_at).is_(None), col(Delivery.due_at) <= now]
        owed = col(Subscription.id).in_(select(col(Delivery.subscription_id)).where(*open_ones))
        mine = [col(Subscription.own).is_(self._own), col(Subscription.disabled_at).is_(None), owed]
        wanted = select(Subscription).where(*mine, col(Subscription.id).not_in(busy)).order_by(func.random())
        due = session.scalars(wanted).all()
        sound = [one for one in due if one.id in self._accepting]
        doubtful = [one for one in due if one.id not in self._accepting]
        room = AT_ONCE - len(self.under_way)
        return [*sound[:room], *doubtful[: max(0, min(DOUBTFUL, room - AT_ONCE // 2))]]

    def _send(self, group: Group, now: datetime) -> "Future[Answer]":
        """A secret that cannot be opened is that subscriber's trouble, not the others'."""
        try:
            return self._lane.send(compose(self._seal, self._service, group, now))
        except SealBroken:
            known: Future[Answer] = Future()
            known.set_result(Answer(None, "the secret cannot be opened"))
            return known


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
