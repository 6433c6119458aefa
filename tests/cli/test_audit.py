"""`shouwang audit`: an operator takes the audit out, and anybody sees whether it is whole."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine
from typer.testing import CliRunner

from services.cli.main import app
from services.cli.postgres import Cluster
from services.kit.store.db import open_session
from services.kit.store.heads import copy_out
from tests.kit.tampering import KEY, SLOTS, fill

LINES = sum(SLOTS.values())


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *map(str, words)], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """All that an auditor needs: the public key."""
    path = tmp_path / "audit_key.pub"
    path.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


@pytest.fixture
def dsn(cluster: tuple[Cluster, int], engines: dict[str, Engine], clean: None, tmp_path: Path) -> str:
    fill(engines["households"])
    with open_session(engines["households"]) as session, session.begin():
        copy_out(session, tmp_path, "households")
    made, port = cluster
    return made.dsn(port, "households")


@pytest.fixture
def exported(dsn: str, tmp_path: Path) -> Path:
    file = tmp_path / "audit.ndjson"
    assert run("export", file, "--dsn", dsn, "--lang", "en") == (0, f"{LINES} lines of the audit are exported.\n")
    return file


def test_a_whole_audit_is_said_to_be_whole_with_and_without_its_database(dsn: str, exported: Path, key: Path) -> None:
    whole = f"The audit is whole: {LINES} lines, held against 1 signed statements of heads.\n"
    assert run("verify", exported, "--key", key, "--lang", "en") == (0, whole)
    assert run("verify", "--dsn", dsn, "--key", key, "--lang", "en") == (0, whole)


def test_the_first_bad_line_of_a_changed_export_is_named(exported: Path, key: Path) -> None:
    content = exported.read_text().splitlines()
    del content[5]
    exported.write_text("\n".join(content))
    code, said = run("verify", exported, "--key", key)
    assert (code, said) == (1, "审计链 households-api-1 从第 5 行起不可信：缺少这一行。\n")


def test_an_export_that_leaves_out_its_end_and_its_heads_is_caught_by_the_copy(
    exported: Path, key: Path, tmp_path: Path
) -> None:
    rows = [line for line in exported.read_text().splitlines() if "households-worker-1" not in line]
    exported.write_text("\n".join(row for row in rows if not row.startswith('{"statement"')))
    heads = tmp_path / "audit-heads-households.ndjson"
    assert run("verify", exported, "--key", key, "--lang", "en")[0] == 0
    code, said = run("verify", exported, "--heads", heads, "--key", key, "--lang", "en")
    assert (code, said.splitlines()[0]) == (
        1,
        "The chain households-worker-1 cannot be trusted from line 1 on: this line is missing.",
    )


def test_without_signed_heads_it_says_that_a_cut_end_would_not_show(exported: Path, key: Path) -> None:
    rows = [row for row in exported.read_text().splitlines() if not row.startswith('{"statement"')]
    exported.write_text("\n".join(rows))
    code, said = run("verify", exported, "--key", key, "--lang", "en")
    assert code == 0
    assert said.startswith("There are no signed heads to hold it against")


def test_a_signature_that_is_wrong_is_a_flaw(exported: Path, key: Path) -> None:
    exported.write_text(exported.read_text().replace("signed_at", "signed_bt"))
    assert run("verify", exported, "--key", key)[0] == 1


@pytest.mark.parametrize("content", ["", "not JSON\n", '{"row": [], "hash": ""}\n', '{"row": ["a", "b"], "hash": 1}\n'])
def test_what_is_no_export_ends_with_2_and_no_traceback(tmp_path: Path, key: Path, content: str) -> None:
    file = tmp_path / "other.ndjson"
    file.write_text(content)
    assert run("verify", file, "--key", key)[0] == 2


def test_a_database_that_is_away_ends_with_2_and_no_password(key: Path) -> None:
    code, said = run("verify", "--dsn", "postgresql+psycopg://a:hidden@127.0.0.1:1/b", "--key", key)
    assert code == 2
    assert "hidden" not in said


def test_nothing_is_overwritten_by_an_export(dsn: str, exported: Path) -> None:
    assert run("export", exported, "--dsn", dsn)[0] == 2
