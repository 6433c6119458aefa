"""Receivers that ask for time, that are gone for good, or that nobody has heard of for five days."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import text

from services.kit.post.outgoing import Lane
from services.kit.post.retries import DISABLED, OUTSIDE_RETRIES, OWN_RETRY
from services.kit.store.db import open_session
from services.kit.store.tables import Subscription
from tests.conftest import NOW
from tests.kit.house import House
from tests.kit.receiving import Receiver

Lanes = Callable[..., Lane]
AN_HOUR = timedelta(hours=1)
LAST = len(OUTSIDE_RETRIES)


def subscription(house: House, key: UUID) -> Subscription:
    with open_session(house.engine) as session:
        return session.get_one(Subscription, key)


def tried(house: House, times: int) -> None:
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE delivery SET attempts = :times, refusals = :times"), {"times": times})


def waits(house: House, receiver: Receiver, lanes: Lanes, said: str, *, own: bool = False) -> timedelta:
    house.subscribe(receiver.url(f"/503-{quote(said, safe='')}"), batch=own)
    house.emits()
    house.delivers(lanes(receiver.place), own=own)
    return house.deliveries[0].due_at - NOW


def test_a_busy_receiver_is_left_in_peace_for_as_long_as_it_asks(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    assert waits(house, receiver, lanes, "3600") == AN_HOUR


def test_it_may_name_a_moment_instead(house: House, receiver: Receiver, lanes: Lanes) -> None:
    named = format_datetime(datetime.now(UTC) + AN_HOUR, usegmt=True)
    assert AN_HOUR - timedelta(seconds=30) <= waits(house, receiver, lanes, named) <= AN_HOUR


def test_nobody_is_asked_sooner_than_the_schedule_says(house: House, receiver: Receiver, lanes: Lanes) -> None:
    assert waits(house, receiver, lanes, "0") >= OUTSIDE_RETRIES[0] * 0.8


def test_nobody_can_ask_to_be_forgotten(house: House, receiver: Receiver, lanes: Lanes) -> None:
    assert waits(house, receiver, lanes, "9" * 30) == timedelta(hours=10)


@pytest.mark.parametrize("said", ["soon", "-5", "1e9", "Mon, 99 Foo 2026 00:00:00 GMT", "Sun, 22 Nov 2026 00:00:00"])
def test_a_wish_that_cannot_be_read_is_none(house: House, receiver: Receiver, lanes: Lanes, said: str) -> None:
    assert waits(house, receiver, lanes, said) <= OUTSIDE_RETRIES[0] * 1.2


def test_our_own_services_may_ask_for_time_too(house: House, receiver: Receiver, lanes: Lanes) -> None:
    assert waits(house, receiver, lanes, "30", own=True) == timedelta(seconds=30)
    assert timedelta(seconds=30) > OWN_RETRY


def test_a_receiver_that_says_it_is_gone_is_not_called_again(house: House, receiver: Receiver, lanes: Lanes) -> None:
    key = house.subscribe(receiver.url("/410"))
    house.emits(3)
    lane = lanes(receiver.place)
    house.delivers(lane)
    calls = len(receiver.got)
    house.emits(2)
    assert house.delivers(lane, NOW + timedelta(days=1)) == 0
    held = subscription(house, key)
    assert (held.disabled_at, held.disabled_because) == (NOW, "gone")
    assert (len(receiver.got), house.owed, len(house.deliveries)) == (calls, 0, 3)
    assert house.audited == ["subscription disabled"]


def test_a_receiver_is_gone_though_it_has_just_accepted_something(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = house.subscribe(receiver.url("/204"))
    house.emits()
    house.delivers(lanes(receiver.place))
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE subscription SET url = :url"), {"url": receiver.url("/410")})
    house.emits()
    house.delivers(lanes(receiver.place))
    assert subscription(house, key).disabled_because == "gone"


def test_one_of_our_own_that_says_so_is_asked_again(house: House, receiver: Receiver, lanes: Lanes) -> None:
    """A proxy in between may say it while a service is installed anew."""
    key = house.subscribe(receiver.url("/410"), batch=True)
    house.emits()
    house.delivers(lanes(receiver.place), own=True)
    assert subscription(house, key).disabled_at is None
    assert house.owed == 1


def test_one_that_accepted_nothing_for_five_days_is_disabled_and_what_it_was_owed_stays_to_be_seen(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = house.subscribe(receiver.url("/503"))
    house.emits(3)
    house.delivers(lanes(receiver.place))
    tried(house, LAST)
    house.delivers(lanes(receiver.place), later := NOW + timedelta(days=6))
    held = subscription(house, key)
    assert (held.disabled_at, held.disabled_because, house.owed) == (later, "silent", 0)
    assert [d.dead_at for d in house.deliveries] == [later] * 3


def test_one_that_refuses_an_event_and_accepts_others_stays(house: House, receiver: Receiver, lanes: Lanes) -> None:
    key = house.subscribe(receiver.url("/204"))
    house.emits()
    house.delivers(lanes(receiver.place), later := NOW + timedelta(days=2))
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE subscription SET url = :url"), {"url": receiver.url("/400")})
    house.emits()
    house.delivers(lanes(receiver.place), later)
    tried(house, LAST)
    house.delivers(lanes(receiver.place), NOW + timedelta(days=6))
    assert subscription(house, key).disabled_at is None
    assert house.audited == ["delivery given up"]


def test_its_subscriber_hears_of_it_where_it_still_listens_and_nobody_else_does(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    gone = house.subscribe(receiver.url("/410"))
    house.subscribe(receiver.url("/204"), types=[DISABLED])
    house.subscribe(receiver.url("/200"), types=[DISABLED], subscriber="another")
    house.emits()
    house.delivers(lanes(receiver.place))
    told = [got for got in receiver.got if got.path != "/410"]
    assert [got.path for got in told] == ["/204"]
    event = told[0].verified()
    assert (event["type"], event["subject"], event["data"]) == (DISABLED, str(gone), {"because": "gone"})
