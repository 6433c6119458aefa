"""Secrets are made once, whole, and for one reader."""

import base64
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.cli.secret_files import CLIENTS, SERVICES, add_key, key_numbers, make_secrets, secret_folder
from services.kit.store.fields import Seal
from services.kit.store.key_ring import read_keys
from services.kit.store.suites import INTERNATIONAL, NATIONAL


def contents(state: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in state.rglob("*") if path.is_file()}


def test_a_second_start_changes_no_secret(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    first = contents(tmp_path)
    make_secrets(tmp_path)
    assert contents(tmp_path) == first


def test_an_admin_token_that_was_used_up_does_not_come_back(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    token = tmp_path / "secrets" / "county" / "first_admin_token"
    token.unlink()
    make_secrets(tmp_path)
    assert not token.exists()


def test_every_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    for path in (tmp_path / "secrets").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_county_knows_the_clients_and_signs_and_the_keys_are_long_enough(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    secrets = tmp_path / "secrets"
    for client in CLIENTS:
        secret = (secrets / client / "client_secret").read_text()
        assert len(secret) >= 32
        assert (secrets / "county" / "service_clients" / client).read_text() == secret
    for service in SERVICES:
        assert [read_keys(secrets / service)[1].suite] == [INTERNATIONAL]
    for name in ("current.pem", "next.pem"):
        load_pem_private_key((secrets / "county" / "signing" / name).read_bytes(), password=None)


def test_no_secret_is_used_twice(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    own = [
        text
        for path, text in contents(tmp_path).items()
        if "service_clients" not in path.parts and path.name != "suite"
    ]
    assert len(set(own)) == len(own)


def test_a_folder_of_an_earlier_version_keeps_its_single_pair_of_keys_as_key_1(tmp_path: Path) -> None:
    own = secret_folder(tmp_path, "households")
    own.mkdir(parents=True)
    for name in ("field_key", "index_key"):
        (own / name).write_text(base64.b64encode(name[:1].encode() * 32).decode())
    make_secrets(tmp_path)
    assert key_numbers(own) == [1]
    assert read_keys(own)[1].field_key == b"f" * 32


def test_a_key_that_is_added_is_the_next_one_and_writes_at_once(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    own = secret_folder(tmp_path, "households")
    seal = Seal.read(own)
    before = seal.close("text", "place")
    assert add_key(own, NATIONAL) == 2
    assert (seal.key.number, seal.key.suite) == (2, NATIONAL)
    assert seal.open(before, "place") == seal.open(seal.close("text", "place"), "place") == "text"
