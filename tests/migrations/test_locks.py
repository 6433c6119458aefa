"""A migration that meets a long transaction lets the others pass, leaves nothing half done, and comes back."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from services.cli.messages import TablesInUse
from services.cli.migrate import PATIENT, Patience, configuration, migrate
from services.cli.postgres import Cluster
from tests.migrations.rows import changed, fill, sums
from tests.migrations.steps import Steps, database_of

HASTY = Patience(lock_timeout="200ms", tries=2, pause_s=0.1)
PERSISTENT = Patience(lock_timeout="200ms", tries=50, pause_s=0.1)


@pytest.fixture
def before(cluster: tuple[Cluster, int]) -> Iterator[Steps]:
    """As it was before kit010, which adds columns to `subscription` first and builds an index on `delivery` last."""
    with database_of(*cluster, "county", "locked") as steps:
        steps.up("kit009")
        fill(steps.connection, 10)
        yield steps


@pytest.fixture
def other(before: Steps) -> Iterator[Engine]:
    engine = create_engine(before.connection.engine.url)
    yield engine
    engine.dispose()


@contextmanager
def long_write(other: Engine) -> Iterator[None]:
    with other.begin() as connection:
        connection.execute(text("UPDATE delivery SET attempts = attempts"))
        yield


def is_as_before(steps: Steps) -> bool:
    names = {one["name"] for one in inspect(steps.connection).get_columns("subscription")}
    steps.connection.commit()
    return "ordered" not in names


def test_it_gives_up_and_leaves_nothing_half_done(before: Steps, other: Engine) -> None:
    there = sums(before.connection)
    with long_write(other), pytest.raises(TablesInUse, match="county were in use each of the 2 times"):
        migrate("county", before.connection, HASTY)
    assert is_as_before(before)
    assert changed(there, sums(before.connection), {}) == []


def test_those_who_come_after_wait_no_longer_than_it_does(before: Steps, other: Engine) -> None:
    with other.connect() as connection:
        assert configuration("county", connection).attributes["lock_timeout"] == PATIENT.lock_timeout == "5s"
    with long_write(other), pytest.raises(OperationalError) as raised:
        Steps("county", before.connection, HASTY.lock_timeout).up()
    assert isinstance(raised.value.orig, LockNotAvailable)


def test_it_goes_through_when_the_others_are_done(before: Steps, other: Engine) -> None:
    began, ended = threading.Event(), threading.Event()

    def write() -> None:
        with long_write(other):
            began.set()
            time.sleep(1)
            ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    began.wait()
    migrate("county", before.connection, PERSISTENT)
    assert ended.is_set()
    writer.join()
    before.equals_models()


def test_what_is_wrong_otherwise_is_not_tried_again(before: Steps, other: Engine) -> None:
    with other.begin() as connection:
        connection.execute(text("CREATE INDEX event_feed ON event (id)"))
    with pytest.raises(ProgrammingError, match='"event_feed" already exists'):
        migrate("county", before.connection, PERSISTENT)
    assert is_as_before(before)
