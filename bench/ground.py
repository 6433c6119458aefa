"""Where the ways are measured: a county loaded into a durable PostgreSQL of its own and into DuckDB."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import Range

from bench import limit, orm_loop
from bench.county import COLUMNS, COUNTY, STANDARDS, write_households
from services.alerts.judging.judge import Tally, convene, judge_county, lock_out_learning
from services.alerts.models.watch import Rule
from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.rules.rules import newest_rules, ship
from services.cli import postgres
from services.cli.migrate import migrate_all
from services.county.days import count_days
from services.kit.store.db import connect, open_session
from services.kit.store.tables import Day, Standard

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone(timedelta(hours=8)))
COPY = f"COPY household_facts ({', '.join(COLUMNS)}) FROM STDIN (FORMAT csv, HEADER)"
TASKS = "task, task_reason, task_step, task_visit, task_quiet, task_case, task_escalation"
WRITTEN = f"alert, finding, event, delivery, limit_alert, {TASKS}"
Found = set[tuple[str, UUID]]


@dataclass
class Ground:
    """The service's engine, with the rights of its role; and a connection that may also checkpoint."""

    engine: Engine
    plain: psycopg.Connection
    duck: Any
    rules: Sequence[Rule]
    file: Path

    def clear(self) -> None:
        """No alerts, nothing left to vacuum, nothing left to write back: where every turn starts."""
        for statement in (f"TRUNCATE {WRITTEN}", f"VACUUM (ANALYZE) {WRITTEN}", "CHECKPOINT"):
            self.plain.execute(statement.encode())

    def found(self, table: str) -> Found:
        query = f"SELECT rule_key, subject FROM {table} WHERE closed_at IS NULL"  # noqa: S608  # alert or limit_alert
        return set(self.plain.execute(query.encode()).fetchall())

    def sweep(self) -> Tally:
        """The judging of households as the worker does it, with the lock against learning, commit included."""
        with open_session(self.engine) as session, session.begin():
            lock_out_learning(session, COUNTY)
            return judge_county(session, convene(session, HOUSEHOLD, COUNTY, NOW.date(), NOW))

    def write_limit(self) -> None:
        limit.write_alerts(self.duck, self.plain, self.rules, self.file)

    def walk(self, most: int) -> tuple[int, UUID]:
        return orm_loop.walk(self.engine, self.rules, most, NOW)


@contextmanager
def prepared(size: int, seed: int) -> Iterator[Ground]:
    """The server's settings are those of `shouwang run`: fsync and synchronous commit are on."""
    with postgres.throwaway() as (cluster, port), TemporaryDirectory(prefix="shouwang-") as folder:
        postgres.create_databases(cluster, port, ["alerts"])
        owner = cluster.dsn(port, "alerts", "alerts")
        migrate_all({"alerts": owner})
        engine = connect(owner)
        with postgres.connect(cluster.dsn(port, "alerts")) as plain:
            yield load(engine, plain, Path(folder), size, seed)
        engine.dispose()


def load(engine: Engine, plain: psycopg.Connection, folder: Path, size: int, seed: int) -> Ground:
    households = folder / "households.csv"
    write_households(households, size, seed)
    with households.open("rb") as rows, plain.cursor().copy(COPY.encode()) as copy:
        while block := rows.read(1 << 20):
            copy.write(block)
    plain.execute("VACUUM (ANALYZE) household_facts")
    plain.execute(limit.TABLE)
    ship(engine, NOW)
    with open_session(engine) as session, session.begin():
        session.add_all(standard(key, value) for key, value in STANDARDS.items())
        session.add_all(calendar())
        rules = newest_rules(session, HOUSEHOLD)
    return Ground(engine, plain, limit.load(households), rules, folder / "fired.csv")


def calendar(year: int = NOW.year) -> Iterator[Day]:
    for day, working, ordinal, provisional, source in count_days(year, {}):
        yield Day(date=day, working=working, ordinal=ordinal, provisional=provisional, source=source, version=1)


def standard(key: str, value: int) -> Standard:
    return Standard(
        key=key,
        division=COUNTY,
        valid=Range(date(2026, 1, 1), None),
        value=Decimal(value),
        unit="分",
        document_no=f"示例〔2026〕{key}",
        version=1,
    )
