"""Random kill -9 of every kind of process, PostgreSQL among them, while clients write; then the books are compared.

    python -m tests.chaos --kills 200 --seed 1

One JSON line on stdout. `lost` is what was acknowledged and is not there, or must follow from it and does not;
`invented` what is there and nobody sent; exit 1 unless these and `duplicate_alerts` are 0.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psycopg

from tests.chaos.ledger import Ledger
from tests.chaos.look import Databases
from tests.chaos.model import most_openings, must_be_open
from tests.chaos.writers import Writer
from tests.outside.test_straight_line import unmonitored
from tests.outside.watched_county import PROCESSES, WatchedCounty, wait_for, watched_county

BURST = 8  # kills between two looks at how long it takes until all is quiet again
WRITERS = 3  # of statements, each with families of its own; one more writes check-ins
FAMILIES = 8  # each
PATIENCE = 120.0  # seconds for all to be up and nothing owed


@dataclass
class Chaos:
    county: WatchedCounty
    databases: Databases
    writers: Sequence[Writer]
    rng: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)

    def run(self, kills: int) -> None:
        for writer in self.writers:
            writer.start()
        turns = list(self.turns(kills))
        for start in range(0, kills, BURST):
            self.go(on=True)
            for name in turns[start : start + BURST]:
                time.sleep(self.rng.uniform(0.1, 2.0))
                self.kill(name)
            self.recover()
            sys.stderr.write(f"{sum(self.kills.values())} kills, quiet after {self.recoveries[-1]:.1f} s\n")

    def turns(self, kills: int) -> Iterator[str]:
        """Every kind as often as any other, in random order."""
        names = sorted(self.county.processes())
        while kills > 0:
            self.rng.shuffle(names)
            yield from names[:kills]
            kills -= len(names)

    def kill(self, name: str) -> None:
        wait_for(lambda: name in self.county.processes(), PATIENCE)
        os.kill(self.county.processes()[name]["pid"], signal.SIGKILL)
        self.kills[name] += 1

    def recover(self) -> None:
        """From the last kill until every process is ready and nothing is owed; writers finish what they began."""
        began = time.monotonic()
        self.go(on=False)
        wait_for(lambda: all(writer.resting.is_set() for writer in self.writers) and self.quiet(), PATIENCE)
        self.recoveries.append(time.monotonic() - began)
        failed = [writer.failure for writer in self.writers if writer.failure]
        if failed:
            raise failed[0]

    def go(self, *, on: bool) -> None:
        for writer in self.writers:
            if on:
                writer.resting.clear()
                writer.running.set()
            else:
                writer.running.clear()

    def quiet(self) -> bool:
        try:
            return len(self.county.processes()) == PROCESSES and self.databases.backlog() == 0
        except psycopg.OperationalError:
            return False

    def stop(self) -> None:
        for writer in self.writers:
            writer.ended.set()
        for writer in self.writers:
            writer.join(10)


def prepared(county: WatchedCounty, seed: int) -> tuple[Chaos, set[str]]:
    office = county.office("county")
    families = unmonitored(office, WRITERS * FAMILIES)
    ledger = Ledger(county.state / "ledger.jsonl")
    ledger.path.touch()
    mine = [families[n * FAMILIES : (n + 1) * FAMILIES] for n in range(WRITERS)]
    writers = [Writer(county.signed_in("county"), ledger, some, seed + n) for n, some in enumerate(mine)]
    writers.append(Writer(county.signed_in("cadre"), ledger, [], seed))
    port = urlsplit(county.processes()["postgres"]["url"] or "").port or 0
    databases = Databases(county.state, port)
    return Chaos(county, databases, writers, random.Random(seed)), set(databases.open_income_alerts())


def compare(chaos: Chaos, ledger: Ledger, before: "Before") -> dict[str, int]:
    """The books against what is there."""
    acked, sent, look = ledger.read("acked"), ledger.read("sent"), chaos.databases
    there = {"statement": look.ids("households", "statement"), "check_in": look.ids("attendance", "check_in")}
    lost = [write for write in acked if write.id not in there[write.kind]]
    meant = {write.id for write in sent}
    invented = sum(len(ids - before.ids[kind] - meant) for kind, ids in there.items())
    open_now = set(look.open_income_alerts())
    expected = must_be_open(acked)
    openings = look.income_openings()
    most = most_openings(acked, before.open)
    heard = Counter(event["id"] for event in chaos.county.heard())
    told = {event["subject"] for event in chaos.county.heard() if event["type"] == "check_in.recorded"}
    return {
        "acked": len(acked),
        "lost": len(lost)
        + sum(poor and family not in open_now for family, poor in expected.items())
        + sum(write.id not in told for write in acked if write.kind == "check_in"),
        "invented": invented
        + sum(not poor and family in open_now for family, poor in expected.items())
        + sum(max(0, openings.get(f, 0) - before.openings.get(f, 0) - most[f]) for f in most),
        "duplicate_alerts": look.doubled_alerts(),
        "wire_duplicates": sum(heard.values()) - len(heard),
    }


@dataclass(frozen=True)
class Before:
    ids: dict[str, set[str]]
    open: set[str]
    openings: dict[str, int]


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def main(kills: int, seed: int) -> int:
    os.environ["SHOUWANG_WRITES_PER_MINUTE"] = "100000"
    with watched_county(households=150, teams=6) as county:
        chaos, open_before = prepared(county, seed)
        look = chaos.databases
        wait_for(chaos.quiet, PATIENCE)
        ids = {"statement": look.ids("households", "statement"), "check_in": look.ids("attendance", "check_in")}
        before = Before(ids, open_before, look.income_openings())
        chaos.run(kills)
        chaos.stop()
        said = compare(chaos, Ledger(county.state / "ledger.jsonl"), before)
    relays = sum(count for name, count in chaos.kills.items() if name.endswith("-worker"))
    figures = {
        "chaos": "kill -9",
        "kills": sum(chaos.kills.values()),
        **said,
        "relay_kills": relays,
        "recovery_p50_s": percentile(chaos.recoveries, 0.5),
        "recovery_p99_s": percentile(chaos.recoveries, 0.99),
        "seed": seed,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return int(any(said[name] for name in ("lost", "invented", "duplicate_alerts")))


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--seed", type=int, default=20261122)
    given = asked.parse_args()
    sys.exit(main(given.kills, given.seed))
