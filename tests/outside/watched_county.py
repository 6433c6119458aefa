"""A whole county in real processes, started as a stranger would, and the eyes to look at it from outside."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from services.cli.demo import COUNTY, PASSWORD
from services.cli.office import Office, Refused
from services.cli.processes import CODE
from services.cli.readiness import ReadyProcess, read_ready
from services.cli.secret_files import receiver_secret
from tests.outside.launching import alive, eventually, family, state_folder

COMES_UP = 600.0  # seconds, on a machine that others use too; half a minute on one of its own
PROCESSES = 13  # PostgreSQL, four services with a worker each, the scheduler, the receiver, the desk and the origin


@dataclass
class WatchedCounty:
    state: Path
    launcher: "subprocess.Popen[str]"
    offices: dict[str, Office] = field(default_factory=dict)
    said: list[bytes] = field(default_factory=list)  # by the launcher, as far as somebody has listened

    @property
    def temporary(self) -> Path:
        """Where its processes put temporary files."""
        return self.state.with_name("tmp")

    def url(self, name: str) -> str:
        return self.processes()[name]["url"] or ""

    def processes(self) -> dict[str, ReadyProcess]:
        """Those that are ready now; none at all is only possible while the launcher lives on."""
        ready = read_ready(self.state)
        if self.launcher.poll() is not None:
            raise AssertionError(self.launcher.stdout.read() if self.launcher.stdout else "the launcher has ended")
        return ready["processes"] if ready else {}

    def office(self, username: str) -> Office:
        if username not in self.offices:
            self.offices[username] = self.signed_in(username)
        return self.offices[username]

    def signed_in(self, username: str) -> Office:
        """One of one's own: an office is one client at a time."""
        urls = {name: process["url"] or "" for name, process in self.processes().items()}
        return Office(urls, username, PASSWORD)

    def heard(self) -> list[dict[str, Any]]:
        """Every verified post, in the order it came."""
        lines = (self.state / "receiver" / "received.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def heard_of(self, kind: str, subject: str) -> bool:
        return any((event["type"], event["subject"]) == (kind, subject) for event in self.heard())

    def sweep(self) -> dict[str, Any] | None:
        if len(self.processes()) < PROCESSES or not receiver_secret(self.state).exists():
            return None  # the accounts are made before that secret; whoever tries earlier uses up his tries
        try:
            sweeps = self.office("county").get("alerts", "/v1/sweeps", county=COUNTY)["rows"]
        except Refused:
            return None
        return sweeps[0] if sweeps else None


Arrangement: TypeAlias = Callable[[Path], AbstractContextManager[object]]


@contextmanager
def watched_county(
    households: int, teams: int, around: Arrangement = nullcontext, module: str = "services.cli.main"
) -> Iterator[WatchedCounty]:
    """`shouwang run` on free ports until this month's sweep is certified; nothing stays afterwards. `around` is entered
    with the state folder before anything runs; `module` is what runs in the command's place."""
    size = ["--households", str(households), "--teams", str(teams)]
    with state_folder() as state, around(state):
        argv = [sys.executable, "-m", module, "run", "--free-ports", "--state", str(state), *size]
        temporary = state.with_name("tmp")
        temporary.mkdir()
        env = {**os.environ, "TMPDIR": str(temporary)}
        with subprocess.Popen(
            argv, cwd=CODE, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as launcher:
            county = WatchedCounty(state, launcher)
            try:
                wait_for(lambda: (county.sweep() or {}).get("state") == "certified", COMES_UP)
                yield county
            finally:
                for office in county.offices.values():
                    office.close()
                ours = family(launcher.pid)
                launcher.terminate()
                launcher.communicate(timeout=30)
                assert eventually(lambda: not any(map(alive, ours)), within_s=5)


def wait_for(happened: Callable[[], bool], within_s: float) -> None:
    end = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < end, f"not within {within_s} s"
        time.sleep(0.1)
