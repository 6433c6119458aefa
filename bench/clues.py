"""A department's clues taken in, matched and folded into visits as the worker does it, beside a bare COPY of the rows.

The COPY writes what our tables hold in the end, sealed before the clock starts, into tables of the same columns, keys
and indexes, in one transaction: batches' lines, clues, readings, tasks with their reasons, and events. Ours reads
NDJSON in batches of 50,000 lines, judges each line, seals it, asks households' own code for each number (in this
process, its database on the same server, nine of ten people known), sets levels, tells of each match, and folds what
stands over its threshold (half of them) into one visit a household. `ratio` is the COPY's time ÷ ours; `again_s` is the
same batches sent and folded once more as next month's figures.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Engine, text

from bench.bare import Written, columns_of, copied
from bench.register import number_of, write_register
from services.alerts.clues.batches import store
from services.alerts.clues.contents import MOST_LINES
from services.alerts.clues.kinds import ship
from services.alerts.clues.taking import Taking
from services.alerts.models.clues import ClueBatch
from services.alerts.tasks.later import FOLD, folds
from services.cli import postgres
from services.cli.migrate import migrate_all
from services.cli.secret_files import add_key
from services.households.register.matches import MatchesIn, found_among
from services.kit.post.peers import Peer
from services.kit.starting import collect_seldom
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.suites import SUITES

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
COUNTY = "520621"
SERVICES = ["households", "alerts"]
UNKNOWN = 10  # one of so many is in no register
TABLES = ("clue", "clue_row", "clue_reading", "task", "task_reason", "event")
STANDARDS = text(
    """
    INSERT INTO standard (id, key, division, population_class, valid, value, unit, document_no, source, version)
    SELECT gen_random_uuid(), key, '520621', '', daterange('2025-01-01', NULL), value, '', '示例', '', 1
    FROM (VALUES ('clue_data_days', 120), ('clue_kept_days', 90), ('clue_medical', 2000000), ('task_days_high', 3),
                 ('task_days_medium', 5), ('task_days_low', 10)) AS said (key, value)
    """
)
DAYS = text(
    """
    INSERT INTO day (date, working, ordinal, provisional, source, version)
    SELECT CAST(at AS date), true, row_number() OVER (ORDER BY at), false, '', 1
    FROM generate_series(timestamp '2026-01-01', '2027-12-31', '1 day') AS at
    """
)
FACTS = b"INSERT INTO household_facts (subject, county, division, version) SELECT one, '520621', '520621001005', 1"
FLOORS = {"ratio": 0.33}


class Register(Peer):
    """Households' own code, asked without a network."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self.name, self._engine, self._seal = "households", engine, seal

    def post(self, path: str, body: Any) -> Any:
        asked = MatchesIn.model_validate_json(json.dumps(body))
        told: list[Any] = [{"outcome": "unknown", "household": None, "village": None}] * len(asked.persons)
        with open_session(self._engine) as session:
            for place, match in found_among(session, self._seal, asked.persons, demo=True):
                told[place] = match.model_dump(mode="json")
        return {"matches": told}


def lines(size: int, day: str) -> Iterator[bytes]:
    """Each of another person; a tenth is of people nobody knows."""
    for start in range(0, size, MOST_LINES):
        yield b"\n".join(line(n, day) for n in range(start, min(start + MOST_LINES, size)))


def line(n: int, day: str) -> bytes:
    person = n if n % UNKNOWN else 10_000_000 + n
    said = {
        "record_id": f"A-{n}", "kind": "medical_self_pay", "id_number": number_of(person), "name": "示甲",
        "place": "520621001005", "data_on": day, "amount": f"{n % 40_000}.50", "unit": "元",
        "semantics": "cumulative", "threshold_version": "示例", "tier": "county",
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False).encode()


