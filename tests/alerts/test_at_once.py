"""Two sessions judge or learn the same households at the same time, on real connections."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from services.alerts.facts.learn import Told, learn
from services.alerts.intake.take_in import take_in
from services.alerts.judging.judge import convene, judge, judge_county, lock_out_learning
from services.alerts.rules.catalogue import HOUSEHOLD
from services.kit.store.db import open_session
from tests.alerts.conftest import COUNTY, VILLAGE
from tests.conftest import NOW, TODAY

POOR = {"net_income": 100_000, "persons": 1, "monitored": False}
FIRST, MIDDLE, LAST = (UUID(int=n) for n in (1, 2, 3))


@pytest.fixture
def beside(watched: Session, engines: dict[str, Engine]) -> Iterator[Callable[..., Future[None]]]:
    """Does something in another session and another thread, and commits it."""
    with ThreadPoolExecutor(3) as threads:

        def start(what: Callable[[Session], object]) -> Future[None]:
            return threads.submit(committed, engines["alerts"], what)

        yield start
        watched.rollback()


def committed(engine: Engine, what: Callable[[Session], object]) -> None:
    with open_session(engine) as session, session.begin():
        what(session)


def wait_until_waiting(session: Session, how_many: int = 1) -> None:
    """For `how_many` sessions that stand behind a lock."""
    for _ in range(500):
        if session.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one() >= how_many:
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def told(*subjects: UUID) -> list[Told]:
    return [Told(subject, VILLAGE, 1, POOR) for subject in subjects]


def judge_again(session: Session) -> None:
    judge(session, convene(session, HOUSEHOLD, COUNTY, TODAY, NOW), [FIRST])


def counts(session: Session) -> tuple[int, int]:
    session.rollback()
    both = "SELECT (SELECT count(*) FROM alert), (SELECT count(*) FROM event WHERE type = 'alert.opened')"
    alerts, events = session.execute(text(both)).one()
    return alerts, events


def test_two_sessions_that_judge_one_household_open_one_alert_and_tell_of_it_once(
    watched: Session, engines: dict[str, Engine], beside: Callable[..., Future[None]]
) -> None:
    committed(engines["alerts"], lambda session: learn(session, HOUSEHOLD, told(FIRST)))
    judge_again(watched)
    second = beside(judge_again)
    wait_until_waiting(watched)
    watched.commit()
    second.result(10)
    assert counts(watched) == (1, 1)


def test_the_same_facts_taken_in_twice_at_once_open_one_alert(
    watched: Session, beside: Callable[..., Future[None]]
) -> None:
    take_in(watched, HOUSEHOLD, told(FIRST), NOW)
    second = beside(lambda session: take_in(session, HOUSEHOLD, told(FIRST), NOW))
    wait_until_waiting(watched)
    watched.commit()
    second.result(10)
    assert counts(watched) == (1, 1)


def test_a_fact_that_arrives_during_a_sweep_is_judged_after_it(
    watched: Session, beside: Callable[..., Future[None]]
) -> None:
    lock_out_learning(watched, COUNTY)
    arriving = beside(lambda session: take_in(session, HOUSEHOLD, told(FIRST), NOW))
    wait_until_waiting(watched)
    judge_county(watched, convene(watched, HOUSEHOLD, COUNTY, TODAY, NOW))
    watched.commit()
    arriving.result(10)
    assert counts(watched) == (1, 1)


def test_two_posts_about_the_same_households_in_another_order_do_not_deadlock(
    watched: Session, beside: Callable[..., Future[None]]
) -> None:
    learn(watched, HOUSEHOLD, told(MIDDLE))  # holds up whoever comes to it, until both are under way
    one = beside(lambda session: learn(session, HOUSEHOLD, told(FIRST, MIDDLE, LAST)))
    wait_until_waiting(watched)
    other = beside(lambda session: learn(session, HOUSEHOLD, told(LAST, FIRST)))
    wait_until_waiting(watched, 2)
    watched.commit()
    one.result(10)
    other.result(10)
    watched.rollback()
    assert set(watched.scalars(text("SELECT subject FROM household_facts"))) == {FIRST, MIDDLE, LAST}
