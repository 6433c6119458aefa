"""`shouwang audit purge`: all of it into a file first, then what need not be kept goes, and the rest is still whole."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from services.cli.main import app
from services.cli.postgres import Cluster
from services.kit.store.audit import note
from services.kit.store.db import open_session
from services.kit.store.heads import sign_heads
from tests.kit.tampering import KEY, LONG_AGO, PURGED, SLOTS, awkward_line, fill

KEPT = sum(SLOTS.values()) - sum(PURGED.values())


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *map(str, words), "--lang", "en"], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "audit_key"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def dsn(cluster: tuple[Cluster, int], engines: dict[str, Engine], clean: None) -> str:
    """An audit whose first lines are old, and were signed then."""
    engine = engines["households"]
    with open_session(engine.execution_options(audit_slot="households-api-1")) as session, session.begin():
        for number in range(PURGED["households-api-1"]):
            note(session, awkward_line(number, LONG_AGO))
    with open_session(engine) as session, session.begin():
        sign_heads(session, KEY, "households", LONG_AGO + timedelta(hours=1))
    fill(engine, PURGED)
    made, port = cluster
    return made.dsn(port, "households")


def lines(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM audit")).scalar_one())


def test_what_is_purged_is_in_the_file_and_both_are_whole(
    dsn: str, key: Path, tmp_path: Path, engines: dict[str, Engine]
) -> None:
    file = tmp_path / "all.ndjson"
    code, said = run("purge", file, "--dsn", dsn, "--key", key)
    assert (code, said.splitlines()[-1][:31]) == (0, "12 lines of the audit are purge")
    assert lines(engines["households"]) == KEPT
    everything = f"The audit is whole: {sum(SLOTS.values())} lines, held against 2 signed statements of heads.\n"
    assert run("verify", file, "--key", key) == (0, everything)
    rest = f"The audit is whole: {KEPT} lines, held against 3 signed statements of heads.\n"
    assert run("verify", "--dsn", dsn, "--key", key) == (0, rest)
    later = tmp_path / "later.ndjson"
    assert run("export", later, "--dsn", dsn)[0] == 0
    assert run("verify", later, "--key", key) == (0, rest)


def test_a_second_purge_finds_nothing_and_writes_nothing(dsn: str, key: Path, tmp_path: Path) -> None:
    assert run("purge", tmp_path / "1.ndjson", "--dsn", dsn, "--key", key)[0] == 0
    code, said = run("purge", tmp_path / "2.ndjson", "--dsn", dsn, "--key", key)
    assert (code, said.splitlines()[-1]) == (0, "No line of the audit is old enough to be purged.")
    assert not (tmp_path / "2.ndjson").exists()


def test_what_the_county_keeps_longer_stays(dsn: str, key: Path, tmp_path: Path, engines: dict[str, Engine]) -> None:
    assert run("purge", tmp_path / "1.ndjson", "--dsn", dsn, "--key", key, "--days", 1_095)[0] == 0
    assert lines(engines["households"]) == sum(SLOTS.values())
    assert run("purge", tmp_path / "1.ndjson", "--dsn", dsn, "--key", key, "--days", 182)[0] == 2


def test_an_audit_that_is_not_whole_is_not_purged(
    dsn: str, key: Path, tmp_path: Path, cluster: tuple[Cluster, int], engines: dict[str, Engine]
) -> None:
    """Or whoever had changed an old line would only have to wait."""
    with engines["households"].begin() as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_is_final"))
        connection.execute(text("UPDATE audit SET actor = 'forged' WHERE slot = 'households-api-1' AND seq = 3"))
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER audit_is_final"))
    code, said = run("purge", tmp_path / "1.ndjson", "--dsn", dsn, "--key", key)
    assert code == 1
    assert "cannot be trusted from line 3 on" in said
    assert lines(engines["households"]) == sum(SLOTS.values())


def test_a_purge_that_somebody_else_signed_is_no_purge(dsn: str, key: Path, engines: dict[str, Engine]) -> None:
    with engines["households"].begin() as connection:
        connection.execute(
            text(
                """SELECT audit_purge(json_build_object('heads', json_build_object(), 'purged', json_build_object(
                slot, json_build_array(seq, encode(hash, 'hex'))))::text, '\\x00', now())
                FROM audit WHERE slot = 'households-api-1' AND seq = 12"""
            )
        )
    assert run("verify", "--dsn", dsn, "--key", key)[0] == 1
