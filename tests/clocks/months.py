"""Month after month under one deployment: the scheduler is there before the hour, comes at it, or hours after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine

from services.alerts.sweep.late import next_month
from tests.clocks.watch import Watch, began, watching

FIRST = date(2026, 12, 1)
BEFORE = timedelta(seconds=4)  # long enough for a sweep that is claimed too early to be certified too early
STARTS = (timedelta(0), timedelta(hours=3), -BEFORE)
ZONES = ("UTC", "Asia/Shanghai", "Asia/Urumqi", "America/St_Johns")


@dataclass(frozen=True)
class Months:
    zone: str
    months: int
    completed: int
    duplicates: int
    missed: int
    too_early: int


def periods(count: int, first: date = FIRST) -> Iterator[date]:
    for _ in range(count):
        yield first
        first = next_month(first)


def pass_months(folder: Path, engine: Engine, zone: str, wanted: Sequence[date]) -> Months:
    with watching(folder, engine, began(wanted[0]) - timedelta(days=1), zone) as watch:
        watch.start("worker")
        for number, period in enumerate(wanted):
            pass_one(watch, period, STARTS[number % len(STARTS)])
        return counted(watch, zone, wanted)


def pass_one(watch: Watch, period: date, start: timedelta) -> None:
    watch.put_clock(began(period) + start)
    bell = watch.start("bell")
    watch.until(lambda: period in watch.certified())
    watch.stop(bell)


def counted(watch: Watch, zone: str, wanted: Sequence[date]) -> Months:
    certified = watch.certified()
    told = [data["period"] for (data,) in watch.rows("SELECT data FROM event WHERE type = 'sweep.certified'")]
    claimed = watch.rows("SELECT period, done_at FROM sweep")
    return Months(
        zone,
        months=len(wanted),
        completed=len(set(certified) & set(wanted)),
        duplicates=len(told) - len(set(told)) + len(claimed) - len({period for period, _ in claimed}),
        missed=len(set(wanted) - set(certified)),
        too_early=sum(done is None or done < began(period) for period, done in claimed)
        + len({period for period, _ in claimed} - set(wanted)),
    )
