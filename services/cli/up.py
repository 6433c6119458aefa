"""`shouwang up`: secrets, data, migrations, every process, until somebody stops it."""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from services.cli.data_folder import make_state_folder
from services.cli.messages import (
    READY,
    STOPPED,
    AlreadyRunning,
    CannotRun,
    DiskFull,
    Lang,
    NotPermitted,
    PortTaken,
    Voice,
    WrittenByNewerVersion,
)
from services.cli.migrate import DataNewerThanCode, migrate_all
from services.cli.ports_taken import is_free
from services.cli.postgres import Cluster, create_databases, prepare
from services.cli.processes import Ports, Process, everything
from services.cli.readiness import ready_path
from services.cli.secret_files import SERVICES, make_secrets
from services.cli.supervise import Supervisor
from services.kit.store.suites import INTERNATIONAL

Plan: TypeAlias = Callable[[Cluster, Ports, Callable[[], None]], list[Process]]
Migration: TypeAlias = Callable[[dict[str, str]], None]

FAREWELL = 6.0  # seconds that the children of a killed launcher may need to leave their ports


def up(
    state: Path,
    ports: Ports,
    on_ready: Callable[[], int | None] | None = None,
    *,
    lang: Lang = "zh",
    plan: Plan = everything,
    migrate: Migration = migrate_all,
) -> int:
    """Blocks until stopped; returns the exit code. `on_ready` ends it too by returning a code instead of None."""
    voice = Voice(lang)

    def announce() -> int | None:
        voice.say(READY, url=ports.url("origin"))
        return on_ready() if on_ready else None

    try:
        with reasons_told_plainly(state), only_one(state):
            try_ports(ports, FAREWELL if ready_path(state).exists() else 0)
            code = supervisor(state.resolve(), ports, voice, plan, migrate).run(announce)
    except CannotRun as reason:
        reason.say(voice)
        return reason.exit_code
    voice.say(STOPPED)
    return code


def supervisor(state: Path, ports: Ports, voice: Voice, plan: Plan, migrate: Migration) -> Supervisor:
    def bring_databases_up_to_date() -> None:
        create_databases(cluster, ports.postgres)
        migrate({service: cluster.dsn(ports.postgres, service, service) for service in SERVICES})

    make_secrets(state, os.environ.get("SHOUWANG_SUITE", INTERNATIONAL.name))
    cluster = prepare(state)
    return Supervisor(plan(cluster, ports, bring_databases_up_to_date), state, voice=voice)


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """A lock of the kernel, not a file with a number in it: it is gone when its holder is, however that ended."""
    make_state_folder(state)
    with (state / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(state=state) from None
        yield


@contextmanager
def reasons_told_plainly(state: Path) -> Iterator[None]:
    try:
        yield
    except DataNewerThanCode as reason:
        raise WrittenByNewerVersion(detail=reason) from reason
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(folder=error.filename or state) from error
        if isinstance(error, PermissionError):
            raise NotPermitted(path=error.filename) from error
        raise


def try_ports(ports: Ports, patience_s: float) -> None:
    end = time.monotonic() + patience_s
    for process, port in ports.by_name().items():
        while not is_free(port):
            if time.monotonic() > end:
                raise PortTaken(port=port, process=process)
            time.sleep(0.1)
