"""A receiver that is away, slow, wrong or not on the list: the next try is booked before the first, and has an end."""

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from services.cli.postgres import free_port
from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import NOT_LISTED, Lane
from services.kit.post.posts import HOLD
from services.kit.post.receivers import Allowed
from services.kit.post.retries import OUTSIDE_RETRIES, OWN_RETRY
from services.kit.store.claim import claim
from services.kit.store.db import open_session
from services.kit.store.tables import Delivery
from tests.conftest import NOW
from tests.kit.house import House
from tests.kit.receiving import SECRET, Receiver

Lanes = Callable[..., Lane]
QUICK = 0.2  # seconds until a test's lane gives up
INBOX = "/v1/services/alerts/inbox/households"
LATER = timedelta(days=1)


def tried_before(house: House, times: int) -> None:
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE delivery SET attempts = :times, refusals = :times"), {"times": times})


def assert_booked(delivery: Delivery, wait: timedelta, now: datetime = NOW) -> None:
    """Within a fifth of the schedule, so that receivers do not meet all retries at once."""
    assert (delivery.done_at, delivery.dead_at) == (None, None)
    assert wait * 0.8 <= delivery.due_at - now <= wait * 1.2


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/500", 500, ""),
        ("/404", 404, ""),
        ("/302", 302, ""),
        ("/307", 307, ""),
        ("/drop", None, "RemoteProtocolError"),
        ("/hang", None, "no answer within the deadline|ReadTimeout"),
        ("/drip", None, "no answer within the deadline"),
    ],
)
def test_a_receiver_that_does_not_accept_is_asked_again(
    house: House, receiver: Receiver, lanes: Lanes, path: str, status: int | None, problem: str
) -> None:
    house.subscribe(receiver.url(path))
    house.emits()
    assert house.delivers(lanes(receiver.place, deadline=QUICK)) == 1
    [delivery] = house.deliveries
    assert (delivery.status, delivery.attempts) == (status, 1)
    assert re.fullmatch(problem, delivery.problem or "")
    assert_booked(delivery, OUTSIDE_RETRIES[0])
    assert [got.path for got in receiver.got] == [path]  # a redirect is not followed


def test_a_receiver_that_is_away_is_asked_again(house: House, lanes: Lanes) -> None:
    place = f"127.0.0.1:{free_port()}"
    house.subscribe(f"http://{place}/")
    house.emits()
    house.delivers(lanes(place))
    assert (house.deliveries[0].status, house.deliveries[0].problem) == (None, "ConnectError")
    assert_booked(house.deliveries[0], OUTSIDE_RETRIES[0])


def test_an_endless_answer_is_not_read_to_its_end(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url("/flood"))
    house.emits()
    house.delivers(lanes(receiver.place))
    assert house.deliveries[0].done_at == NOW
    assert receiver.flooded < 2**26  # of 2**30: what was under way in the network's buffers


def test_an_answer_that_drips_is_ended_by_the_deadline_of_the_whole(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url("/drip"))
    house.emits()
    lane, started = lanes(receiver.place, deadline=QUICK), time.monotonic()
    house.delivers(lane)
    assert QUICK <= time.monotonic() - started < QUICK + 3


def test_the_waits_follow_the_schedule_and_the_last_failure_is_the_end(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url("/503"))
    house.emits()
    lane, now = lanes(receiver.place), NOW
    for wait in OUTSIDE_RETRIES:
        assert house.delivers(lane, now) == 1
        assert_booked(house.deliveries[0], wait, now)
        assert house.delivers(lane, now + wait * 0.79) == 0
        now += wait * 1.21
    assert house.delivers(lane, now) == 1
    assert (house.deliveries[0].dead_at, house.owed) == (now, 0)
    assert house.audited == ["delivery given up", "subscription disabled"]
    assert house.delivers(lane, now + timedelta(days=365)) == 0
    assert len(receiver.got) == len(OUTSIDE_RETRIES) + 1
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    hours = [wait.total_seconds() / 3600 for wait in OUTSIDE_RETRIES]
    assert [wait.total_seconds() for wait in OUTSIDE_RETRIES[:4]] == [5, 60, 300, 1_800]
    assert hours[4:7] == [2, 5, 10]
    assert 4 * 24 < sum(hours) < 6 * 24


