"""Order per subject, for those who ask for it: a later event waits for the earlier ones, and for nobody else's."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.kit.post.events import emit
from services.kit.post.fan_out import ALONE, fan_out
from services.kit.post.outgoing import Lane
from services.kit.post.posts import HOLD, claim_groups
from services.kit.store.db import open_session
from services.kit.store.tables import Delivery, Subscription
from tests.conftest import NOW
from tests.kit.house import House
from tests.kit.receiving import Receiver

Lanes = Callable[..., Lane]


def happened(house: House, *subjects: str) -> None:
    """Each in a transaction of its own."""
    for number, subject in enumerate(subjects):
        with open_session(house.engine) as session, session.begin():
            emit(session, "thing.done", subject, NOW, division="520621", data={"number": number})


def heard(receiver: Receiver) -> list[tuple[str, int]]:
    bodies = [got.verified() for got in receiver.got]
    events = [event for body in bodies for event in (body if isinstance(body, list) else [body])]
    return [(event["subject"], event["data"]["number"]) for event in events]


def moved_to(house: House, url: str) -> None:
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE subscription SET url = :url"), {"url": url})


def test_a_later_event_waits_for_the_earlier_one_of_its_subject_alone(
    house: House, receiver: Receiver, lanes: Lanes
) -> None:
    house.subscribe(receiver.url("/503"), ordered=True)
    happened(house, "a")
    house.delivers(lanes(receiver.place))
    moved_to(house, receiver.url("/204"))
    receiver.got.clear()
    happened(house, "a", "b")
    house.delivers(lanes(receiver.place))
    assert heard(receiver) == [("b", 1)]
    house.delivers(lanes(receiver.place), NOW + timedelta(days=1))
    assert heard(receiver) == [("b", 1), ("a", 0), ("a", 0)]
    assert house.owed == 0


def test_one_that_was_given_up_keeps_nobody_waiting(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url("/204"), ordered=True)
    happened(house, "a", "a")
    fan_out(house.engine, NOW)
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE delivery SET dead_at = now() WHERE seq = (SELECT min(seq) FROM delivery)"))
    house.delivers(lanes(receiver.place))
    assert heard(receiver) == [("a", 1)]


def test_while_one_is_under_way_no_other_relay_takes_the_next(house: House) -> None:
    key = house.subscribe("http://127.0.0.1:9/", ordered=True)
    happened(house, "a", "a")
    fan_out(house.engine, NOW)

    def taken(when: timedelta = timedelta(0)) -> list[int | None]:
        with open_session(house.engine) as session:
            row = session.get_one(Subscription, key)
            return [d.seq for group in claim_groups(session, row, NOW + when, 16) for d in group.deliveries]

    first, second, after_its_death = taken(), taken(), taken(HOLD)
    assert (len(first), second, after_its_death) == (1, [], first)


def test_who_did_not_ask_gets_what_is_there(house: House, receiver: Receiver, lanes: Lanes) -> None:
    house.subscribe(receiver.url("/503"))
    happened(house, "a")
    house.delivers(lanes(receiver.place))
    moved_to(house, receiver.url("/204"))
    happened(house, "a")
    house.delivers(lanes(receiver.place))
    assert sum(d.done_at is not None for d in house.deliveries) == 1


def test_debts_are_booked_by_one_at_a_time(house: House) -> None:
    house.subscribe("http://127.0.0.1:9/")
    house.emits()
    with open_session(house.engine) as other:
        assert other.execute(ALONE).scalar_one()
        assert fan_out(house.engine, NOW) == 0
    assert fan_out(house.engine, NOW) == 1


@pytest.mark.parametrize("batch", [False, True])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    subjects=st.lists(st.sampled_from("abc"), min_size=1, max_size=12),
    fates=st.lists(st.sampled_from(["done", "later"]), min_size=1, max_size=40),
)
def test_whatever_fails_the_order_of_a_subject_holds(
    house: House, batch: bool, subjects: Sequence[str], fates: Sequence[str]
) -> None:
    """Claims are settled in any order; what arrived of a subject is always its beginning."""
    with open_session(house.engine) as session, session.begin():
        session.execute(text("DELETE FROM delivery"))
        session.execute(text("DELETE FROM event"))
        session.execute(text("DELETE FROM subscription"))
    key = house.subscribe("http://127.0.0.1:9/", ordered=True, batch=batch)
    happened(house, *subjects)
    fan_out(house.engine, NOW)
    arrived: list[tuple[str, int]] = []
    for number, fate in enumerate(fates):
        arrived += settle_one(house, key, fate, NOW + number * HOLD)
    for subject in set(subjects):
        mine = [n for s, n in arrived if s == subject]
        assert mine == [n for n, s in enumerate(subjects) if s == subject][: len(mine)]


def settle_one(house: House, key: object, fate: str, now: object) -> list[tuple[str, int]]:
    with open_session(house.engine) as session:
        row = session.get_one(Subscription, key)
        groups = claim_groups(session, row, now, 2)  # type: ignore[arg-type]
        told = [(e.subject, e.data["number"]) for group in groups for e in group.events]
        ids = [(d.event_id, d.subscription_id) for group in groups for d in group.deliveries]
        if fate == "done":
            for one in ids:
                session.get_one(Delivery, one).done_at = NOW
            session.commit()
    return told if fate == "done" else []
