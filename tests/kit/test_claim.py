"""Work is taken in one way: the retry is booked before the try, one worker at a time, and no request is swallowed."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine, create_engine, text

from services.kit.store.claim import (
    JOB_HOLD,
    JOB_RETRY,
    ClaimLost,
    claim,
    enqueue,
    fence,
    renewing,
    still_held,
    work_a_job,
)
from services.kit.store.db import open_session
from services.kit.store.tables import Job
from tests.conftest import NOW

SOON = NOW + JOB_RETRY
KIND = "count-sheep"


class Fell(Exception):
    """Something a job may raise."""


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["county"]


def ask(engine: Engine, key: str = "one", now: datetime = NOW) -> None:
    with open_session(engine) as session, session.begin():
        enqueue(session, KIND, key, now)


def work(engine: Engine, now: datetime, does: Callable[[str], object] = str) -> list[str]:
    """The keys one worker was given in one turn."""
    done: list[str] = []

    def handle(key: str, _: datetime) -> None:
        done.append(key)
        does(key)

    work_a_job(engine, {KIND: handle}, now)
    return done


def jobs(engine: Engine) -> list[tuple[str, bool]]:
    """Key, and whether it is done."""
    with open_session(engine) as session:
        rows = session.execute(text("SELECT key, done_at IS NOT NULL FROM job ORDER BY key, due_at"))
        return [(key, done) for key, done in rows]


def fall(_: str) -> None:
    raise Fell


def test_a_job_is_done_once_and_then_there_is_no_work(engine: Engine) -> None:
    ask(engine)
    assert work(engine, NOW) == ["one"]
    assert work(engine, NOW + timedelta(days=1)) == []


def test_asking_twice_before_it_runs_is_asking_once(engine: Engine) -> None:
    ask(engine)
    ask(engine)
    ask(engine, "other")
    assert jobs(engine) == [("one", False), ("other", False)]


def test_a_job_may_be_asked_for_again_when_it_is_done(engine: Engine) -> None:
    ask(engine)
    work(engine, NOW)
    ask(engine)
    assert work(engine, NOW) == ["one"]


def test_what_is_asked_for_while_it_runs_runs_again(engine: Engine) -> None:
    ask(engine)
    assert work(engine, NOW, does=lambda _: ask(engine)) == ["one"]
    assert work(engine, SOON) == ["one"]
    assert work(engine, SOON + JOB_HOLD) == []


def test_what_is_asked_for_while_it_fails_runs_again(engine: Engine) -> None:
    def ask_and_fall(key: str) -> None:
        ask(engine, key)
        fall(key)

    ask(engine)
    with pytest.raises(Fell):
        work(engine, NOW, does=ask_and_fall)
    assert work(engine, SOON) == ["one"]


def test_a_failing_job_is_tried_again_soon_and_ever_later(engine: Engine) -> None:
    ask(engine)
    now = NOW
    for attempt in range(1, 4):
        with pytest.raises(Fell):
            work(engine, now, does=fall)
        assert work(engine, now + JOB_RETRY * attempt - timedelta(milliseconds=1)) == []
        now += JOB_RETRY * attempt
    assert work(engine, now) == ["one"]


def test_the_wait_after_a_failure_has_an_end(engine: Engine) -> None:
    ask(engine)
    with open_session(engine) as session, session.begin():
        session.execute(text("UPDATE job SET attempts = 100000"))
    with pytest.raises(Fell):
        work(engine, NOW, does=fall)
    assert work(engine, NOW + JOB_HOLD) == ["one"]


def test_a_job_whose_worker_died_is_taken_after_the_hold(engine: Engine) -> None:
    ask(engine)
    taken(engine, NOW)
    assert work(engine, NOW + JOB_HOLD - timedelta(seconds=1)) == []
    assert work(engine, NOW + JOB_HOLD) == ["one"]


def test_a_worker_that_slept_through_its_hold_does_not_settle_the_job_of_another(engine: Engine) -> None:
    ask(engine)
    later = NOW + JOB_HOLD
    taken_over: list[str] = []

    def sleep(_: str) -> None:
        with pytest.raises(Fell):
            work(engine, later, does=fall)
        taken_over.append("other")

    assert work(engine, NOW, does=sleep) == ["one"]
    assert (taken_over, jobs(engine)) == (["other"], [("one", False)])
    assert work(engine, later + JOB_RETRY * 2) == ["one"]


def test_a_kind_nobody_here_can_do_is_left_to_others(engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        enqueue(session, "shear-sheep", "one", NOW)
    assert work(engine, NOW) == []
    assert jobs(engine) == [("one", False)]


def test_two_workers_never_take_one_job(engine: Engine) -> None:
    for number in range(40):
        ask(engine, f"{number:02}")
    together = Barrier(2)

    def worker(_: int) -> list[str]:
        together.wait(5)
        turns = [work(engine, NOW) for _ in range(40)]
        return [key for turn in turns for key in turn]

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(worker, range(2))
    assert sorted(first + second) == [f"{number:02}" for number in range(40)]


def test_a_row_another_session_is_claiming_is_passed_over_not_waited_for(engine: Engine) -> None:
    ask(engine)
    ask(engine, "other")
    impatient = create_engine(engine.url, connect_args={"options": "-c lock_timeout=2000"})
    with open_session(engine) as busy, busy.begin():
        busy.execute(text("SELECT FROM job WHERE key = 'one' FOR UPDATE"))
        assert work(impatient, NOW) == ["other"]
        assert work(impatient, NOW) == []
    impatient.dispose()


def test_a_claim_is_held_until_the_next_one(engine: Engine) -> None:
    ask(engine)
    mine, theirs = (taken(engine, now) for now in (NOW, NOW + JOB_HOLD))
    with open_session(engine) as session:
        assert (still_held(session, mine), still_held(session, theirs)) == (False, True)


def taken(engine: Engine, now: datetime) -> Job:
    """By a worker of its own."""
    with open_session(engine) as session:
        return claim(session, Job, now, hold=JOB_HOLD)[0]


def test_a_claim_under_way_is_renewed_and_one_that_is_over_is_not(engine: Engine) -> None:
    """By the workers' own clock, which is what a renewal goes by."""
    ask(engine, now=datetime.now(UTC))
    hold = timedelta(seconds=0.3)
    with open_session(engine) as session:
        job = claim(session, Job, datetime.now(UTC), hold=hold)[0]
        with renewing(engine, job, hold):
            time.sleep(0.6)
            assert claim(session, Job, datetime.now(UTC), hold=hold) == []
        time.sleep(0.4)
        assert [taken.id for taken in claim(session, Job, datetime.now(UTC), hold=hold)] == [job.id]


