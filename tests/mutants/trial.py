"""One mutant against its tests, in a copy of the tree: a fork of a process that has loaded the libraries alone."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import alembic.command
import fastapi.testclient
import httpx
import hypothesis
import joserfc.jwt
import psycopg
import pytest
import sqlmodel

HOME = Path(__file__).resolve().parents[2]
LOADED = (alembic, fastapi, httpx, hypothesis, joserfc, psycopg, sqlmodel)  # once, and not for every mutant
OURS = {"services", "tests", "migrations"}
PYTEST = ("-x", "-q", "-n0", "-p", "no:cacheprovider", "--tb=line", "-W", "ignore::pytest.PytestAssertRewriteWarning")
Outcome = Literal["killed", "timeout", "survived", "untested"]
OUTCOMES: dict[int, Outcome] = {0: "survived", 5: "untested"}  # by pytest's exit codes


def copy_tree(to: Path) -> Path:
    """What git knows or would take: no environment, no state."""
    ask = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(ask, cwd=HOME, capture_output=True, check=True).stdout.decode()
    for name in listed.split("\0"):
        if (HOME / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HOME / name, to / name)
    return to


def tried(tree: Path, path: str, source: str, tests: Sequence[str], limit: float) -> Outcome:
    """The tree is as before afterwards."""
    place = tree / path
    kept, stamp = place.read_text(), place.stat().st_mtime_ns
    place.write_text(source)
    try:
        return outcome_of(fork_tests(tree, tests), limit)
    finally:
        place.write_text(kept)
        os.utime(place, ns=(stamp, stamp))  # so that what was compiled of it still counts


def fork_tests(tree: Path, tests: Sequence[str]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setsid()  # what it starts ends with it
        with (tree / "said").open("w") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        status = run_tests(tree, tests)
    finally:
        sys.stdout.flush()
        os._exit(status)


def run_tests(tree: Path, tests: Sequence[str]) -> int:
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    os.chdir(tree)
    sys.path[:] = [str(tree), *(place for place in sys.path if place not in ("", str(HOME)))]
    os.environ["PYTHONPATH"] = str(tree)
    return int(pytest.main([*PYTEST, *tests]))


def outcome_of(child: int, limit: float) -> Outcome:
    """One that does not come to an end is found by whoever waits for it."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            end_group(child)
            return OUTCOMES.get(os.waitstatus_to_exitcode(status), "killed")
        time.sleep(0.02)
    end_group(child)
    os.waitpid(child, 0)
    return "timeout"


def end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
