"""The release before serves and is written to while its database is migrated under it; then both serve side by side."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import get_args
from uuid import UUID

import httpx
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from services.cli.migrate import migrate
from services.cli.postgres import Cluster, api_role, connect, free_port, work_role
from services.cli.secret_files import secret_folder
from services.county.accounts import Role
from services.county.tokens import load_key
from services.kit.post.events import source_of
from services.kit.store.grants import CLIENT
from tests.callers import TEST_KEY, Headers, Sign, as_process, write_key
from tests.migrations.load import Load, Seen, readable
from tests.migrations.released import HOME
from tests.migrations.rows import fill, insertion, shape
from tests.migrations.steps import empty_database
from tests.plain_http import plain
from tests.secrets_made_once import make_secrets

ROLES: tuple[str, ...] = get_args(Role)
PERSON, SYSTEM = str(UUID(int=1)), "bureau"
RECEIVER = "http://127.0.0.1:9/events"
GRANT = (
    "INSERT INTO access_grant (id, holder, role, place, kind, owner, source, version, valid, revoked) VALUES"
    " (gen_random_uuid(), %s, %s, '520621', 'division', 'county', 'example', 1, '[2026-01-01,)', false)"
)


# Had landed before anybody looked: the release before cannot add a team's facts once attendance005 has run.
LANDED = {'team_facts: null value in column "leaders" of relation "team_facts" violates not-null constraint'}


@dataclass(frozen=True)
class Ground:
    """A server, the unpacked release of before, a folder for secrets, and who signs."""

    cluster: Cluster
    port: int
    old: Path
    folder: Path
    key: RSAKey

    def dsn(self, database: str, role: str | None = None) -> str:
        return self.cluster.dsn(self.port, database, role)


def a_key(folder: Path) -> RSAKey:
    """As county keeps one: known by its thumbprint."""
    path = folder / "signing.pem"
    path.write_bytes(RSAKey.generate_key(2048).as_pem(private=True))
    return load_key(path)


def together(ground: Ground, service: str, rows: int, callers: Sequence[Headers], settle_s: float = 2) -> Seen:
    """The old code has proved its keys before the rows are there: none of them is sealed with any."""
    roles = [api_role(service), work_role(service)]
    with ExitStack() as stack:
        database = stack.enter_context(empty_database(ground.cluster, ground.port, service, "beside"))
        migrated(ground, service, database)
        keys = stack.enter_context(public_keys(ground.key))
        before = stack.enter_context(serving(ground, ground.old, service, database, keys))
        as_before = populate(ground, service, database, rows)
        never = refused(ground, service, database, as_before, rows + 1)  # rows that mean nothing, and are checked now
        reads = readable(before, callers)
        load = Load([before], reads, f"{source_of(service)}/subscriptions", wish(service), callers[-1])
        with load.under_way(ground.dsn(database, work_role(service)), ground.dsn(database), roles) as seen:
            time.sleep(settle_s)
            upgraded(ground, service, database)
            seen.failed += set(refused(ground, service, database, as_before, rows + 1)) - set(never)
            time.sleep(settle_s)
            load.bases.append(stack.enter_context(serving(ground, HOME, service, database, keys)))
            time.sleep(settle_s)
    return seen


def callers_of(service: str, sign: Sign) -> list[Headers]:
    """A person in every role, and a system with every scope."""
    return [sign(PERSON, *ROLES), sign(SYSTEM, scopes=" ".join(import_module(f"services.{service}.policy").RIGHTS))]


def wish(service: str) -> dict[str, object]:
    """What the caller, a system with every scope, subscribes to."""
    return {"url": RECEIVER, "types": sorted(import_module(f"services.{service}.main").PUBLISHED)[:1]}


def migrated(ground: Ground, service: str, database: str) -> None:
    """By the old code's own revisions."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-n", service, "upgrade", "heads"],
        cwd=ground.old,
        env={"SHOUWANG_DATABASE_URL": ground.dsn(database, service), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def populate(ground: Ground, service: str, database: str, rows: int) -> dict[str, str]:
    """How the old code adds a row to each table."""
    with create_engine(ground.dsn(database, service), poolclass=NullPool).connect() as connection:
        fill(connection, rows)
        as_before = {table: insertion(table, columns) for table, columns in shape(connection).items()}
    with connect(ground.dsn(database, service)) as owner:
        for role in ROLES:
            owner.execute(GRANT, [PERSON, role])
        owner.execute(GRANT, [SYSTEM, CLIENT])
    return as_before


def refused(ground: Ground, service: str, database: str, as_before: Mapping[str, str], row: int) -> list[str]:
    """What the old code could no longer add: a column it does not know must be filled without it. Nothing stays."""
    found = []
    with create_engine(ground.dsn(database, service), poolclass=NullPool).connect() as connection:
        for table, statement in as_before.items():
            try:
                with connection.begin_nested():
                    connection.execute(text(statement), {"first": row, "last": row})
            except DBAPIError as error:
                found.append(f"{table}: {str(error.orig).splitlines()[0]}")
        connection.rollback()
    return [one for one in found if one not in LANDED]


def upgraded(ground: Ground, service: str, database: str) -> None:
    with create_engine(ground.dsn(database, service), poolclass=NullPool).connect() as connection:
        migrate(service, connection)


@contextmanager
def serving(ground: Ground, code: Path, service: str, database: str, keys: str) -> Iterator[str]:
    """A process of that code as the service's API: its address, once it answers. Its log is in the ground's folder."""
    port, folder = free_port(), ground.folder / f"{code.name}-{service}"
    make_secrets(folder)
    secrets = secret_folder(folder, service)
    write_key(secrets, TEST_KEY)
    if service == "county":  # it trusts what it has signed itself
        (secrets / "signing" / "current.pem").write_bytes(ground.key.as_pem(private=True))
    engine = create_engine(ground.dsn(database, api_role(service)))
    env = as_process(service, engine, secrets) | {
        "SHOUWANG_PORT": str(port),
        "SHOUWANG_COUNTY_URL": keys,
        "SHOUWANG_RECEIVERS": "127.0.0.1:9",
        "SHOUWANG_SLOT": f"{service}-{'new' if code == HOME else 'old'}",
        "SHOUWANG_READS_PER_MINUTE": "1000000",
        "SHOUWANG_WRITES_PER_MINUTE": "1000000",
    }
    with (folder / "log").open("ab") as log:
        argv = [sys.executable, "-m", f"services.{service}.main"]
        process = subprocess.Popen(argv, cwd=code, env=env, stdout=log, stderr=log)
    try:
        wait_until_alive(process, f"http://127.0.0.1:{port}", folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def wait_until_alive(process: "subprocess.Popen[bytes]", base: str, log: Path, within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end and process.poll() is None:
        try:
            plain.get(f"{base}/livez").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@contextmanager
def public_keys(key: RSAKey) -> Iterator[str]:
    """County's address, as far as a service asks it for the keys of tokens."""
    document = json.dumps(KeySet([key]).as_dict(private=False)).encode()

    class County(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/v1/keys" else 404)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), County) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
