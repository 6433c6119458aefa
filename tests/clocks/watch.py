"""Alerts in real processes (the API, workers, schedulers) whose clock is put where a test wants it (libfaketime).

The clock is a file that every process reads anew; what counts seconds only (sleeping, deadlines) goes on as it is.
PostgreSQL keeps the machine's time: nothing that is decided by the month may ask it.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text

from services.cli.postgres import free_port
from services.cli.processes import CODE
from services.kit.store.db import open_session
from tests.alerts.conftest import STANDARDS, set_standards
from tests.callers import TEST_KEY, as_process, grant, write_key
from tests.outside.launching import eventually
from tests.plain_http import plain

HERE = ZoneInfo("Asia/Shanghai")
PATIENCE = 120.0  # seconds, on a machine that has other things to do
MODULES = {
    "beside": "tests.clocks.beside",
    "api": "services.alerts.main",
    "worker": "services.alerts.worker",
    "bell": "services.scheduler",
}


def library() -> str:
    found = find_spec("libfaketime")
    assert found
    assert found.submodule_search_locations
    return str(next(Path(found.submodule_search_locations[0]).rglob("libfaketime.so.1")))


class Watch:
    """One county's alerts, swept on the first of each month."""

    def __init__(self, folder: Path, engine: Engine, zone: str = "UTC") -> None:
        self.folder, self.engine = folder, engine
        self.ahead = timedelta(0)
        self.running: list[subprocess.Popen[bytes]] = []
        self._clock, self._ports = folder / "clock", {"beside": free_port(), "alerts": free_port()}
        key = RSAKey.generate_key(2048, parameters={"kid": "test", "use": "sig", "alg": "RS256"})
        (folder / "signing.pem").write_bytes(key.as_pem(private=True))
        self._env = self.environment(zone)
        grant(engine, "scheduler", "client", "520621")
        with open_session(engine) as session, session.begin():
            set_standards(session, STANDARDS | {"sweep_day": 1})

    def environment(self, zone: str) -> dict[str, str]:
        secrets = self.folder / "secrets"
        secrets.mkdir(mode=0o700)
        write_key(secrets, TEST_KEY)
        (secrets / "client_secret").write_text("a secret of this test 1234567890")
        beside, alerts = (f"http://127.0.0.1:{self._ports[name]}" for name in ("beside", "alerts"))
        urls = {f"SHOUWANG_{name}_URL": beside for name in ("COUNTY", "HOUSEHOLDS", "ATTENDANCE")}
        faked = {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        return {
            **as_process("alerts", self.engine, secrets),
            **urls,
            **faked,
            "SHOUWANG_PORT": str(self._ports["alerts"]),
            "SHOUWANG_ALERTS_URL": alerts,
            "SHOUWANG_EVERY_SECONDS": "1",
            "TZ": zone,
            "PGTZ": zone,
        }

    def put_clock(self, moment: datetime) -> None:
        """Seconds beside the machine's clock, so that no zone is asked how to read it; never seen half written."""
        fresh = self._clock.with_suffix(".new")
        self.ahead = moment - datetime.now(UTC)
        fresh.write_text(f"{self.ahead.total_seconds():+.3f}")
        fresh.replace(self._clock)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def start(self, what: str) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", MODULES[what]]
        if what == "beside":
            argv += [str(self.folder), str(self._ports["beside"])]
        slot = f"alerts-{what}-{len(self.running)}"
        with (self.folder / f"{slot}.log").open("ab") as log:
            name = {"bell": "scheduler"}.get(what, "alerts")
            env = self._env | {"SHOUWANG_SERVICE": name, "SHOUWANG_SLOT": slot, "PYTHONUNBUFFERED": "1"}
            started = subprocess.Popen(argv, cwd=CODE, env=env, stdout=log, stderr=log)
        self.running.append(started)
        return started

    def open(self) -> None:
        """The owners and the API answer."""
        self.start("beside")
        self.start("api")
        assert eventually(self.answers, PATIENCE), self.logs()

    def answers(self) -> bool:
        try:
            return all(
                plain.get(f"http://127.0.0.1:{self._ports[name]}{path}", timeout=2).is_success
                for name, path in (("beside", "/v1/keys"), ("alerts", "/livez"))
            )
        except httpx.HTTPError:
            return False

    def stop(self, *some: "subprocess.Popen[bytes]") -> None:
        for process in some:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(10)
            self.running.remove(process)

    def certified(self) -> list[date]:
        return [period for (period,) in self.rows("SELECT period FROM sweep WHERE state = 'certified' ORDER BY period")]

    def rows(self, query: str) -> list[Any]:
        with open_session(self.engine) as session:
            return [tuple(row) for row in session.execute(text(query))]

    def until(self, happened: Any, within: float = PATIENCE) -> None:
        if not eventually(happened, within):
            sweeps = self.rows("SELECT period, state, due_at FROM sweep")
            raise AssertionError(f"{sweeps}\n{self.logs()}")

    def logs(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-2_000:]}" for log in sorted(self.folder.glob("*.log")))


@contextmanager
def watching(folder: Path, engine: Engine, moment: datetime, zone: str = "UTC") -> Iterator[Watch]:
    """With its API open at that moment; all its processes are gone afterwards."""
    watch = Watch(folder, engine, zone)
    watch.put_clock(moment)
    try:
        watch.open()
        yield watch
    finally:
        watch.stop(*watch.running)


def began(period: date) -> datetime:
    """The hour at which a month's sweep is due."""
    return datetime(period.year, period.month, 1, tzinfo=HERE)
