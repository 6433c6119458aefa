"""What a relay claims together, it sends one after another: a death of it can double one post and no more."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import Lane
from services.kit.post.posts import HOLD
from services.kit.post.relay import FRESH, STOCK, Courier
from services.kit.store.db import open_session
from tests.conftest import NOW
from tests.kit.house import House
from tests.kit.receiving import Receiver

Lanes = Callable[..., Lane]
MOMENT = timedelta(milliseconds=1)


def owes(house: House, url: str, events: int) -> None:
    house.subscribe(url)
    house.emits(events)
    while fan_out(house.engine, NOW):
        pass


def at_work(house: House, lane: Lane) -> Courier:
    """Its receiver has accepted one, and now a stock of it is under way."""
    courier = house.courier(lane)
    assert courier.take_up(NOW) == 1
    house.all_answer(courier)
    assert courier.take_up(NOW) == 3
    return courier


def do(house: House, statement: str) -> None:
    with open_session(house.engine) as session, session.begin():
        session.execute(text(statement))


def untouched(house: House) -> int:
    """Due now, and as if nobody had taken it up."""
    return sum((one.attempts, one.due_at, one.done_at) == (0, NOW, None) for one in house.deliveries)


def test_who_accepts_is_claimed_for_more_and_more_at_a_time(house: House, receiver: Receiver, lanes: Lanes) -> None:
    owes(house, receiver.url(), 100)
    courier, claimed = house.courier(lanes(receiver.place)), []
    while (some := courier.take_up(NOW)) or courier.under_way:
        claimed += [some] if some else []
        house.all_answer(courier)
    assert claimed == [1, 3, 7, 15, 31, STOCK, 11]
    assert {one.attempts for one in house.deliveries} == {1}


@pytest.mark.parametrize("noted", [0, 1, 2])
def test_of_a_stock_whose_relay_died_one_post_is_doubled(
    house: House, receiver: Receiver, lanes: Lanes, noted: int
) -> None:
    owes(house, receiver.url(), 4)
    dies = at_work(house, lanes(receiver.place))
    for _ in range(noted):
        house.all_answer(dies)
    [stock] = dies.under_way.values()
    stock.answer.result()  # it has come, and is not noted
    assert house.delivers(lanes(receiver.place), NOW + HOLD) == 3 - noted
    assert (len(receiver.ids), len(set(receiver.ids))) == (5, 4)


def test_after_a_refusal_the_others_go_back_at_once(house: House, receiver: Receiver, lanes: Lanes) -> None:
    owes(house, receiver.url("/503"), 5)
    courier = house.courier(lanes(receiver.place))
    courier._accepting = {one.subscription_id: 1 for one in house.deliveries}
    assert courier.take_up(NOW) == 3
    house.all_answer(courier)
    assert (len(receiver.got), courier.under_way, untouched(house)) == (1, {}, 4)


def test_what_waited_too_long_goes_back_and_is_held_against_grants_again(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    owes(house, receiver.url(), 5)
    courier = at_work(house, lanes(receiver.place))
    house.all_answer(courier, NOW + FRESH - MOMENT)
    house.all_answer(courier, NOW + FRESH)
    back = [one for one in house.deliveries if one.due_at == NOW + FRESH]
    assert (len(receiver.got), courier.under_way, [one.attempts for one in back]) == (3, {}, [0])
    do(house, "UPDATE access_grant SET revoked = true")
    assert house.delivers(lanes(receiver.place), NOW + FRESH) == 0
    assert len(receiver.got) == 3


def test_nothing_is_given_back_that_another_relay_has_taken_over(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    owes(house, receiver.url(), 4)
    slept = at_work(house, lanes(receiver.place))
    assert house.courier(lanes()).take_up(NOW + HOLD) == 1
    before = house.deliveries
    house.all_answer(slept, NOW + FRESH)
    taken_over = [one for one in before if one.attempts == 2]
    assert [one for one in house.deliveries if one.attempts == 2] == taken_over


def test_a_refusal_that_cannot_be_noted_is_kept_and_what_waits_goes_back_with_it(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    owes(house, receiver.url("/503"), 5)
    courier = house.courier(lanes(receiver.place))
    courier._accepting = {one.subscription_id: 1 for one in house.deliveries}
    assert courier.take_up(NOW) == 3
    do(house, "ALTER TABLE delivery ADD CONSTRAINT away CHECK (status IS NULL) NOT VALID")
    for _ in range(2):
        with pytest.raises(IntegrityError):
            house.all_answer(courier)
    do(house, "ALTER TABLE delivery DROP CONSTRAINT away")
    house.all_answer(courier)
    [refused] = [one for one in house.deliveries if one.refusals]
    assert (refused.attempts, refused.refusals, refused.status, untouched(house)) == (1, 1, 503, 4)
    assert (len(receiver.got), courier.under_way) == (1, {})


def test_an_answer_that_cannot_be_noted_is_kept_until_it_can_and_not_past_its_hold(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    owes(house, receiver.url(), 4)
    courier = at_work(house, lanes(receiver.place))
    do(house, "ALTER TABLE delivery ADD CONSTRAINT away CHECK (status IS NULL) NOT VALID")
    with pytest.raises(IntegrityError):
        house.all_answer(courier)
    do(house, "ALTER TABLE delivery DROP CONSTRAINT away")
    assert sum(one.done_at is not None for one in house.deliveries) == 1
    house.all_answer(courier)
    assert sum(one.done_at is not None for one in house.deliveries) == 2
    house.all_answer(courier, NOW + HOLD)
    assert (courier.under_way, sum(one.done_at is not None for one in house.deliveries)) == ({}, 2)
    assert len(receiver.got) == 3
