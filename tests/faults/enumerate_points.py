"""Every point of both paths, each way it can fail: the end is the same as if nothing had happened."""

import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.cli.audit_chain import check_database
from services.cli.postgres import Cluster, throwaway
from tests.conftest import FAST, make_tables
from tests.faults.one_county import Shared, families, shared, teams
from tests.faults.points import CRASHED, MODES, Points
from tests.faults.walk import Case, forked, state_of, walk

PATHS = ("check-in", "income")
MOST = 200  # points of a path


@contextmanager
def prepared(cases: int) -> Iterator[tuple[Shared, dict[str, list[Case]]]]:
    with throwaway(FAST) as (made, port), TemporaryDirectory() as folder:
        make_tables(made, port)
        with standing(made, port, Path(folder), cases) as ready:
            yield ready


@contextmanager
def standing(made: Cluster, port: int, folder: Path, cases: int) -> Iterator[tuple[Shared, dict[str, list[Case]]]]:
    county = shared(made, port, folder)
    try:
        yield (
            county,
            {
                "income": [Case("income", family) for family in families(county, cases)],
                "check-in": [Case("check-in", team, account) for team, account in teams(county, cases)],
            },
        )
    finally:
        for engine in county.engines():
            engine.dispose()
        county.receiver.shutdown()
        county.receiver.server_close()


def undisturbed(county: Shared, case: Case, note: Path) -> tuple[list[str], dict[str, Any]]:
    """What is met on the way, and how it ends."""

    def counted() -> None:
        points = Points()
        walk(county, case, points)
        note.write_text("\n".join(points.met))

    ended = forked(county, counted)
    if ended:
        raise AssertionError(f"an undisturbed walk ended with {ended}")
    return note.read_text().split("\n"), state_of(county, case)


def disturbed(county: Shared, case: Case, at: int, mode: str, expected: dict[str, Any]) -> tuple[str, bool]:
    """What differs, if anything; and whether the process crashed. After a crash it is started again."""
    ended = forked(county, lambda: walk(county, case, Points(at, mode)))
    crashed = ended == CRASHED
    if crashed:
        ended = forked(county, lambda: walk(county, case, Points()))
    found = state_of(county, case)
    differs = [f"{name}: {found[name]} for {value}" for name, value in expected.items() if found[name] != value]
    return "; ".join([*([f"ended with {ended}"] if ended else []), *differs]), crashed


def enumerate_points(seed: int, sample: int | None = None) -> dict[str, Any]:
    """`sample` points of each path and way, or all."""
    told: dict[str, Any] = {"points": {}, "cases": 0, "crashes": 0, "failures": []}
    rng = random.Random(seed)
    with prepared(MOST * len(MODES) if sample is None else sample * len(MODES) + 1) as (county, cases):
        for path in PATHS:
            fresh = iter(cases[path])
            met, expected = undisturbed(county, next(fresh), Path(county.settings["alerts"].secrets) / "met")
            told["points"][path] = len(met)
            told[f"end of {path}"] = str(expected)
            for mode in MODES:
                for at in points_of(len(met), sample, rng):
                    wrong, crashed = disturbed(county, next(fresh), at, mode, expected)
                    told["cases"] += 1
                    told["crashes"] += crashed
                    if wrong:
                        told["failures"].append(f"{path}, {mode} {at} ({met[at - 1]}): {wrong}")
                        sys.stderr.write(told["failures"][-1] + "\n")
        told["broken_chains"] = broken_chains(county)
    return told


def points_of(number: int, sample: int | None, rng: random.Random) -> Sequence[int]:
    every = range(1, number + 1)
    return every if sample is None or sample >= number else sorted(rng.sample(every, sample))


def broken_chains(county: Shared) -> int:
    broken: Counter[str] = Counter()
    for name, engine in county.owners.items():
        with engine.connect() as connection:
            broken[name] = len(check_database(connection, []))
    return broken.total()


def prove(seed: int, sample: int | None = None) -> dict[str, Any]:
    said = enumerate_points(seed, sample)
    failures = said.pop("failures")
    passed = not failures and not said["broken_chains"] and said["crashes"] > 0
    return {**said, "failed": len(failures), "failures": failures[:5], "passed": passed}


if __name__ == "__main__":
    sys.stdout.write(str(prove(1, int(sys.argv[1]) if len(sys.argv) > 1 else None)) + "\n")
