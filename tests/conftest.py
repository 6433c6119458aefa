"""One real PostgreSQL per run; each service's migrated template is cloned per worker and emptied after each test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from services.cli.migrate import migrate_all
from services.cli.postgres import Cluster, api_role, create_databases, prepare, throwaway
from services.cli.secret_files import SERVICES
from services.kit.starting import collect_seldom
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.key_ring import KeyRing
from services.kit.web.request_id import event_id, request_id, trace_id, traceparent
from tests.callers import TEST_KEY, office, sign, signing_key
from tests.clock import NOW, TODAY

__all__ = ["NOW", "TODAY", "office", "sign", "signing_key"]  # fixtures and the moment, for every test


FIRST = ("tests/desk", "tests/outside", "tests/fuzz", "tests/door")
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "2GB"}
# Between two tests all tables are empty: seen so by chance, they would be planned for as if they stayed so.
UNSEEN = {"autovacuum_analyze_threshold": "2147483647"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: work is stolen from a worker's end, so that one worker alone starts a whole county."""
    items.sort(key=lambda item: next((turn for turn, folder in enumerate(FIRST) if item.nodeid.startswith(folder)), 9))


def pytest_collection_finish() -> None:
    """As the services do: what was imported and collected is not looked through again and again."""
    collect_seldom()


@pytest.fixture(autouse=True)
def nothing_under_way() -> None:
    """What a test that played a request or a relay's round in this thread was about is not what the next speaks of."""
    for variable in (request_id, traceparent, trace_id, event_id):
        variable.set("")


@pytest.fixture(scope="session")
def cluster() -> Iterator[tuple[Cluster, int]]:
    """A server per worker process: half a second each, and nothing shared that could make tests wait or meet.
    Or one that somebody keeps for many short runs (tests/mutants), with the tables as they are now."""
    standing = os.environ.get("SHOUWANG_TEST_SERVER")
    if standing:
        state, _, port = standing.partition(" ")
        yield prepare(Path(state)), int(port)
    else:
        with throwaway(FAST | UNSEEN) as (made, free):
            make_tables(made, free)
            yield made, free


def make_tables(made: Cluster, port: int) -> None:
    create_databases(made, port)
    migrate_all({service: made.dsn(port, service, service) for service in SERVICES})


@pytest.fixture(scope="session")
def engines(cluster: tuple[Cluster, int]) -> Iterator[dict[str, Engine]]:
    made, port = cluster
    opened = {service: connect(made.dsn(port, service, service)) for service in SERVICES}
    yield opened
    for engine in opened.values():
        engine.dispose()


@pytest.fixture(scope="session")
def api_engines(cluster: tuple[Cluster, int]) -> Iterator[dict[str, Engine]]:
    """As the services' APIs connect: held to the policies of the second barrier."""
    made, port = cluster
    opened = {service: connect(made.dsn(port, service, api_role(service))) for service in SERVICES}
    yield opened
    for engine in opened.values():
        engine.dispose()


@pytest.fixture(scope="session")
def empty_everything(cluster: tuple[Cluster, int]) -> Iterator[Callable[[], None]]:
    """One DELETE per table in one round trip, as superuser so that foreign keys need no order. TRUNCATE is slower."""
    made, port = cluster
    owners = [create_engine(made.dsn(port, service), pool_size=1) for service in SERVICES]
    wipes = [(owner, wipe_of(owner)) for owner in owners]

    def empty() -> None:
        for owner, wipe in wipes:
            with owner.begin() as connection:
                connection.execute(text(wipe))

    yield empty
    for owner in owners:
        owner.dispose()


def wipe_of(engine: Engine) -> str:
    with engine.connect() as connection:
        names = connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
                " AND NOT relispartition AND relname <> 'alembic_version'"  # parts may be made while tests run
            )
        ).all()
    deletes = "; ".join(f'DELETE FROM "{name}"' for name in names)  # noqa: S608  # names from the catalogue
    return f"SET LOCAL session_replication_role = replica; {deletes}"


@pytest.fixture
def clean(empty_everything: Callable[[], None]) -> Iterator[None]:
    yield
    empty_everything()


def session_of(service: str) -> Any:
    @pytest.fixture(name=service)
    def opened(engines: dict[str, Engine], clean: None) -> Iterator[Session]:
        with open_session(engines[service]) as session:
            yield session

    return opened


county = session_of("county")
households = session_of("households")
attendance = session_of("attendance")
alerts = session_of("alerts")


@pytest.fixture(scope="session")
def seal() -> Seal:
    return Seal(KeyRing.of(TEST_KEY))
