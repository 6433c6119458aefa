"""A month of SIZE cadres frozen, beside a bare INSERT … SELECT of the rows that come of it. One JSON line.

Ours is `freeze`, as the request of a township runs it, commit included: the days of each cadre by the rule, lines,
digests, rates, days that are paid. Then the month after, when a hundredth of the cadres turn out different (`later_s`).
The limit copies the lines and allowances, which are there already, into tables of the same columns and indexes.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import Engine, text
from sqlmodel import Session

from bench.county import COUNTY
from bench.ground import NOW, calendar
from bench.morning import load as machine_load
from services.attendance.months.freezing import freeze
from services.attendance.months.reckoning import DIGESTS, LINES, OF_THE_MONTH
from services.cli import postgres
from services.cli.migrate import migrate_all
from services.kit.store.db import connect, open_session

FLOORS = {"ratio": 0.05}
MONTH, AFTER = date(2026, 9, 1), date(2026, 10, 1)
FILL = """
    INSERT INTO unit (id, name) SELECT md5('u' || n)::uuid, 'unit ' || n FROM generate_series(0, 199) n;
    INSERT INTO team (id, name, village)
        SELECT md5('t' || n)::uuid, 'team ' || n, '{county}' || lpad(n::text, 6, '0')
        FROM generate_series(0, {teams} - 1) n;
    INSERT INTO cadre (id, name, sealed_mobile, mobile_index, unit_id)
        SELECT md5('c' || n)::uuid, 'cadre ' || n, '', sha256(n::text::bytea), md5('u' || n % 200)::uuid
        FROM generate_series(0, {size} - 1) n;
    INSERT INTO posting (id, cadre_id, team_id, role, valid)
        SELECT gen_random_uuid(), md5('c' || n)::uuid, md5('t' || n / 4)::uuid,
               CASE n % 4 WHEN 0 THEN 'captain' ELSE 'member' END, '[2026-01-01,)'
        FROM generate_series(0, {size} - 1) n;
    INSERT INTO day_status (cadre_id, day, status, evidence)
        SELECT md5('c' || n)::uuid, d::date,
               CASE (n + extract(day FROM d)::int) % 10 WHEN 0 THEN 'uncertain' ELSE 'present' END, '{{}}'
        FROM generate_series(0, {size} - 1) n, generate_series(date '2026-09-01', '2026-10-31', '1 day') d
        WHERE (n * 7 + extract(day FROM d)::int) % 3 > 0;
    INSERT INTO leave (id, cadre_id, team_id, village, kind, official, first_day, last_day, covers, days, working_only,
                       chain, document_no, approvals, state, requested_by, requested_at, changed_at)
        SELECT gen_random_uuid(), cadre_id, team_id, '{county}000000', 'annual', false, '2026-09-07', '2026-09-11',
               '[2026-09-07,2026-09-12)', 5, false, '{{township}}', 'x', 1, 'approved', 'x', '2026-09-01', '2026-09-01'
        FROM posting WHERE role = 'captain';
    INSERT INTO standard (id, key, division, population_class, valid, value, unit, document_no, source, version)
        VALUES (gen_random_uuid(), 'allowance_rate', '{county}', '', '[2026-01-01,2026-09-16)', 3000, '', 'one', '', 1),
               (gen_random_uuid(), 'allowance_rate', '{county}', '', '[2026-09-16,)', 10000, '', 'two', '', 1),
               (gen_random_uuid(), 'allowance_counts', '{county}', 'present', '[2026-01-01,)', 1, '', 'one', '', 1),
               (gen_random_uuid(), 'allowance_counts', '{county}', 'official', '[2026-01-01,)', 1, '', 'one', '', 1);
    CREATE TABLE limit_line (LIKE month_line INCLUDING ALL);
    CREATE TABLE limit_allowance (LIKE allowance_line INCLUDING ALL);
