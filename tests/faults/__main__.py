"""Faults of disk, database and network, and fail-points, in real processes under writers.

    python -m tests.faults [--only disk,database,network,points] [--times 3] [--seed 1]

One JSON line on stdout; exit 1 unless every part that could run has passed.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults import database, disk, enumerate_points, network
from tests.faults.behind_wires import Pair, wired
from tests.faults.disks import Disks, small_disks, why_not
from tests.faults.storm import storm_over
from tests.faults.wires import Wire
from tests.outside.watched_county import watched_county

Part = Callable[[int, int], dict[str, Any]]


def full_disks(times: int, seed: int) -> dict[str, Any]:
    if why_not():
        return {"skipped": why_not(), "passed": True}
    made: list[Disks] = []

    @contextmanager
    def on_small_disks(state: Path) -> Iterator[None]:
        with small_disks(state) as disks:
            made.append(disks)
            yield

    with watched_county(households=150, teams=6, around=on_small_disks) as county, storm_over(county, seed) as storm:
        return disk.prove(storm, made[0], times)


def database_away(times: int, seed: int) -> dict[str, Any]:
    with watched_county(households=150, teams=6) as county, storm_over(county, seed) as storm:
        return database.prove(storm, times)


def network_cut(times: int, seed: int) -> dict[str, Any]:
    wires: dict[Pair, Wire] = {}
    with (
        watched_county(150, 6, lambda state: wired(state, wires), "tests.faults.behind_wires") as county,
        storm_over(county, seed) as storm,
    ):
        return network.prove(storm, wires, times)


def fail_points(times: int, seed: int) -> dict[str, Any]:
    return enumerate_points.prove(seed)


PARTS: dict[str, Part] = {
    "disk": full_disks,
    "database": database_away,
    "network": network_cut,
    "points": fail_points,
}


def main(only: list[str], times: int, seed: int) -> int:
    os.environ["SHOUWANG_WRITES_PER_MINUTE"] = "100000"
    said: dict[str, Any] = {}
    for name in only:
        said[name] = PARTS[name](times, seed)
        sys.stderr.write(f"{name}: {json.dumps(said[name])}\n")
    passed = all(part["passed"] for part in said.values())
    sys.stdout.write(json.dumps({"faults": said, "seed": seed, "passed": passed}) + "\n")
    return int(not passed)


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--only", default=",".join(PARTS))
    asked.add_argument("--times", type=int, default=3)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    sys.exit(main(given.only.split(","), given.times, given.seed))
