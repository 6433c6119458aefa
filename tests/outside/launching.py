"""Real launchers for tests: the real `up` and PostgreSQL, with small stand-ins for the services.

Run as a module it *is* such a launcher, so that a test can kill it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from services.cli.data_folder import remove_data
from services.cli.migrate import DataNewerThanCode
from services.cli.postgres import Cluster, create_databases, running
from services.cli.processes import CODE, Ports, Process, database
from services.cli.readiness import Ready, read_ready
from services.cli.up import up

WEB_SERVER = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
PATIENT = "import signal; signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"


def stand_in(name: str, code: str, port: int | None = None, after: tuple[str, ...] = ()) -> Process:
    url = f"http://127.0.0.1:{port}" if port else None
    return Process(name, [sys.executable, "-c", code, str(port)], os.environ, url, url, after)


def small_plan(cluster: Cluster, ports: Ports, migrate: Callable[[], None]) -> list[Process]:
    return [
        database(cluster, ports, migrate),
        stand_in("county", WEB_SERVER, ports.county, after=("postgres",)),
        stand_in("county-worker", PATIENT, after=("postgres",)),
    ]


def plan_with_a_deaf_one(cluster: Cluster, ports: Ports, migrate: Callable[[], None]) -> list[Process]:
    return [*small_plan(cluster, ports, migrate), stand_in("deaf", DEAF)]


@contextmanager
def launched(state: Path, ports: Ports, wish: str = "run") -> Iterator[subprocess.Popen[str]]:
    """A launcher as a child of the test. If the test did not end it, it is asked to stop; nothing may stay."""
    argv = [sys.executable, "-m", "tests.outside.launching", str(state), wish, *map(str, astuple(ports))]
    with subprocess.Popen(argv, cwd=CODE, stderr=subprocess.PIPE, text=True) as launcher:
        try:
            yield launcher
        finally:
            ours = family(launcher.pid)
            launcher.terminate()
            launcher.wait(20)
            assert eventually(lambda: not any(map(alive, ours)), within_s=5)


def everything_ready(state: Path) -> Ready:
    assert eventually(lambda: read_ready(state) is not None, within_s=20)
    ready = read_ready(state)
    assert ready
    return ready


def ready_pid(state: Path, name: str) -> int | None:
    """None while it is being restarted."""
    one = everything_ready(state)["processes"].get(name)
    return one["pid"] if one else None


def eventually(happened: Callable[[], bool], within_s: float) -> bool:
    end = time.monotonic() + within_s
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def state_folder() -> Iterator[Path]:
    """In a place that PostgreSQL's account can reach too, unlike pytest's own folders."""
    with tempfile.TemporaryDirectory(prefix="shouwang-test-") as place:
        Path(place).chmod(0o711)
        state = Path(place) / "state"
        try:
            yield state
        finally:
            remove_data(state)


@contextmanager
def made_before() -> Iterator[Path]:
    """A state folder that has seen its first start, so that the tests need not wait for theirs."""
    with state_folder() as state:
        with running(state, options={"fsync": "off"}) as (cluster, port):
            create_databases(cluster, port)
        yield state


def alive(pid: int) -> bool:
    """A dead process that nobody has collected yet is dead."""
    return facts_of(pid).get("State", "Z")[0] not in "ZX"


def facts_of(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def family(pid: int) -> set[int]:
    """The process and everything that descends from it."""
    parents = {
        int(folder.name): int(facts_of(int(folder.name)).get("PPid", 0))
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit()
    }
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def refuse_newer_data(_dsns: dict[str, str]) -> None:
    raise DataNewerThanCode("alerts 0099")


def change_nothing(_dsns: dict[str, str]) -> None:
    return


def main(state: str, wish: str, *ports: str) -> int:
    migrate = refuse_newer_data if wish == "old-code" else change_nothing
    plan = plan_with_a_deaf_one if wish == "deaf" else small_plan
    return up(Path(state), Ports(*map(int, ports)), lang="en", plan=plan, migrate=migrate)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
