"""A service does not start with keys that are not its own."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.cli.processes import CODE
from services.households.main import create
from services.kit.settings import Settings
from services.kit.store.fields import Seal
from services.kit.store.key_ring import Key
from services.kit.store.suites import INTERNATIONAL, NATIONAL
from tests.callers import SUITE, TEST_KEY, as_process, write_key
from tests.kit.house import House

OTHER_KEY = Key(1, SUITE, b"o" * SUITE.key_length, TEST_KEY.index_key)
OTHER_INDEX = Key(1, SUITE, TEST_KEY.field_key, b"o" * 32)
KEY_2 = Key(2, SUITE, b"2" * SUITE.key_length, b"2" * 32)


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["households"]


def started(engine: Engine, secrets: Path, *keys: Key, suite: str = SUITE.name) -> None:
    for key in keys:
        write_key(secrets, key)
    (secrets / "client_secret").write_text("a secret of this test 1234567890")
    create(settings(secrets, suite), engine)


def settings(secrets: Path, suite: str) -> Settings:
    values = {"service": "households", "database_url": "", "port": 1, "county_url": "http://localhost:1"}
    return Settings.model_validate(values | {"secrets": secrets, "suite": suite})


@pytest.mark.parametrize("other", [OTHER_KEY, OTHER_INDEX], ids=["field key", "index key"])
def test_another_key_than_the_one_that_proved_itself_is_refused(engine: Engine, tmp_path: Path, other: Key) -> None:
    started(engine, tmp_path, TEST_KEY)
    with pytest.raises(SystemExit, match="Field key 1 is not the one that sealed"):
        started(engine, tmp_path, other)
    started(engine, tmp_path, TEST_KEY)


def test_a_key_that_has_proved_nothing_yet_must_open_the_rows_that_are_there(
    engine: Engine, tmp_path: Path, seal: Seal
) -> None:
    """As on the first start of this version over the data of an earlier one."""
    House(engine, seal).subscribe("http://127.0.0.1:9/")
    with pytest.raises(SystemExit, match="Field key 1 is not the one that sealed"):
        started(engine, tmp_path, OTHER_KEY)
    started(engine, tmp_path, TEST_KEY)


def test_a_key_that_rows_may_stand_under_must_be_there(engine: Engine, tmp_path: Path) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    started(engine, tmp_path, TEST_KEY, KEY_2)
    with pytest.raises(SystemExit, match="Field key 2 is missing"):
        started(engine, elsewhere, TEST_KEY)


def test_the_newest_key_must_be_of_the_suite_that_is_set(engine: Engine, tmp_path: Path) -> None:
    other = NATIONAL if SUITE is INTERNATIONAL else INTERNATIONAL
    with pytest.raises(SystemExit, match="run shouwang rotate-keys"):
        started(engine, tmp_path, TEST_KEY, suite=other.name)
    started(engine, tmp_path, Key(2, other, b"2" * other.key_length, b"2" * 32), suite=other.name)


@pytest.mark.parametrize("program", ["main", "worker"])
def test_a_process_with_a_wrong_key_ends_with_one_clear_line(engine: Engine, tmp_path: Path, program: str) -> None:
    started(engine, tmp_path, TEST_KEY)
    write_key(tmp_path, OTHER_KEY)
    argv = [sys.executable, "-m", f"services.households.{program}"]
    ended = subprocess.run(
        argv,
        cwd=CODE,
        env=as_process("households", engine, tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("字段密钥 1 不是封存本库数据所用的密钥。 Field key 1 is not")
    assert "Traceback" not in ended.stderr


def test_the_refusal_takes_no_longer_than_three_seconds(engine: Engine, tmp_path: Path) -> None:
    started(engine, tmp_path, TEST_KEY)
    began = time.monotonic()
    with pytest.raises(SystemExit):
        started(engine, tmp_path, OTHER_KEY)
    assert time.monotonic() - began < 3
