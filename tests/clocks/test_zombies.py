"""A stopped worker's sweep is taken over when its lease is over, and what it does when it wakes changes nothing."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.alerts.sweep.steps import HOLD
from tests.clocks.watch import began, watching
from tests.clocks.zombies import stopped_while_it_reconciles

pytestmark = pytest.mark.long

JANUARY = date(2027, 1, 1)


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["alerts"]


def test_a_worker_stopped_past_its_lease_writes_nothing_when_it_wakes(engine: Engine, tmp_path: Path) -> None:
    with watching(tmp_path, engine, began(JANUARY)) as watch:
        watch.start("bell")
        watch.until(lambda: watch.rows("SELECT FROM sweep") != [])
        seen = stopped_while_it_reconciles(watch, JANUARY, jump=HOLD)
        assert (seen.stuck, seen.written, seen.fenced) == (0, 0, True)


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)], ids=["forward", "back"])
def test_a_server_s_clock_put_forward_or_back_an_hour_within_a_sweep_loses_and_doubles_nothing(
    engine: Engine, tmp_path: Path, step: timedelta
) -> None:
    """Put back, what was booked waits until the clock is there again, an hour at most."""
    hold = tmp_path / "hold"
    hold.touch()
    with watching(tmp_path, engine, began(JANUARY) + timedelta(hours=2)) as watch:
        workers = [watch.start("worker"), watch.start("bell"), watch.start("worker")]
        watch.until((tmp_path / "asked").exists)
        watch.put_clock(watch.now() + step)
        hold.unlink()
        if step < timedelta(0):
            watch.put_clock(watch.now() - step)
        watch.until(lambda: watch.certified() == [JANUARY])
        assert watch.rows("SELECT count(*) FROM event WHERE type = 'sweep.certified'") == [(1,)]
        assert [one.poll() for one in workers] == [None] * 3
