"""Files as large as they may be, taken in as the worker does it, beside a bare COPY of the same rows.

The COPY writes what our tables hold in the end, sealed before the clock starts, into tables of the same columns, keys
and indexes, in one transaction. `ratio` is its time ÷ ours; higher is better. Ours reads the file, judges each row,
seals, computes facts, tells of them and notes a verdict per row. `xlsx` is a bare calamine's time for the file ÷ that
of our reader, which checks it first and works in a process of its own. `peak_mib` is the most this process held.
"""

import argparse
import csv
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import psycopg
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine, text
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from bench.bare import Written, copied
from bench.register import number_of
from services.cli import postgres
from services.cli.migrate import migrate_all
from services.cli.secret_files import add_key
from services.households.imports import households as import_households
from services.households.imports import members as import_members
from services.households.imports.batches import MOST_ROWS
from services.households.imports.job import Taking, take_file
from services.households.models.imports import FILE_PIECE, ImportBatch, ImportPiece
from services.households.pieces import keep_file
from services.kit.starting import collect_seldom
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.suites import SUITES
from services.kit.web.sheets import read_sheet

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
FAMILY = 4
FLOORS = {"ratio_households": 0.35, "ratio_members": 0.15, "ratio_xlsx": 0.6}
HOUSEHOLDS: Written = [
    ("household", ("id", "number", "village", "group_name", "head_name", "sealed_phone", "housing_grade",
                   "safe_water", "created_at")),
]  # fmt: skip
MEMBERS: Written = [
    ("person", ("id", "name", "sealed_id_number", "id_index", "birth_date", "sex", "schooling", "insured")),
    ("membership", ("id", "household_id", "person_id", "relation", "valid")),
]


def households(size: int) -> bytes:
    made = io.BytesIO()
    with Workbook(made, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, import_households.HEADERS)
        for n in range(size):
            row = (f"R{n}", f"520621001{n % 999:03}", "一组", "示甲", f"1{n:010}", "一般农户", "否", "A", "是")
            sheet.write_row(n + 1, 0, row)
    return made.getvalue()


def members(size: int) -> bytes:
    made = io.StringIO()
    rows = ((f"R{n // FAMILY}", "示甲", number_of(n), "其他", "", "", "非在校", "是") for n in range(size))
    lines = csv.writer(made)
    lines.writerow(import_members.HEADERS)
    lines.writerows(rows)
    return made.getvalue().encode()


def taken_in(engine: Engine, seal: Seal, kind: str, content: bytes) -> float:
    """Seconds from the claim to the end."""
    batch = ImportBatch(kind=kind, asked_by="clerk", roles=["county"], sha256="", mapping={}, created_at=NOW)
    with open_session(engine) as session, session.begin():
        session.add(batch)
        session.flush()
        keep_file(session, seal, FILE_PIECE, ImportPiece, content, batch_id=batch.id)
    began = time.perf_counter()
    problem = take_file(Taking(engine, seal.pinned(), True, NOW, batch.id))
    took = time.perf_counter() - began
    with open_session(engine) as session:
        done = session.get_one(ImportBatch, batch.id)
        if problem or done.refused or not done.stored:
            raise AssertionError(f"{kind}: {problem}, {done.refused} rows refused")
    return took


def peak_of(work: Callable[[], float]) -> tuple[float, int]:
    """Seconds, and the most this process held meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")
    took = work()
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return took, int(held.split()[1]) // 1024


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def read_in_turns(content: bytes) -> tuple[float, float]:
    """Seconds of our reader, and of a bare one."""
    return timed(lambda: our_reader(content)), timed(lambda: bare_calamine(content))


def bare_calamine(content: bytes) -> int:
    return sum(1 for _ in CalamineWorkbook.from_object(io.BytesIO(content)).get_sheet_by_index(0).iter_rows())


def our_reader(content: bytes) -> int:
    return sum(1 for _ in read_sheet(content, import_households.HEADERS, most=MOST_ROWS))


@contextmanager
def database() -> Iterator[tuple[Engine, psycopg.Connection]]:
    """Durable, migrated, and a county's office in it."""
    with postgres.throwaway() as (cluster, port):
        postgres.create_databases(cluster, port, ["households"])
        migrate_all({"households": cluster.dsn(port, "households", "households")})
        engine = connect(cluster.dsn(port, "households", "households"))
        with open_session(engine) as session, session.begin():
            session.execute(
                text(
                    "INSERT INTO access_grant (id, holder, role, kind, place, owner, source, valid, version, revoked)"
                    " VALUES (gen_random_uuid(), 'clerk', 'county', 'division', '520621', 'county', '示例',"
                    " daterange('2026-01-01', NULL), 1, false)"
                )
            )
        with postgres.connect(cluster.dsn(port, "households")) as plain:
            yield engine, plain
        engine.dispose()


def measure(size: int) -> dict[str, object]:
    said: dict[str, object] = {"bench": "import", "size": size}
    with TemporaryDirectory(prefix="shouwang-imports-") as place, database() as (engine, plain):
        add_key(Path(place), SUITES["international"])
        seal = Seal.read(Path(place))
        for kind, make, tables in (("households", households, HOUSEHOLDS), ("members", members, MEMBERS)):
            content = make(size)
            ours, peak = peak_of(lambda kind=kind, content=content: taken_in(engine, seal, kind, content))  # type: ignore[misc]
            plain.execute(b"VACUUM (ANALYZE)")
            bare = copied(plain, tables)
            sys.stderr.write(f"{kind}: {ours:.1f} s, bare {bare:.1f} s\n")
            said[f"ratio_{kind}"] = round(bare / ours, 3)
            said |= {f"{kind}_s": round(ours, 2), f"{kind}_copy_s": round(bare, 2), f"{kind}_peak_mib": peak}
            said[f"{kind}_rows_per_s"] = round(size / ours)
            said[f"{kind}_bytes"] = len(content)
            if kind == "households":
                reader, calamine = (
                    median(took) for took in zip(*(read_in_turns(content) for _ in range(3)), strict=True)
                )
                said |= {"ratio_xlsx": round(calamine / reader, 3), "xlsx_s": round(reader, 2)}
    return said | {"floors": FLOORS, "load": [round(one, 1) for one in os.getloadavg()]}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--size", type=int, default=MOST_ROWS)
    collect_seldom()
    sys.stdout.write(json.dumps(measure(min(asked.parse_args().size, MOST_ROWS))) + "\n")


if __name__ == "__main__":
    main()
