"""What an audited write costs beside a plain one, and how fast the chain is verified. One JSON line.

A write inserts one event and commits, durably. The ways take turns in the same run, with as many threads as a request
pool has: plain, audited by one slot (an API process), and by two slots. Verifying is timed over `--size` lines.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import Engine, text

from services.cli import postgres
from services.cli.audit import verify_file
from services.cli.audit_chain import check_database, export
from services.cli.migrate import migrate_all
from services.kit.post.events import emit
from services.kit.store.audit import Line, note
from services.kit.store.db import POOL, connect, open_session

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
TURNS, SECONDS = 5, 2.0
FILL = text(
    """
    SELECT audit_append('filled', (SELECT jsonb_agg(jsonb_build_object('at', '2026-11-21T01:00:00Z',
        'actor', gen_random_uuid(), 'rights', 'township', 'action', 'GET /v1/households/{household_id}',
        'objects', ARRAY[gen_random_uuid()], 'division', '520621001005', 'status', 200, 'code', '', 'request_id', '',
        'source', '10.1.2.3', 'detail', '{}')) FROM generate_series(1, :lines)))
    """
)


def line() -> Line:
    return Line(
        datetime.now(UTC),
        str(uuid4()),
        "POST /v1/check-ins",
        "cadre",
        [str(uuid4())],
        "520621001005",
        201,
        source="::1",
    )


def writes(engines: list[Engine], audited: bool) -> float:
    """Committed writes a second, of all threads together."""
    end = time.perf_counter() + SECONDS

    def work(thread: int) -> int:
        done = 0
        while time.perf_counter() < end:
            with open_session(engines[thread % len(engines)]) as session, session.begin():
                emit(session, "thing.done", str(thread), NOW, division="520621")
                if audited:
                    note(session, line())
            done += 1
        return done

    with ThreadPoolExecutor(POOL) as threads:
        return sum(threads.map(work, range(POOL))) / SECONDS


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_writes(engine: Engine) -> dict[str, float]:
    slots: list[Engine] = [engine.execution_options(audit_slot=f"bench-{number}") for number in range(2)]
    ways: dict[str, tuple[list[Engine], bool]] = {
        "plain": ([engine], False),
        "audited": (slots[:1], True),
        "two_slots": (slots, True),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(TURNS):
        for way, (engines, audited) in ways.items():
            rates[way].append(writes(engines, audited))
    return {f"{way}_per_s": round(median(found)) for way, found in rates.items()}


def measure_checks(engine: Engine, size: int, folder: Path) -> dict[str, float]:
    with engine.begin() as connection:
        for _ in range(size // 10_000):
            connection.execute(FILL, {"lines": 10_000})
        lines = int(connection.execute(text("SELECT count(*) FROM audit")).scalar_one())
    file = folder / "audit.ndjson"
    with engine.connect() as connection, file.open("w") as out:
        out.writelines(json.dumps(part, ensure_ascii=False) + "\n" for part in export(connection))
    with engine.connect() as connection:
        online = timed(lambda: check_database(connection, []))
    start, offline = time.process_time(), timed(lambda: verify_file(file, [], folder))
    return {
        "lines": lines,
        "verify_per_s": round(lines / online),
        "verify_file_per_s": round(lines / offline),
        "verify_file_per_cpu_s": round(lines / (time.process_time() - start)),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=300_000)
    size = parser.parse_args().size
    with postgres.throwaway() as (cluster, port), TemporaryDirectory(prefix="shouwang-") as folder:
        postgres.create_databases(cluster, port, ["households"])
        dsn = cluster.dsn(port, "households", "households")
        migrate_all({"households": dsn})
        engine = connect(dsn)
        figures = measure_writes(engine) | measure_checks(engine, size, Path(folder))
        engine.dispose()
    ratio = round(figures["audited_per_s"] / figures["plain_per_s"], 3)
    sys.stdout.write(json.dumps({"bench": "audit", "ratio": ratio, **figures, "threads": POOL, "turns": TURNS}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