@contextmanager
def databases() -> Iterator[tuple[dict[str, Engine], psycopg.Connection]]:
    """Durable, migrated, and the county's standards in it."""
    with postgres.throwaway() as (cluster, port):
        postgres.create_databases(cluster, port, SERVICES)
        migrate_all({name: cluster.dsn(port, name, name) for name in SERVICES})
        engines = {name: connect(cluster.dsn(port, name, name)) for name in SERVICES}
        ship(engines["alerts"])
        with open_session(engines["alerts"]) as session, session.begin():
            session.execute(STANDARDS)
            session.execute(DAYS)
        with postgres.connect(cluster.dsn(port, "alerts")) as plain:
            yield engines, plain
        for engine in engines.values():
            engine.dispose()


def sent(engine: Engine, seal: Seal, content: bytes) -> UUID:
    """As the endpoint does it."""
    batch = ClueBatch(
        id=uuid4(), department="medical", sender="medical-system", county=COUNTY, content=b"",
        lines=content.count(b"\n") + 1, received_at=NOW,
    )  # fmt: skip
    with open_session(engine) as session, session.begin():
        return store(session, seal, batch, content).id


def taken(engine: Engine, seal: Seal, register: Peer, size: int, day: str) -> float:
    """Seconds from the first claim to the end of the last, and of the fold they ask for."""
    batches = [sent(engine, seal, content) for content in lines(size, day)]
    began = time.perf_counter()
    for batch in batches:
        if problem := Taking(engine, seal, register, True).take(str(batch), NOW):
            raise AssertionError(problem)
    folds(engine)[FOLD](COUNTY, NOW)
    return time.perf_counter() - began


def learn_of(engines: dict[str, Engine], plain: psycopg.Connection) -> None:
    """Alerts knows every household, as it would."""
    with open_session(engines["households"]) as session:
        ids = [str(one) for one in session.scalars(text("SELECT id FROM household"))]
    plain.execute(FACTS + b" FROM unnest(CAST(%s AS uuid[])) AS one", [ids])
    plain.execute(b"VACUUM (ANALYZE)")


def measure(size: int) -> dict[str, object]:
    with TemporaryDirectory(prefix="shouwang-clues-") as place, databases() as (engines, plain):
        add_key(Path(place), SUITES["international"])
        seal = Seal.read(Path(place))
        write_register(engines["households"], seal, size)
        learn_of(engines, plain)
        say(f"{size} persons are there")
        register = Register(engines["households"], seal)
        took = taken(engines["alerts"], seal, register, size, "2026-10-31")
        states = dict(plain.execute("SELECT state, count(*) FROM clue GROUP BY 1").fetchall())
        (folded,) = plain.execute("SELECT count(*), count(DISTINCT task_id) FROM task_reason").fetchall()
        say(f"stored, matched and folded in {took:.1f} s: {states}, {folded[0]} reasons of {folded[1]} visits")
        over = plain.execute("SELECT count(*), count(DISTINCT household) FROM clue WHERE level = 'over'").fetchall()
        if states != {"matched": size - size // UNKNOWN, "unmatched": size // UNKNOWN} or over != [folded]:
            raise AssertionError((states, over, folded))
        tables: Written = [(name, columns_of(plain, name)) for name in TABLES]
        plain.execute(b"VACUUM (ANALYZE)")
        bare = copied(plain, tables)
        again = taken(engines["alerts"], seal, register, size, (NOW.date() - timedelta(1)).isoformat())
    return {
        "bench": "clues", "size": size, "ratio": round(bare / took, 3), "took_s": round(took, 2),
        "copy_s": round(bare, 2), "again_s": round(again, 2),
        "clues_per_s": round(size / took), "floors": FLOORS,
        "load": [round(one, 1) for one in os.getloadavg()],
    }  # fmt: skip


def say(said: str) -> None:
    sys.stderr.write(f"{said}\n")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--size", type=int, default=100_000)
    collect_seldom()
    sys.stdout.write(json.dumps(measure(asked.parse_args().size)) + "\n")


if __name__ == "__main__":
    main()
