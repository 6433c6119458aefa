"""`make mutants`: every mutant of the code that decides who sees what. Survivors are told, then one JSON line.

`--sample 100 --seed 1` tries some of them; `--only scope` those of the paths with that word.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from tests.mutants.changes import Mutant, mutants_of
from tests.mutants.targets import EQUIVALENT, OWN_DATABASE, TARGETS
from tests.mutants.trial import HOME, Outcome, copy_tree, tried

LIMIT = 120  # seconds; the slowest of the tests takes forty on a busy machine
SERVER = "SHOUWANG_TEST_SERVER"
Judged = tuple[Mutant, Outcome]


class Bench:
    """What each process of ours keeps: a copy of the tree, and a database server until it ends."""

    tree: Path
    server: "subprocess.Popen[str]"
    address: str


def set_up(folder: str) -> None:
    Bench.tree = copy_tree(Path(mkdtemp(dir=folder)))
    argv = [sys.executable, "-m", "tests.mutants.server"]
    Bench.server = subprocess.Popen(argv, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert Bench.server.stdout
    Bench.address = Bench.server.stdout.readline().strip()


def judge(mutant: Mutant) -> Judged:
    """The quick tests first, the others for what those let live."""
    os.environ.pop(SERVER, None)
    if mutant.path not in OWN_DATABASE:
        os.environ[SERVER] = Bench.address
    outcome: Outcome = "untested"
    for tests in TARGETS[mutant.path]:
        outcome = tried(Bench.tree, mutant.path, mutant.source, tests, LIMIT)
        if outcome != "survived":
            break
    return mutant, outcome


def unchanged(path: str) -> Mutant:
    """The tests must let the code live as it is: else they would kill anything."""
    return Mutant(path, 0, "", "", (HOME / path).read_text())


def mutants(paths: Sequence[str], sample: int, seed: int) -> list[Mutant]:
    every = [mutant for path in paths for mutant in mutants_of(path, (HOME / path).read_text())]
    return random.Random(seed).sample(every, sample) if 0 < sample < len(every) else every


def judged(paths: Sequence[str], wanted: Sequence[Mutant], jobs: int) -> Iterator[Judged]:
    with TemporaryDirectory(prefix="shouwang-") as folder, get_context("fork").Pool(jobs, set_up, (folder,)) as pool:
        sound = list(pool.imap_unordered(judge, [unchanged(path) for path in paths]))
        broken = [mutant.path for mutant, outcome in sound if outcome != "survived"]
        if broken:
            raise SystemExit(f"the tests fail without any change: {', '.join(broken)}")
        yield from pool.imap_unordered(judge, wanted)


def main() -> int:
    asked = argparse.ArgumentParser(prog="mutants", description=__doc__)
    asked.add_argument("--only", default="")
    asked.add_argument("--sample", type=int, default=0)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=2)
    said = asked.parse_args()
    wanted = mutants([path for path in TARGETS if said.only in path], said.sample, said.seed)
    asked_for = [one for one in wanted if one.change not in EQUIVALENT]
    counts: Counter[str] = Counter()
    for mutant, outcome in judged(sorted({one.path for one in wanted}), asked_for, said.jobs):
        counts[outcome] += 1
        if outcome in ("survived", "untested"):
            sys.stderr.write(f"{outcome} {mutant}\n")
            sys.stderr.flush()
    equivalent = len(wanted) - counts.total()
    told = {"mutants": len(wanted), "killed": counts["killed"] + counts["timeout"], "timeouts": counts["timeout"]}
    told |= {"equivalent": equivalent, "survived": counts["survived"] + counts["untested"]}
    sys.stdout.write(json.dumps({"proof": "mutants", **told}) + "\n")
    return 1 if told["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
