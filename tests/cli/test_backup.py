"""Backup and restore on a real server: what was written comes back, and what is wrong with a backup leaves the live
data as it was."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.backup import BASE, NOTE, WAL, LogGone, back_up, follow, segment_after
from services.cli.data_folder import find_data, remove_data
from services.cli.main import app
from services.cli.postgres import connect, create_databases, running, throwaway_folder
from services.cli.processes import CODE
from services.cli.restore import restore
from services.cli.secret_files import add_key, make_secrets, secret_folder
from services.kit.store.suites import INTERNATIONAL

Kept = set[int]


@pytest.fixture
def state() -> Iterator[Path]:
    with throwaway_folder() as place:
        make_secrets(place)
        with running(place) as (cluster, port):
            create_databases(cluster, port)
        write(place, 1)
        try:
            yield place
        finally:
            for data in place.glob("postgres.before-*"):
                shutil.rmtree(data, ignore_errors=True)
            remove_data(place)


@pytest.fixture
def folder(state: Path, tmp_path: Path) -> Path:
    back_up(state, tmp_path / "backup")
    return tmp_path / "backup"


def ready_made(state: Path) -> Path:
    data = find_data(state)
    assert data
    return data


def write(state: Path, number: int) -> None:
    with running(state) as (cluster, port), connect(cluster.dsn(port, "households")) as database:
        database.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        database.execute("INSERT INTO kept VALUES (%s)", [number])


def kept(state: Path) -> Kept:
    with running(state) as (cluster, port), connect(cluster.dsn(port, "households")) as database:
        return {number for (number,) in database.execute("SELECT number FROM kept")}


def bytes_of(state: Path) -> str:
    """Of the live data, file by file."""
    files = sorted(path for path in ready_made(state).rglob("*") if path.is_file())
    return sha256(b"".join(str(path).encode() + path.read_bytes() for path in files)).hexdigest()


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    return done.exit_code, done.output


def test_what_was_there_comes_back_and_what_replaced_it_is_kept_aside(state: Path, folder: Path) -> None:
    write(state, 2)
    code, said = run("restore", folder, "--state", state, "--lang", "en")
    assert (code, "What was there before is kept in" in said) == (0, True)
    assert kept(state) == {1}
    assert (
        len(list(state.resolve().glob("postgres.before-*")) + list(Path("/var/lib/shouwang").glob("*.before-*"))) >= 1
    )


def test_a_backup_can_be_restored_twice_and_lived_on(state: Path, folder: Path) -> None:
    for number in (2, 3):
        restore(state, folder)
        write(state, number)
        assert kept(state) == {1, number}


def test_a_lost_data_folder_is_no_hindrance(state: Path, folder: Path) -> None:
    remove_data(state)
    restore(state, folder)
    assert kept(state) == {1}


def test_a_backup_holds_no_key_and_nothing_is_written_over(state: Path, folder: Path) -> None:
    secrets = [path.read_bytes() for path in (state / "secrets").rglob("*") if path.is_file()]
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not [secret for secret in secrets if len(secret) > 20 and secret.strip() in held]
    assert run("backup", folder, "--state", state)[0] == 1


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def a_table(folder: Path) -> Path:
    return max((folder / BASE / "base").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)


def resigned(folder: Path) -> None:
    note = json.loads((folder / NOTE).read_text())
    (folder / NOTE).write_text(json.dumps(note | {"made_at": "2020-01-01T00:00:00+00:00"}))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a bit is flipped": lambda folder: flip(a_table(folder)),
    "a file is cut short": lambda folder: a_table(folder).write_bytes(a_table(folder).read_bytes()[:-1]),
    "a file is gone": lambda folder: a_table(folder).unlink(),
    "the log is gone": lambda folder: next((folder / BASE / "pg_wal").glob("0*")).unlink(),
    "the manifest is changed": lambda folder: flip(folder / BASE / "backup_manifest"),
    "the manifest is gone": lambda folder: (folder / BASE / "backup_manifest").unlink(),
    "the note is gone, as when the backup was cut off": lambda folder: (folder / NOTE).unlink(),
    "the note is no note": lambda folder: (folder / NOTE).write_text("[]"),
    "the note is changed": resigned,
}


def test_a_damaged_backup_is_refused_and_the_live_data_is_untouched(state: Path, folder: Path, tmp_path: Path) -> None:
    before = bytes_of(state)
    for number, (what, damage) in enumerate(DAMAGE.items()):
        spoilt = shutil.copytree(folder, tmp_path / str(number))
        damage(spoilt)
        code, said = run("restore", spoilt, "--state", state)
        assert (code, "Traceback" in said) == (1, False), what
        shutil.rmtree(spoilt)
    assert bytes_of(state) == before
    assert not list(ready_made(state).parent.glob("*.restoring-*"))


def test_a_backup_of_another_deployment_is_refused(state: Path, folder: Path) -> None:
    (secret_folder(state, "county") / "audit_key").unlink()
    make_secrets(state)
    before = bytes_of(state)
    assert run("restore", folder, "--state", state)[0] == 1
    assert bytes_of(state) == before


def test_a_backup_whose_keys_are_not_here_is_refused_by_their_names(state: Path, tmp_path: Path) -> None:
    number = add_key(secret_folder(state, "households"), INTERNATIONAL)
    back_up(state, tmp_path / "backup")
    shutil.rmtree(secret_folder(state, "households") / "keys" / str(number))
    code, said = run("restore", tmp_path / "backup", "--state", state, "--lang", "en")
    assert (code, f"households/{number}" in said) == (1, True)


FOLLOW = (
    "import sys; from pathlib import Path; from services.cli.backup import follow; follow(*map(Path, sys.argv[1:]))"
)


def test_segments_of_the_log_are_counted_as_postgresql_counts_them() -> None:
    assert segment_after("000000020000000A000000FE") == "000000020000000A000000FF"
    assert segment_after("000000020000000A000000FF") == "000000020000000B00000000"


def test_a_log_that_cannot_be_followed_from_the_backup_on_is_refused(state: Path, folder: Path) -> None:
    """What was written between would be missing, and nobody would know before it is needed."""
    with running(state) as (cluster, port), connect(cluster.dsn(port, "households")) as database:
        for _ in range(3):
            database.execute("INSERT INTO kept SELECT 2 FROM generate_series(1, 10)")
            database.execute("SELECT pg_switch_wal()")
            database.execute("CHECKPOINT")
    with pytest.raises(LogGone):
        follow(state, folder)


def test_a_segment_that_was_only_begun_is_no_hindrance(state: Path, folder: Path) -> None:
    (folder / WAL / "000000010000000000000004.partial").touch()
    restore(state, folder)
    assert kept(state) == {1}


def test_with_the_log_followed_nothing_written_later_is_lost(state: Path, folder: Path) -> None:
    """Until the last second before the host is gone: written, followed, killed, restored."""
    with running(state) as (cluster, port), connect(cluster.dsn(port, "households")) as database:
        ready = {"postgres": {"pid": 0, "url": f"postgresql://127.0.0.1:{port}"}}
        (state / "ready.json").write_text(json.dumps({"launcher": 0, "expected": [], "processes": ready}))
        with subprocess.Popen([sys.executable, "-c", FOLLOW, str(state), str(folder)], cwd=CODE) as following:
            for number in (2, 3):
                database.execute("INSERT INTO kept SELECT %s FROM generate_series(1, 200000)", [number])
            wait_for(lambda: any((folder / WAL).glob("*.partial")))
            database.execute("INSERT INTO kept VALUES (4)")
            here = database.execute("SELECT pg_current_wal_lsn()::text").fetchone()
            told = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= %s"
            wait_for(lambda: database.execute(told, here).fetchone() == (1,))
            following.kill()
    (state / "ready.json").unlink()
    remove_data(state)
    restore(state, folder)
    assert kept(state) == {1, 2, 3, 4}


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)
