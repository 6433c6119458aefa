"""A county is swept once a month: claimed once, and walked step by step by whoever holds the claim."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from services.alerts.facts.learn import Told, learn
from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.sweep.steps import HOLD, STEPS, sweep_some
from services.kit.post.peers import Peer
from services.kit.store.claim import ClaimLost
from tests.alerts.conftest import VILLAGE, set_standards
from tests.alerts.neighbours import Nobody, households_service
from tests.alerts.sweeping import STEP_BY_STEP, at, claimed, taken, walk, walking, written
from tests.conftest import NOW

WRITTEN = ["sweep", "sweep_gap", "alert", "finding", "event"]


@pytest.fixture
def owners(engines: dict[str, Engine], tmp_path: Path) -> Mapping[str, Peer]:
    return {"households": households_service(engines["households"], tmp_path), "attendance": Nobody()}


@pytest.mark.parametrize(
    ("day", "sweep_day", "period"),
    [
        (date(2026, 11, 20), 20, date(2026, 11, 1)),
        (date(2026, 11, 19), 20, date(2026, 10, 1)),
        (date(2027, 1, 1), 20, date(2026, 12, 1)),
        (date(2026, 12, 31), 20, date(2026, 12, 1)),
        (date(2026, 12, 1), 1, date(2026, 12, 1)),
        (date(2028, 2, 29), 28, date(2028, 2, 1)),
        (date(2028, 2, 27), 28, date(2028, 1, 1)),
        (date(2027, 2, 28), 28, date(2027, 2, 1)),
        (date(2028, 3, 1), 28, date(2028, 2, 1)),
        (date(2028, 3, 27), 28, date(2028, 2, 1)),
    ],
)
def test_the_newest_month_whose_sweep_day_has_come_is_due(
    watched: Session, day: date, sweep_day: int, period: date
) -> None:
    set_standards(watched, {"sweep_day": sweep_day})
    watched.commit()
    assert claimed(watched, at(day)) == [period]


def test_a_period_is_claimed_once_however_often_it_is_asked_for(swept: Session) -> None:
    year = [date(2026, 3, 1) + timedelta(days=3 * n) for n in range(120)]
    periods = [period for day in year for period in claimed(swept, at(day)) + claimed(swept, at(day))]
    assert periods == sorted(set(periods))
    assert (periods[0], periods[-1], len(periods)) == (date(2026, 2, 1), date(2027, 2, 1), 13)


def test_two_calls_at_once_claim_a_period_once(swept: Session) -> None:
    together = Barrier(2)

    def call(_: int) -> list[date]:
        together.wait(5)
        return claimed(swept, NOW)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(call, range(2)))
    assert sorted(answers) == [[], [date(2026, 11, 1)]]


def test_a_county_without_a_sweep_day_is_not_swept(watched: Session) -> None:
    set_standards(watched, {"sweep_day": 20}, division="5206")
    watched.commit()
    assert claimed(watched, NOW) == []


def test_a_sweep_walks_from_due_to_certified_and_then_rests(swept: Session, owners: Mapping[str, Peer]) -> None:
    claimed(swept, NOW)
    assert [walk(swept, owners, steps).state for steps in (0, 1, 1, 1)] == STEP_BY_STEP
    assert sweep_some(walking(swept, owners), NOW + timedelta(days=1)) == 0
    assert swept.scalars(text("SELECT type FROM event")).all() == ["sweep.certified"]
    assert swept.scalars(text("SELECT action FROM audit")).all() == ["sweep certified"]


@pytest.mark.parametrize(("steps", "tables"), [(0, ["sweep"]), (1, WRITTEN), (2, WRITTEN)])
def test_a_step_that_slept_through_its_lease_writes_nothing(
    swept: Session, owners: Mapping[str, Peer], steps: int, tables: list[str]
) -> None:
    """Reconciling may have taken facts in, which does no harm; the sweep itself is the other worker's."""
    claimed(swept, NOW)
    walk(swept, owners, steps)
    learn(swept, HOUSEHOLD, [Told(UUID(int=1), VILLAGE, 1, {"safe_water": False})])
    swept.commit()
    slept = taken(swept, NOW)
    assert taken(swept, NOW + HOLD).attempts == slept.attempts + 1
    before = written(swept, tables)
    with pytest.raises(ClaimLost):
        STEPS[slept.state](walking(swept, owners), slept, NOW)
    assert written(swept, tables) == before
