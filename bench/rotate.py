"""The keys of a register changed while clerks upload files: how long, how many rows a second, and who noticed.

Two writers upload eleven rows at a time, ten known persons anywhere in the register and a new one, as the endpoint
does it. In the line that is printed `errors` are uploads that failed or refused a row; `doubled` are persons that stand
twice; `behind` are rows not under the new key; `calm_ms` and `busy_ms` are medians of an upload before and during.
"""

import argparse
import csv
import io
import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from bench.register import household_of, number_of, write_register
from services.cli.migrate import migrate_all
from services.cli.postgres import create_databases, throwaway
from services.cli.secret_files import add_key
from services.households.facts import facts_changed_in_bulk
from services.households.imports.members import HEADERS, take
from services.households.imports.upload import Upload
from services.households.models import SEALED
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.rotation import ask_to_rotate, left, rotate
from services.kit.store.scope import Scope
from services.kit.store.suites import SUITES
from services.kit.web.sheets import read_sheet

WRITERS = 2
CALM = 5.0  # seconds of uploads before the rotation
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


class Clerks:
    """They upload until the end of the `with`. `times` holds seconds of each upload by its end."""

    def __init__(self, engine: Engine, seal: Seal, persons: int) -> None:
        self.engine, self.seal, self.persons = engine, seal, persons
        self.times: list[tuple[float, float]] = []
        self.failed: list[str] = []
        self._over = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator["Clerks"]:
        threads = [threading.Thread(target=self.write, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def write(self, clerk: int) -> None:
        turn = 0
        while not self._over.is_set():
            turn += 1
            known = {(clerk * 7919 + turn * 7907 + step * 997_001) % self.persons for step in range(10)}
            rows = [row_of(household_of(person), number_of(person), turn) for person in sorted(known)]
            new = row_of("R0", number_of(self.persons + clerk * 1_000_000 + turn), turn)
            began = time.perf_counter()
            self.failed += self.upload([*rows, new])
            self.times.append((time.perf_counter(), time.perf_counter() - began))

    def upload(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """As the endpoint does; answers what went wrong."""
        try:
            with open_session(self.engine) as session, session.begin():
                everywhere = Scope("clerk", NOW.date(), divisions=("",))
                upload = Upload(session, everywhere, self.seal.pinned(), "clerk", NOW.date(), NOW, True)
                verdicts, changed, *_ = take(upload, list(read_sheet(csv_of(rows), HEADERS)))
                facts_changed_in_bulk(session, changed, NOW)
        except Exception as error:  # whatever it is, it is the figure
            return [type(error).__name__]
        return [verdict.outcome for verdict in verdicts if verdict.outcome == "refused"]


def row_of(household: str, number: str, turn: int) -> tuple[str, ...]:
    return (household, "示甲", number, "户主", "", "", "非在校", "是" if turn % 2 else "否")


def csv_of(rows: Sequence[Sequence[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows((HEADERS, *rows))
    return written.getvalue().encode()


@contextmanager
def database() -> Iterator[Engine]:
    """Durable, migrated and empty."""
    with throwaway() as (cluster, port):
        create_databases(cluster, port, ["households"])
        migrate_all({"households": cluster.dsn(port, "households", "households")})
        engine = connect(cluster.dsn(port, "households", "households"))
        try:
            yield engine
        finally:
            engine.dispose()


def measure(size: int, suite: str) -> dict[str, object]:
    with TemporaryDirectory(prefix="shouwang-keys-") as place, database() as engine:
        add_key(Path(place), SUITES[suite])
        seal = Seal.read(Path(place))
        write_register(engine, seal, size)
        say(f"{size} persons are there")
        clerks = Clerks(engine, seal, size)
        with clerks.at_work():
            time.sleep(CALM)
            add_key(Path(place), SUITES[suite])
            began = time.perf_counter()
            rotate(engine, seal, SEALED, str(ask_to_rotate(engine, seal, NOW)), NOW)
            ended = time.perf_counter()
        rotate(engine, seal, SEALED, "2 again", NOW)
        return {"bench": "rotate", "size": size, "suite": suite} | figures(clerks, began, ended)


def figures(clerks: Clerks, began: float, ended: float) -> dict[str, object]:
    counted = partial(one_number, clerks.engine)
    rows = counted("SELECT moved FROM field_key WHERE number = 2")
    calm = [took for at, took in clerks.times if at < began]
    busy = [took for at, took in clerks.times if began < at < ended]
    expected = clerks.persons + len(clerks.times)
    return {
        "rows": rows,
        "seconds": round(ended - began, 2),
        "rows_per_s": round(rows / (ended - began)),
        "uploads_meanwhile": len(busy),
        "errors": len(clerks.failed),
        "doubled": counted("SELECT count(*) FROM person") - expected,
        "behind": sum(left(clerks.engine, clerks.seal, column) for column in SEALED),
        "calm_ms": round(median(calm) * 1000),
        "busy_ms": round(median(busy) * 1000) if busy else None,
    }


def one_number(engine: Engine, query: str) -> int:
    with open_session(engine) as session:
        return int(session.execute(text(query)).scalar_one())


def say(what: str) -> None:
    sys.stderr.write(what + "\n")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--size", type=int, default=300_000)
    asked.add_argument("--suite", choices=sorted(SUITES), default="international")
    told = asked.parse_args()
    sys.stdout.write(json.dumps(measure(told.size, told.suite)) + "\n")


if __name__ == "__main__":
    main()
