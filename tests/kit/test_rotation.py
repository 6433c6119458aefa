"""Every sealed row comes under the newest key while the service goes on; killed anywhere, the rotation goes on too."""

from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Engine, LargeBinary, text

from services.cli.secret_files import SERVICES
from services.kit.post.posts import secret_place
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, header_of
from services.kit.store.key_ring import Key
from services.kit.store.rotation import AGAIN, ask_to_rotate, left, move_pass, rotate, rotations
from services.kit.store.sealed import SEALED_EVERYWHERE, SUBSCRIBER_SECRET
from services.kit.store.tables import Kit
from tests.callers import SUITE, TEST_KEY, write_key
from tests.conftest import NOW
from tests.kit.house import House
from tests.kit.receiving import SECRET

KEY_2 = Key(2, SUITE, b"2" * SUITE.key_length, b"2" * 32)


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["county"]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    write_key(tmp_path, TEST_KEY)
    return tmp_path


@pytest.fixture
def sealing(secrets: Path) -> Seal:
    return Seal.read(secrets)


@pytest.mark.parametrize("service", SERVICES)
def test_every_sealed_column_of_the_tables_is_declared_and_no_other(service: str) -> None:
    models = import_module(f"services.{service}.models")
    columns = {
        (table.name, column.name)
        for metadata in (Kit.metadata, models.Table.metadata)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name.startswith("sealed_")
    }
    assert {(one.table, one.column) for one in models.SEALED} | PASSING == columns


PASSING = {("repeat", "sealed_answer")}  # gone after thirty days: the old key is kept as long

ONE_WAY = {  # hashes that nothing is looked up by after their time: a rotation may leave them behind
    ("refresh_family", "current"),
    ("refresh_family", "previous"),
    ("used_token", "hash"),
    ("sign_in_tries", "key"),
    ("view_code", "code_index"),  # a code that opens no more is asked for anew
    ("clue_batch", "content"),  # whether it is the same again is asked while it is fresh
    ("import_row", "after"),  # under a key that is retired, nobody can tell whether a thing was changed since
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_blind_index_belongs_to_a_sealed_column(service: str) -> None:
    """A bytea that is neither sealed nor the index of what is sealed would stay behind at a rotation."""
    models = import_module(f"services.{service}.models")
    others = {
        (table.name, column.name)
        for table in models.Table.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
        and not column.name.startswith("sealed_")
        and (table.name, column.name) not in ONE_WAY
    }
    assert {(one.table, one.index) for one in models.SEALED if one.index} == others


def rotated(engine: Engine, seal: Seal, asked: str = "2") -> None:
    ask_to_rotate(engine, seal, NOW)
    rotate(engine, seal, SEALED_EVERYWHERE, asked, NOW)


def keys_in_use(engine: Engine) -> list[tuple[int, int, bool]]:
    """Number, rows moved to it, and whether none was left."""
    with open_session(engine) as session:
        rows = session.execute(text("SELECT number, moved, done_at IS NOT NULL FROM field_key ORDER BY number"))
        return [(number, moved, done) for number, moved, done in rows]


def test_every_row_comes_under_the_newest_key_and_its_progress_is_kept(
    engine: Engine, secrets: Path, sealing: Seal
) -> None:
    rows = [House(engine, sealing).subscribe("http://127.0.0.1:9/") for _ in range(5)]
    write_key(secrets, KEY_2)
    rotated(engine, sealing)
    with open_session(engine) as session:
        held = {
            row.id: row.sealed_secret for row in session.execute(text("SELECT id, sealed_secret FROM subscription"))
        }
    assert {bytes(sealed)[:4] for sealed in held.values()} == {header_of(KEY_2)}
    assert {sealing.open(bytes(held[row]), secret_place(row)) for row in rows} == {SECRET}
    assert keys_in_use(engine) == [(2, 5, True)]


def test_it_goes_on_where_it_was_stopped(engine: Engine, secrets: Path, sealing: Seal) -> None:
    for _ in range(5):
        House(engine, sealing).subscribe("http://127.0.0.1:9/")
    write_key(secrets, KEY_2)
    ask_to_rotate(engine, sealing, NOW)
    next(iter(move_pass(engine, sealing.pinned(), SUBSCRIBER_SECRET, batch=2)))
    assert left(engine, sealing, SUBSCRIBER_SECRET) == 3
    rotate(engine, sealing, SEALED_EVERYWHERE, "2", NOW)
    assert left(engine, sealing, SUBSCRIBER_SECRET) == 0
    assert keys_in_use(engine) == [(2, 5, True)]


def test_a_row_that_does_not_open_stays_and_keeps_its_key_needed(engine: Engine, secrets: Path, sealing: Seal) -> None:
    House(engine, sealing).subscribe("http://127.0.0.1:9/")
    ask_to_rotate(engine, sealing, NOW)
    House(engine, sealing).subscribe("http://127.0.0.1:9/", sealed_secret=b"sealed with a key that is gone")
    write_key(secrets, KEY_2)
    rotated(engine, sealing, f"2 {AGAIN}")
    assert left(engine, sealing, SUBSCRIBER_SECRET) == 1
    assert [number for number, _, _ in keys_in_use(engine)] == [1, 2]


def test_a_key_is_retired_by_the_second_pass_alone(engine: Engine, secrets: Path, sealing: Seal) -> None:
    ask_to_rotate(engine, sealing, NOW)
    late = sealing.pinned()
    write_key(secrets, KEY_2)
    rotated(engine, sealing)
    House(engine, late).subscribe("http://127.0.0.1:9/")  # by a request that began before the key was there
    assert [number for number, _, _ in keys_in_use(engine)] == [1, 2]
    rotate(engine, sealing, SEALED_EVERYWHERE, f"2 {AGAIN}", NOW)
    assert left(engine, sealing, SUBSCRIBER_SECRET) == 0
    assert keys_in_use(engine) == [(2, 1, True)]


def test_a_rotation_to_a_key_that_is_no_longer_the_newest_is_left_to_the_next_one(
    engine: Engine, secrets: Path, sealing: Seal
) -> None:
    """Its second pass comes an hour later, and must not retire a key for the one that came meanwhile."""
    ask_to_rotate(engine, sealing, NOW)
    House(engine, sealing).subscribe("http://127.0.0.1:9/")
    write_key(secrets, KEY_2)
    ask_to_rotate(engine, sealing, NOW)
    rotate(engine, sealing, SEALED_EVERYWHERE, f"1 {AGAIN}", NOW)
    assert keys_in_use(engine) == [(1, 0, False), (2, 0, False)]
    assert left(engine, sealing, SUBSCRIBER_SECRET) == 1


def test_a_worker_notices_a_new_key_by_itself(engine: Engine, secrets: Path, sealing: Seal) -> None:
    House(engine, sealing).subscribe("http://127.0.0.1:9/")
    loops = rotations(engine, sealing, SEALED_EVERYWHERE)
    for key in (TEST_KEY, KEY_2):
        write_key(secrets, key)
        for _ in range(3):
            for loop in loops:
                loop.step(NOW)
    assert left(engine, sealing, SUBSCRIBER_SECRET) == 0
    assert keys_in_use(engine) == [(1, 0, True), (2, 1, True)]