def test_a_worker_that_lost_its_claim_renews_nothing(engine: Engine) -> None:
    ask(engine, now=datetime.now(UTC))
    hold = timedelta(seconds=0.3)
    with open_session(engine) as slept:
        lost = claim(slept, Job, datetime.now(UTC), hold=timedelta(0))[0]
    with open_session(engine) as session:
        claim(session, Job, datetime.now(UTC), hold=timedelta(0))
        with renewing(engine, lost, hold):
            time.sleep(0.3)
            assert len(claim(session, Job, datetime.now(UTC), hold=hold)) == 1


def test_what_a_job_writes_after_it_was_taken_over_is_rolled_back(engine: Engine) -> None:
    ask(engine)

    def sleep_and_write(_: str) -> None:
        work(engine, NOW + JOB_HOLD)
        with open_session(engine) as session, session.begin():
            enqueue(session, "written by a sleeper", "one", NOW)
            fence(session)

    with pytest.raises(ClaimLost):
        work(engine, NOW, does=sleep_and_write)
    assert jobs(engine) == [("one", True)]


def test_outside_a_claim_nothing_is_fenced_also_after_one(engine: Engine) -> None:
    ask(engine)
    lost = taken(engine, NOW)
    taken(engine, NOW + JOB_HOLD)
    with renewing(engine, lost, JOB_HOLD), open_session(engine) as session, pytest.raises(ClaimLost):
        fence(session)
    with open_session(engine) as session:
        fence(session)


@pytest.mark.parametrize("ahead", [timedelta(hours=-1), timedelta(hours=1)], ids=["behind", "ahead"])
def test_a_live_claim_is_kept_and_a_dead_one_is_not_when_the_database_s_clock_is_an_hour_off(
    engine: Engine, ahead: timedelta
) -> None:
    """Seen from the workers, whose clock is then as far off on the other side: what they renew, they also judge."""
    now, hold = datetime.now(UTC) + ahead, timedelta(seconds=0.3)
    ask(engine, now=now)
    with open_session(engine) as session:
        job = claim(session, Job, now, hold=hold)[0]
        with renewing(engine, job, hold, clock=lambda: datetime.now(UTC) + ahead):
            time.sleep(0.6)
            assert claim(session, Job, datetime.now(UTC) + ahead, hold=hold) == []
        time.sleep(0.4)
        assert len(claim(session, Job, datetime.now(UTC) + ahead, hold=hold)) == 1


def test_whoever_stops_within_a_transaction_holds_up_nobody_for_longer_than_a_lease(engine: Engine) -> None:
    with engine.connect() as connection:
        limit = connection.scalar(
            text("SELECT CAST(current_setting('idle_in_transaction_session_timeout') AS interval)")
        )
    assert timedelta(0) < limit < JOB_HOLD
