"""Time and zombies at full size, in real processes on a PostgreSQL of its own; one JSON line.

    python -m tests.clocks --months 60 --schedulers 16

Exit 1 when a month was missed, swept twice or too early, a scheduler died, or a zombie wrote or kept work from others.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from services.alerts.sweep.steps import HOLD
from services.cli.migrate import migrate_all
from services.cli.postgres import create_databases, throwaway
from services.cli.processes import CODE
from services.cli.secret_files import SERVICES
from services.kit.store.db import connect
from tests.clocks.months import ZONES, pass_months, periods
from tests.clocks.watch import began, watching
from tests.clocks.zombies import stopped_while_it_reconciles

FIRST, SECOND = periods(2, date(2027, 12, 1))
NO_FAULTS = ("duplicates", "missed", "too_early", "dead_schedulers", "stuck", "zombie_writes")
MARGIN = 5.0  # seconds beyond the lease


@contextmanager
def database() -> Iterator[tuple[Path, Engine]]:
    with throwaway({"fsync": "off"}) as (cluster, port), tempfile.TemporaryDirectory() as folder:
        create_databases(cluster, port)
        migrate_all({service: cluster.dsn(port, service, service) for service in SERVICES})
        engine = connect(cluster.dsn(port, "alerts", "alerts"))
        yield Path(folder), engine
        engine.dispose()


def in_zone(zone: str, months: int) -> dict[str, Any]:
    with database() as (folder, engine):
        return asdict(pass_months(folder, engine, zone, list(periods(months))))


def with_schedulers(many: int) -> dict[str, Any]:
    """Two month ends under so many."""
    with database() as (folder, engine), watching(folder, engine, began(FIRST)) as watch:
        bells = [watch.start("bell") for _ in range(many)]
        for _ in range(2):
            watch.start("worker")
        for period in (FIRST, SECOND):
            watch.put_clock(began(period))
            watch.until(lambda: period in watch.certified(), 180)  # noqa: B023  # within this turn
        told = watch.rows("SELECT data ->> 'period' FROM event WHERE type = 'sweep.certified'")
        dead = sum(bell.poll() is not None for bell in bells)
        missed = 2 - len(set(watch.certified()) & {FIRST, SECOND})
        return {"duplicates": len(told) - len(set(told)), "missed": missed, "dead_schedulers": dead}


def with_a_zombie() -> dict[str, Any]:
    """The lease is waited for."""
    with database() as (folder, engine), watching(folder, engine, began(FIRST) + timedelta(hours=1)) as watch:
        watch.start("bell")
        watch.until(lambda: watch.rows("SELECT FROM sweep") != [])
        seen = stopped_while_it_reconciles(watch, FIRST, jump=None)
        late = seen.took_over > HOLD.total_seconds() + MARGIN
        return {
            "stuck": seen.stuck + late,
            "zombie_writes": seen.written + (not seen.fenced),
            "lease_s": HOLD.total_seconds(),
            "took_over_after_s": seen.took_over,
        }


def beside_each_other(months: int, zones: tuple[str, ...]) -> list[dict[str, Any]]:
    """A process for each zone: servers are started from main threads."""
    argv = [sys.executable, "-m", "tests.clocks", "--months", str(months), "--zone"]
    started = [subprocess.Popen([*argv, zone], cwd=CODE, stdout=subprocess.PIPE, text=True) for zone in zones]
    return [json.loads(one.communicate()[0]) for one in started]


def main(months: int, schedulers: int, zone: str | None) -> int:
    if zone:
        said = in_zone(zone, months)
    else:
        zones = beside_each_other(months, ZONES)
        crowds = {many: with_schedulers(many) for many in (2, schedulers)}
        parts = [*zones, *crowds.values(), with_a_zombie()]
        faults = {name: sum(part.get(name, 0) for part in parts) for name in NO_FAULTS}
        completed, wanted = (sum(part[name] for part in zones) for name in ("completed", "months"))
        said = {"proof": "time", "months": wanted, "completed": completed, "zones": list(ZONES), **faults}
        said |= {"schedulers": list(crowds), "lease_s": parts[-1]["lease_s"]}
        said |= {"took_over_after_s": parts[-1]["took_over_after_s"]}
    sys.stdout.write(json.dumps(said) + "\n")
    return int(any(said.get(name, 0) for name in NO_FAULTS))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--months", type=int, default=60)
    asked.add_argument("--schedulers", type=int, default=16)
    asked.add_argument("--zone", choices=ZONES)
    given = asked.parse_args()
    sys.exit(main(given.months, given.schedulers, given.zone))