"""
CONFIRM = text(
    "WITH "  # noqa: S608  # our own words
    + OF_THE_MONTH
    + ", "
    + LINES
    + ", "
    + DIGESTS
    + """ INSERT INTO month_sheet (team_id, month, village, digest, confirmed_by, confirmed_at)
    SELECT team_id, CAST(:month AS date), village, digest, 'a captain', :now
    FROM digested JOIN team ON team.id = team_id
    """
)
LATER = text(
    """
    INSERT INTO day_correction (id, cadre_id, village, day, status, because, evidence, recorded_by, recorded_at, state,
                                decided_by, decided_at)
    SELECT gen_random_uuid(), id, '', '2026-09-15', 'no_evidence', 'forgotten', 'register', 'x', :now, 'approved',
           'y', :now
    FROM cadre ORDER BY id LIMIT :some
    """
)
WRITTEN = "month_sheet, month_line, allowance_line, day_correction, limit_line, limit_allowance"


@dataclass(frozen=True)
class Ground:
    engine: Engine
    plain: psycopg.Connection
    size: int

    def clear(self) -> None:
        for statement in (f"TRUNCATE {WRITTEN}", f"VACUUM (ANALYZE) {WRITTEN}", "CHECKPOINT"):
            self.plain.execute(statement.encode())

    def confirmed(self, month: date, last: date) -> None:
        with open_session(self.engine) as session, session.begin():
            teams = list(session.scalars(text("SELECT id FROM team")))
            session.execute(CONFIRM, {"month": month, "last": last, "teams": teams, "now": NOW})

    def frozen(self, month: date) -> float:
        def work(session: Session) -> None:
            if len(freeze(session, month, COUNTY, "a county", NOW)) != self.size // 4:
                raise SystemExit("teams were left out: this compares nothing")

        return self.timed(work)

    def copied(self) -> float:
        began = time.perf_counter()
        with self.plain.transaction():
            self.plain.execute(b"INSERT INTO limit_line SELECT * FROM month_line")
            self.plain.execute(b"INSERT INTO limit_allowance SELECT * FROM allowance_line")
        return time.perf_counter() - began

    def timed(self, work: Callable[[Session], None]) -> float:
        began = time.perf_counter()
        with open_session(self.engine) as session, session.begin():
            work(session)
        return time.perf_counter() - began

    def count(self, query: str) -> int:
        return int(self.plain.execute(query.encode()).fetchall()[0][0])


@contextmanager
def prepared(size: int) -> Iterator[Ground]:
    """The server's settings are those of `shouwang run`: fsync and synchronous commit are on."""
    with postgres.throwaway() as (cluster, port):
        postgres.create_databases(cluster, port, ["attendance"])
        owner = cluster.dsn(port, "attendance", "attendance")
        migrate_all({"attendance": owner})
        engine = connect(owner)
        with open_session(engine) as session, session.begin():
            session.add_all(calendar())
        with postgres.connect(cluster.dsn(port, "attendance")) as plain:
            plain.execute(FILL.format(size=size, teams=size // 4, county=COUNTY).encode())
            plain.execute(b"VACUUM (ANALYZE)")
            yield Ground(engine, plain, size)
        engine.dispose()


def turn(ground: Ground) -> dict[str, float]:
    ground.clear()
    ground.confirmed(MONTH, date(2026, 9, 30))
    ours = ground.frozen(MONTH)
    limit = ground.copied()
    with open_session(ground.engine) as session, session.begin():
        session.execute(LATER, {"now": NOW, "some": ground.size // 100})
    ground.confirmed(AFTER, date(2026, 10, 31))
    return {"ours_s": ours, "limit_s": limit, "later_s": ground.frozen(AFTER)}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=60_000, help="cadres, four to a team")
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    began = machine_load()
    with prepared(asked.size) as ground:
        turns = [turn(ground) for _ in range(asked.turns)]
        lines = ground.count("SELECT count(*) FROM month_line WHERE month = of_month")
        different = ground.count("SELECT count(*) FROM month_line WHERE month > of_month")
        amounts = ground.count("SELECT count(*) FROM allowance_line")
    figures: dict[str, Any] = {name: round(median(one[name] for one in turns), 3) for name in turns[0]}
    ratio = round(median(one["limit_s"] / one["ours_s"] for one in turns), 3)
    line = {"cadres": asked.size, "ratio": ratio, **figures, "lines": lines, "different": different, "amounts": amounts}
    sys.stdout.write(
        json.dumps(line | {"turns": asked.turns, "floors": FLOORS, "load": [began, machine_load()]}) + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
