"""Month ends in real processes with a clock that is put forward: each month is swept once, in the county's month."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.clocks.months import ZONES, Months, pass_months, periods
from tests.clocks.watch import began, watching

pytestmark = pytest.mark.long

DECEMBER, JANUARY, FEBRUARY = date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["alerts"]


@pytest.mark.parametrize(
    ("zone", "first"),
    [("UTC", date(2027, 12, 1)), (ZONES[3], date(2028, 2, 1))],
)
def test_each_month_is_swept_once_and_not_before_it_has_begun_in_the_county(
    engine: Engine, tmp_path: Path, zone: str, first: date
) -> None:
    """Over a year's end and a leap February; the scheduler starts before the hour, at it, and after."""
    months = list(periods(3, first))
    assert pass_months(tmp_path, engine, zone, months) == Months(zone, 3, 3, 0, 0, 0)


def test_a_scheduler_that_was_off_for_forty_days_makes_good_the_month_it_missed(engine: Engine, tmp_path: Path) -> None:
    back = began(FEBRUARY) + timedelta(days=3)
    with watching(tmp_path, engine, back - timedelta(days=40)) as watch:
        watch.start("worker")
        bell = watch.start("bell")
        watch.until(lambda: watch.certified() == [DECEMBER])
        watch.stop(bell)
        watch.put_clock(back)
        watch.start("bell")
        watch.until(lambda: watch.certified() == [DECEMBER, JANUARY, FEBRUARY])
        late = dict(watch.rows("SELECT period, certificate -> 'late' FROM sweep"))
        assert late == {DECEMBER: False, JANUARY: True, FEBRUARY: False}


def test_two_schedulers_and_two_workers_sweep_a_month_once(engine: Engine, tmp_path: Path) -> None:
    with watching(tmp_path, engine, began(JANUARY) - timedelta(seconds=4)) as watch:
        bells = [watch.start(what) for what in ("worker", "worker", "bell", "bell")]
        watch.until(lambda: JANUARY in watch.certified())
        watch.put_clock(began(FEBRUARY))
        watch.until(lambda: FEBRUARY in watch.certified())
        told = watch.rows("SELECT data ->> 'period' FROM event WHERE type = 'sweep.certified'")
        assert len(told) == len(set(told)) == len(watch.certified())
        assert [bell.poll() for bell in bells] == [None] * 4
