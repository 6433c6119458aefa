"""Everybody is told, once: by day or at once, not at night, by the next channel where one fails, whoever dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event, select, text
from sqlmodel import Session, col

from services.alerts.models.telling import Addressee, Telling, TellingAttempt
from services.alerts.telling.addresses import write_addresses
from services.alerts.telling.channels.letter import Channel, Letter, Outcome
from services.alerts.telling.delivery import AT_ONCE, HOLD, PostOffice, deliver, deliver_some
from services.alerts.telling.digests import gather
from services.alerts.telling.notices import tell
from services.alerts.telling.quiet import Quiet, awake
from services.kit.store.claim import claim
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.key_ring import KeyRing
from services.kit.store.tables import Division
from tests.alerts.conftest import VILLAGE, set_standards, told
from tests.alerts.telling.others import Street, street
from tests.alerts.telling.test_channels import PHONE, by_http
from tests.callers import TEST_KEY, grant

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 11, 21, 9, tzinfo=ZONE)
WHO = "a-cadre"


@dataclass
class Place:
    """A village whose cadre is told, the street with those who carry it, and the worker that brings it to them."""

    session: Session
    engine: Engine
    others: Street
    office: PostOffice
    families: list[Any] = field(default_factory=list)

    def prefers(self, *channels: str, who: str = WHO, **said: Any) -> None:
        person = Addressee(id=uuid4(), account=who, channels=[*channels], language="zh", **said)
        write_addresses(self.office.seal, person, {"phone": PHONE, "feishu_id": "ou_0123"})
        self.session.add(person)
        self.session.commit()

    def happens(self, times: int = 1) -> None:
        self.families += [told(self.session, safe_water=False) for _ in range(times)]

    def goes_on(self, now: datetime = MORNING) -> None:
        gather(self.engine, now)
        while deliver_some(self.office, now, urgent=True) + deliver_some(self.office, now, urgent=False):
            pass

    def read(self, *wanted: Any) -> list[Any]:
        self.session.rollback()
        return [tuple(row) for row in self.session.execute(select(*wanted))]

    @property
    def texts(self) -> list[str]:
        return [said["text"]["content"] for _, said in self.others.took if "text" in said]


@pytest.fixture
def place(watched: Session, engines: dict[str, Engine], tmp_path: Path) -> Iterator[Place]:
    engine = engines["alerts"]
    grant(engine, WHO, "cadre", VILLAGE)
    watched.add(Division(code=VILLAGE, name="示例村", level="village", version=1))
    set_standards(watched, {"digest_hour": 8, "quiet_from": 21, "quiet_until": 7})
    watched.commit()
    with street() as others:
        office = PostOffice(engine, Seal(KeyRing.of(TEST_KEY)), by_http(tmp_path, others))
        yield Place(watched, engine, others, office)


def test_a_day_has_one_digest_and_what_is_urgent_does_not_wait_for_it(place: Place) -> None:
    place.prefers("dingtalk")
    place.happens(3)
    place.goes_on(MORNING.replace(hour=7, minute=59))
    assert place.texts == []
    place.goes_on()
    assert [text.split("\n")[:2] for text in place.texts] == [
        ["守望：今日有3项提醒", "示例村：新增预警“饮水不安全”3条"]
    ]  # fmt: skip
    place.happens(2)
    place.goes_on(MORNING + timedelta(hours=8))
    assert len(place.texts) == 1
    set_standards(place.session, {"tell_alert_opened_cadre": 2})
    place.session.commit()
    place.happens()
    place.goes_on(MORNING + timedelta(hours=8))
    assert place.texts[1].startswith("守望：有1项提醒需及时处理")
    place.goes_on(MORNING + timedelta(days=1))
    assert place.texts[2].startswith("守望：今日有2项提醒")
    assert place.read(Telling.told_by, Telling.given_up) == [("dingtalk", [])] * 3


def test_nobody_is_disturbed_at_night(place: Place) -> None:
    place.prefers("dingtalk")
    set_standards(place.session, {"tell_alert_opened_cadre": 2})
    place.session.commit()
    place.happens()
    place.goes_on(MORNING.replace(hour=23))
    assert (place.texts, place.read(Telling.due_at)) == ([], [(MORNING.replace(day=22, hour=7),)])
    place.goes_on(MORNING.replace(day=22, hour=7))
    assert len(place.texts) == 1


def test_quiet_hours_end_within_a_day_and_in_waking_hours() -> None:
    for begins, ends, hour in product(range(24), repeat=3):
        now = MORNING.replace(hour=hour, minute=30)
        wakes = awake(now, Quiet(begins, ends))
        assert now <= wakes <= now + timedelta(days=1)
        assert awake(wakes, Quiet(begins, ends)) == wakes
        assert (wakes == now) == (not in_night(hour, begins, ends))


def in_night(hour: int, begins: int, ends: int) -> bool:
    return begins <= hour < ends if begins <= ends else hour >= begins or hour < ends


def test_where_a_channel_fails_the_next_one_tells_and_at_last_the_inbox(place: Place) -> None:
    place.prefers("sms", "dingtalk")
    place.others.refusing |= {"/sms": (503, {}), "/robot": (403, {})}
    place.happens()
    now = MORNING
    while not place.read(Telling.dead_at)[:1] or place.read(Telling.dead_at) == [(None,)]:
        place.goes_on(now)
        now += timedelta(hours=3)
        assert now < MORNING + timedelta(days=2)
    tries = place.read(TellingAttempt.channel, TellingAttempt.status, TellingAttempt.accepted)
    assert tries == [("sms", 503, False)] * 5 + [("dingtalk", 403, False)]
    assert place.read(Telling.told_by, Telling.given_up) == [("inbox", ["sms", "dingtalk"])]
    assert PHONE not in str(place.session.execute(text("SELECT * FROM telling_attempt, telling")).all())
    place.others.refusing.clear()
    place.happens()
    place.goes_on(now + timedelta(days=1))
    assert place.read(TellingAttempt.channel, TellingAttempt.accepted)[-1] == ("sms", True)


def test_who_has_left_office_or_wants_nothing_but_the_inbox_is_sent_nothing(place: Place) -> None:
    place.happens()
    place.goes_on()
    assert place.read(Telling.told_by) == [("inbox",)]
    place.prefers("dingtalk")
    place.happens()
    place.session.execute(text("UPDATE access_grant SET revoked = true"))
    place.session.commit()
    place.goes_on(MORNING + timedelta(days=1))
    assert (place.others.asked, place.read(Telling.told_by)) == (0, [("inbox",)])


def test_a_worker_that_slept_through_its_hold_sends_nothing(place: Place) -> None:
    place.prefers("dingtalk")
    place.happens()
    gather(place.engine, MORNING)
    with open_session(place.engine) as session:
        (asleep,) = claim(session, Telling, MORNING, hold=HOLD)
    place.goes_on(MORNING + HOLD)
    assert len(place.texts) == 1
    deliver(place.office, [asleep], MORNING)
    assert (len(place.texts), len(place.read(TellingAttempt.id))) == (1, 1)


class Killed(BaseException):
    """The process is gone: what was not committed never was."""


@dataclass
class Fate:
    """Dies at the nth point of its life: before a statement, before a commit, before and after a message is sent."""

    at: int
    seen: int = 0
    sent: bool = False  # the other side has taken a message

    def point(self, *_: Any) -> None:
        self.seen += 1
        if self.seen == self.at:
            raise Killed


@dataclass(frozen=True)
class Mortal:
    """A channel of a process that may die."""

    channel: Channel
    fate: Fate

    def send(self, letter: Letter, now: datetime) -> Outcome:
        self.fate.point()
        outcome = self.channel.send(letter, now)
        self.fate.sent = True
        self.fate.point()
        return outcome


@contextmanager
def mortal(place: Place, fate: Fate) -> Iterator[tuple[Session, PostOffice]]:
    """A process with its own connections, which end with it."""
    engine = connect(place.engine.url)
    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, fate.point)
    channels = {name: Mortal(one, fate) for name, one in place.office.channels.items()}
    with suppress(Killed), open_session(engine) as session:
        yield session, PostOffice(engine, place.office.seal, channels)
    engine.dispose()


def test_killed_between_any_two_lines_nobody_is_untold_and_twice_only_whose_answer_was_lost(place: Place) -> None:
    """The whole way: the thing happens and is told of in one transaction, is gathered, claimed, sent and noted."""
    place.prefers("dingtalk")
    set_standards(place.session, {"tell_alert_opened_cadre": 2})  # a digest would wait for the next day
    place.session.commit()
    twice, at, whole = 0, 0, False
    while not whole:
        at += 1
        fate, before = Fate(at), len(place.others.took)
        family, now = uuid4(), MORNING + at * timedelta(minutes=10)
        with mortal(place, fate) as (session, office):
            told(session, family, safe_water=False)
            gather(office.engine, now)
            deliver_some(office, now, urgent=True)
            whole = True
        told(place.session, family, safe_water=False)  # its owner sends the event until it is accepted
        place.goes_on(now + HOLD)
        came = len(place.others.took) - before
        assert came == (2 if fate.sent and not whole else 1), f"point {at}"
        twice += came == 2
    assert at > 20
    assert 1 <= twice <= 6  # before its answer was noted


def test_two_workers_share_what_is_due(place: Place) -> None:
    people = [f"cadre-{n}" for n in range(3 * AT_ONCE)]
    for who in people:
        grant(place.engine, who, "cadre", VILLAGE)
        place.prefers("sms", who=who)
    alert = uuid4()
    place.happens()
    assert tell(place.session, "alert_opened", [alert], MORNING) == 0
    gather(place.engine, MORNING)
    rounds = 0
    while deliver_some(place.office, MORNING, urgent=False):
        rounds += 1
    assert rounds == 4
    assert len(place.others.took) == len(people)
    done = select(col(Telling.recipient)).where(col(Telling.told_by) == "sms")
    assert sorted(place.session.scalars(done)) == sorted(people)