def test_a_receiver_that_comes_back_gets_the_same_event_with_a_new_time(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = house.subscribe(receiver.url("/503"))
    house.emits()
    house.delivers(lanes(receiver.place))
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE subscription SET url = :url WHERE id = :key"), {"url": receiver.url(), "key": key})
    house.delivers(lanes(receiver.place), NOW + LATER)
    first, second = (got.verified() for got in receiver.got)
    assert first == second
    assert (house.deliveries[0].attempts, house.deliveries[0].done_at) == (2, NOW + LATER)


def test_our_own_services_are_asked_until_they_are_back(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url("/503"), batch=True)
    house.emits(3)
    lane, now = lanes(receiver.place), NOW
    house.delivers(lane, now, own=True)
    tried_before(house, 10_000)
    now += OWN_RETRY
    assert house.delivers(lane, now, own=True) == 3
    assert [(d.dead_at, d.due_at) for d in house.deliveries] == [(None, now + OWN_RETRY)] * 3


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/204",
        "http://localhost:{port}/204",
        "http://127.0.0.1:1@127.0.0.1:{port}/204",
        "http://listed.example:80@127.0.0.1:{port}/204",
        "http://127.0.0.1:{port}/204#@listed.example",
        "http://127.0.0.1:{port}\\@listed.example/204",
        "http://0x7f000001:{port}/204",
        "http://[::ffff:127.0.0.1]:{port}/204",
        "ftp://listed.example:80/",
        "http://listed.example:99999/",
        "//127.0.0.1:{port}/204",
        "file:///etc/hosts",
        "",
    ],
)
def test_a_receiver_that_is_not_on_the_list_is_never_contacted(
    house: House, receiver: Receiver, lanes: Lanes, url: str
) -> None:
    house.subscribe(url.format(port=receiver.port))
    house.emits()
    house.delivers(lanes("listed.example:80", "127.0.0.1:1"))
    assert receiver.got == []
    assert house.deliveries[0].problem == NOT_LISTED
    assert_booked(house.deliveries[0], OUTSIDE_RETRIES[0])


def test_an_inbox_of_our_own_is_permitted_and_nothing_else_of_that_service() -> None:
    allowed = Allowed("http://127.0.0.1:8104/, http://127.0.0.1:8103", "")
    assert allowed.permits("http://127.0.0.1:8104" + INBOX)
    for url in ("http://127.0.0.1:8104/v1/sign-in", "http://127.0.0.1:8104", "http://127.0.0.1:8102" + INBOX):
        assert not allowed.permits(url)
    assert not Allowed("", "").permits("http://127.0.0.1:8104" + INBOX)


@pytest.mark.parametrize("trick", ["../sign-in", "alerts/inbox/../../../sign-in", "%2e%2e/sign-in", "..\\sign-in"])
def test_an_inbox_address_cannot_climb_to_another_resource(trick: str) -> None:
    assert not Allowed("http://127.0.0.1:8104", "").permits(f"http://127.0.0.1:8104/v1/services/{trick}")


def test_an_address_that_cannot_be_called_does_not_hold_up_the_others(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url("/204\x01"))
    house.subscribe(receiver.url("/204"))
    house.emits()
    assert house.delivers(lanes(receiver.place)) == 2
    assert [got.path for got in receiver.got] == ["/204"]
    assert sorted(d.problem or "" for d in house.deliveries) == ["", NOT_LISTED]


def test_a_slow_receiver_does_not_hold_up_the_others(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url("/hang"))
    house.subscribe(receiver.url("/204"))
    house.emits(2)
    house.delivers(lanes(receiver.place, deadline=QUICK))
    assert sorted(d.done_at == NOW for d in house.deliveries) == [False, False, True, True]


