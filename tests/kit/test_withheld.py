"""What is owed while a grant holds is not sent after its end."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from services.kit.post.outgoing import Lane
from services.kit.post.owing import OUT_OF_REACH
from services.kit.store.db import open_session
from tests.conftest import NOW
from tests.kit.house import House
from tests.kit.receiving import Receiver

Lanes = Callable[..., Lane]
LATER = NOW + timedelta(minutes=5)
ENDED = "UPDATE access_grant SET valid = daterange('2026-01-01', '2026-11-02')"
MOVED = "UPDATE access_grant SET place = '520621001'"


def do(house: House, statement: str) -> None:
    with open_session(house.engine) as session, session.begin():
        session.execute(text(statement))


@pytest.mark.parametrize("ended", [ENDED, MOVED, "UPDATE access_grant SET revoked = true"])
@pytest.mark.parametrize("batch", [False, True])
def test_what_waits_for_its_retry_is_dropped_with_its_reason_once_the_grant_has_ended(
    house: House, receiver: Receiver, lanes: Lanes, ended: str, batch: bool
) -> None:
    house.subscribe(receiver.url("/500"), batch=batch, own=False)
    house.emits(division="520621002001")
    assert house.delivers(lanes(receiver.place)) == 1
    do(house, ended)
    assert house.delivers(lanes(receiver.place), LATER) == 0
    assert len(receiver.got) == 1
    [dropped] = house.deliveries
    assert (dropped.dead_at, dropped.done_at, dropped.problem) == (LATER, None, OUT_OF_REACH)
    assert (house.owed, house.audited) == (0, ["deliveries withheld"])


def test_a_batch_goes_out_without_what_may_no_longer_be_told(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url(), batch=True, own=False)
    for division in ("520621001005", "520621002001", "520621001006"):
        house.emits(division=division)
    house.delivers(lanes())  # nobody is listed, so it fails
    do(house, MOVED)
    assert house.delivers(lanes(receiver.place), LATER) == 2
    [got] = receiver.got
    assert [told["division"] for told in got.verified()] == ["520621001005", "520621001006"]
    assert [one.problem for one in house.deliveries] == [None, OUT_OF_REACH, None]


def test_our_own_services_and_pings_are_told_without_any_grant(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url(), batch=True)
    house.emits(3, division="520621002001")
    do(house, "UPDATE access_grant SET revoked = true")
    assert house.delivers(lanes(receiver.place), own=True) == 3


def test_a_round_asks_once_however_many_are_owed(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url(), batch=True, own=False)
    house.emits(100)
    asked: list[str] = []
    event.listen(house.engine, "before_cursor_execute", lambda *said: asked.append(str(said[2])))
    assert house.delivers(lanes(receiver.place)) == 100
    assert sum("may_hear(false" in statement for statement in asked) == 1


def test_an_office_elsewhere_hears_nothing_of_a_place(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url())
    house.emits(division="520622001001")
    assert house.delivers(lanes(receiver.place)) == 0
    assert (receiver.got, house.deliveries) == ([], [])
