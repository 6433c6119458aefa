"""From an event to whoever asked for it: signed, once when nothing fails, and only when it was really stored."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from services.kit.post.events import BATCH, ONE, emit
from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import Lane
from services.kit.store.db import open_session
from tests.conftest import NOW
from tests.kit.house import House
from tests.kit.receiving import SECRET, Receiver

Lanes = Callable[..., Lane]
OTHER_SECRET = "whsec_" + "b3RoZXI" * 6


@contextmanager
def living_in(zone: str) -> Iterator[None]:
    """The process's own clock, as an operator may have set it."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        del os.environ["TZ"]
        os.environ |= {"TZ": before} if before is not None else {}
        time.tzset()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/St_Johns"])
def test_a_single_event_can_be_verified_by_the_public_library(
    house: House, receiver: Receiver, lanes: Lanes, zone: str
) -> None:
    house.subscribe(receiver.url())
    house.emits()
    with living_in(zone):
        assert house.delivers(lanes(receiver.place)) == 1
        [got] = receiver.got
        event = got.verified()
    assert (event["specversion"], event["type"], event["source"]) == ("1.0", "thing.done", "/v1/services/households")
    assert (event["subject"], event["division"], event["data"]) == ("0", "520621", {"in": "中文"})
    assert (got.headers["webhook-id"], got.headers["content-type"]) == (event["id"], ONE)
    with pytest.raises(WebhookVerificationError):
        got.verified(OTHER_SECRET)
    assert (house.deliveries[0].status, house.owed) == (204, 0)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_a_batch_can_be_verified_too_and_holds_at_most_two_hundred(
    house: House, receiver: Receiver, lanes: Lanes, zone: str
) -> None:
    house.subscribe(receiver.url(), batch=True)
    house.emits(201)
    with living_in(zone):
        assert house.delivers(lanes(receiver.place), own=True) == 201
        assert [len(got.verified()) for got in receiver.got] == [200, 1]
    assert {got.headers["content-type"] for got in receiver.got} == {BATCH}
    assert len(set(receiver.ids)) == 201
    assert house.owed == 0


def test_each_subscriber_gets_its_own_signature(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url("/200"))
    house.subscribe(receiver.url("/204"), secret=OTHER_SECRET)
    house.emits()
    house.delivers(lanes(receiver.place))
    secrets = {got.path: got.verified(OTHER_SECRET if got.path == "/204" else SECRET)["id"] for got in receiver.got}
    assert len(set(secrets.values())) == 1
    assert secrets.keys() == {"/200", "/204"}


def test_only_those_who_asked_for_the_type_and_the_place_are_told(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url("/201"), division="520621001")
    house.subscribe(receiver.url("/202"), division="520622")
    house.subscribe(receiver.url("/203"), types=["thing.undone"])
    house.subscribe(receiver.url("/204"), disabled_at=NOW)
    house.emits(division="520621001005")
    assert house.delivers(lanes(receiver.place)) == 1
    assert [got.path for got in receiver.got] == ["/201"]
    assert house.owed == 0


def test_what_happens_where_a_subscriber_holds_nothing_is_not_told_it(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url())
    house.emits(division="520622001001")
    house.emits(division="520621001005")
    assert house.delivers(lanes(receiver.place)) == 1
    assert receiver.got[0].verified()["division"] == "520621001005"


def test_who_subscribes_later_is_not_told_what_was_before(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.emits()
    house.delivers(lanes())
    house.subscribe(receiver.url())
    assert house.delivers(lanes(receiver.place)) == 0


def test_two_relays_at_once_deliver_each_event_once(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url())
    house.subscribe(receiver.url(), batch=True)
    house.emits(60)
    together = Barrier(4)

    def relay(own: bool) -> int:
        lane = lanes(receiver.place)
        together.wait(5)
        return house.delivers(lane, own=own)

    with ThreadPoolExecutor(4) as threads:
        tried = list(threads.map(relay, [False, False, True, True]))
    tried.append(house.delivers(lanes(receiver.place)) + house.delivers(lanes(receiver.place), own=True))
    assert sum(tried) == 120
    assert sorted(receiver.ids) == sorted([*set(receiver.ids)] * 2)
    assert len(receiver.ids) == 120


def test_an_event_of_a_transaction_that_was_rolled_back_is_never_delivered(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url())
    with open_session(house.engine) as session:
        emit(session, "thing.done", "undone", NOW)
        session.flush()
        assert house.delivers(lanes(receiver.place)) == 0
        session.rollback()
    assert house.delivers(lanes(receiver.place)) == 0
    assert receiver.got == []


def test_an_event_that_a_slow_transaction_commits_late_is_not_skipped(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url())
    with open_session(house.engine) as slow:
        emit(slow, "thing.done", "slow", NOW)
        slow.flush()
        house.emits(3)
        assert house.delivers(lanes(receiver.place)) == 3
        slow.commit()
    assert house.delivers(lanes(receiver.place)) == 1
    assert receiver.got[-1].verified()["subject"] == "slow"


def test_what_happens_where_a_subscriber_holds_nothing_is_not_owed_to_it(house: House, receiver: Receiver) -> None:
    """It holds 520621, and has asked for everything of that type."""
    house.subscribe(receiver.url("/201"))
    for division in ("520622001001", "5206", "520621001005"):
        house.emits(division=division)
    while fan_out(house.engine, NOW):
        pass
    assert house.owed == 1