def test_a_secret_that_cannot_be_opened_does_not_hold_up_the_others(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url(), sealed_secret=b"sealed with a key that is gone")
    house.subscribe(receiver.url(), secret=SECRET)
    house.emits()
    house.delivers(lanes(receiver.place))
    assert len(receiver.got) == 1


def test_a_delivery_whose_worker_died_is_tried_again_after_the_hold(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url())
    house.emits()
    fan_out(house.engine, NOW)
    with open_session(house.engine) as dies:
        assert len(claim(dies, Delivery, NOW, hold=HOLD)) == 1
    lane = lanes(receiver.place)
    assert house.delivers(lane, NOW + HOLD - timedelta(seconds=1)) == 0
    assert house.delivers(lane, NOW + HOLD) == 1
    assert len(receiver.got) == 1


def test_a_death_of_ours_is_no_refusal_of_the_receiver_s(house: House, receiver: Receiver, lanes: Lanes) -> None:
    """Three relays die over it: the receiver's first refusal is still answered by the first wait."""
    house.subscribe(receiver.url("/503"))
    house.emits()
    fan_out(house.engine, NOW)
    for turn in range(3):
        with open_session(house.engine) as dies:
            assert len(claim(dies, Delivery, NOW + turn * HOLD, hold=HOLD)) == 1
    now = NOW + 3 * HOLD
    assert house.delivers(lanes(receiver.place), now) == 1
    assert (house.deliveries[0].attempts, house.deliveries[0].refusals) == (4, 1)
    assert_booked(house.deliveries[0], OUTSIDE_RETRIES[0], now)


def test_an_outside_system_that_takes_batches_waits_and_dies_by_the_same_schedule(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url("/503"), batch=True, own=False)
    house.emits(3)
    assert house.delivers(lanes(receiver.place)) == 3
    assert all(d.due_at >= NOW + 0.8 * OUTSIDE_RETRIES[0] for d in house.deliveries)
    tried_before(house, len(OUTSIDE_RETRIES) + 1)
    house.delivers(lanes(receiver.place), NOW + LATER)
    assert all(d.dead_at for d in house.deliveries)


def test_a_subscriber_with_thousands_owed_does_not_keep_another_waiting(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url("/503"))
    house.emits(300)
    fan_out(house.engine, NOW)
    house.subscribe(receiver.url("/204"))
    house.emits(1, now=NOW)
    fan_out(house.engine, NOW)
    courier = house.courier(lanes(receiver.place))
    courier.take_up(NOW)
    house.all_answer(courier)
    assert sum(d.done_at is not None for d in house.deliveries) == 1


@pytest.mark.parametrize("path", ["/204", "/503", "/410"])
def test_a_relay_that_slept_through_its_hold_notes_nothing(
    house: House, receiver: Receiver, lanes: Lanes, path: str
) -> None:
    house.subscribe(receiver.url(path))
    house.emits()
    fan_out(house.engine, NOW)
    sleeper, lane = house.courier(lanes(receiver.place)), lanes(receiver.place)
    assert sleeper.take_up(NOW) == 1
    with open_session(house.engine) as other:
        assert len(claim(other, Delivery, NOW + HOLD, hold=HOLD)) == 1
    before = house.deliveries
    house.all_answer(sleeper, NOW)
    assert house.deliveries == before
    assert house.delivers(lane, NOW + 2 * HOLD) == 1


def test_a_relay_that_slept_is_not_taken_for_the_one_that_works_after_a_replay(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    """A delivery that is owed again counts its tries from the beginning."""
    house.subscribe(receiver.url("/503"))
    house.emits()
    fan_out(house.engine, NOW)
    sleeper = house.courier(lanes(receiver.place))
    sleeper.take_up(NOW)
    with open_session(house.engine) as other, other.begin():
        other.execute(text("UPDATE delivery SET attempts = 0, due_at = :due"), {"due": NOW + HOLD})
    with open_session(house.engine) as other:
        assert claim(other, Delivery, NOW + HOLD, hold=HOLD)[0].attempts == 1
    before = house.deliveries
    house.all_answer(sleeper, NOW)
    assert house.deliveries == before
