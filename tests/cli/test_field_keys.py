"""What an operator sees of the field keys, and does with them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.cli.secret_files import SERVICES, secret_folder
from services.kit.store.key_ring import read_keys
from tests.secrets_made_once import make_secrets


def shouwang(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    make_secrets(tmp_path)
    return tmp_path


def test_rotate_keys_adds_a_key_of_the_suite_asked_for_to_every_service(state: Path) -> None:
    done = shouwang("rotate-keys", "--suite", "national", "--state", str(state), "--lang", "en")
    assert done.exit_code == 0
    assert [line.partition(" (")[0] for line in done.stderr.splitlines()] == [
        f"{service}: field key 2 added" for service in SERVICES
    ]
    assert {read_keys(secret_folder(state, service))[2].suite.name for service in SERVICES} == {"national"}


def test_one_service_may_be_named(state: Path) -> None:
    assert shouwang("rotate-keys", "--service", "households", "--state", str(state)).exit_code == 0
    held = {service: sorted(read_keys(secret_folder(state, service))) for service in SERVICES}
    assert held == {service: [1] for service in SERVICES} | {"households": [1, 2]}


def test_keys_are_listed_by_fingerprint_and_never_shown(state: Path) -> None:
    listed = shouwang("keys", "--state", str(state), "--lang", "en").stderr
    keys = [read_keys(secret_folder(state, service))[1] for service in SERVICES]
    assert [line.split()[:4] for line in listed.splitlines()] == [
        [service, "1", "international", key.fingerprint] for service, key in zip(SERVICES, keys, strict=True)
    ]
    assert not any(key.field_key.hex() in listed or key.index_key.hex() in listed for key in keys)


def test_where_no_county_was_started_no_key_is_made(tmp_path: Path) -> None:
    done = shouwang("rotate-keys", "--state", str(tmp_path))
    assert (done.exit_code, "shouwang up" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []
