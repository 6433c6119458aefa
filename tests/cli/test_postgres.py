"""PostgreSQL of our own: made once, unprivileged, closed to everyone who has no password."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.cli.children import Account, identity, unprivileged
from services.cli.data_folder import choose_place, find_data, remove_data
from services.cli.messages import DataGone, DataOlderThanPostgres, DiskFull, WrittenByNewerVersion
from services.cli.postgres import (
    Cluster,
    ServerEnded,
    answers,
    connect,
    create_databases,
    free_port,
    prepare,
    running,
    start_on,
    stop,
    throwaway,
    throwaway_folder,
    wait_until_ready,
)
from services.cli.processes import CODE
from services.cli.programs import copy_programs, major_version, package_folder
from tests.outside.launching import alive, eventually, facts_of, family, state_folder

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Cluster, int]]:
    with throwaway({"fsync": "off"}) as (cluster, port):
        create_databases(cluster, port)
        yield cluster, port


def test_each_service_owns_one_database_and_may_not_enter_the_others(server: tuple[Cluster, int]) -> None:
    cluster, port = server
    with connect(cluster.dsn(port, "alerts", "alerts")) as alerts:
        extensions = {name for (name,) in alerts.execute("SELECT extname FROM pg_extension")}
        alerts.execute("CREATE TABLE is_owner ()")
        alerts.execute("DROP TABLE is_owner")
    assert "btree_gist" in extensions
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        connect(cluster.dsn(port, "county", "alerts"))


def test_databases_are_created_once_and_follow_their_password_file(server: tuple[Cluster, int]) -> None:
    cluster, port = server
    old = cluster.dsn(port, "households", "households")
    (cluster.state / "secrets" / "database" / "households").unlink()
    create_databases(cluster, port)
    assert not answers(old)
    assert answers(cluster.dsn(port, "households", "households"))


def test_text_is_unicode_and_sorted_alike_on_every_machine(server: tuple[Cluster, int]) -> None:
    cluster, port = server
    with connect(cluster.dsn(port, "county", "county")) as county:
        assert county.execute("SELECT upper('é'), '乡' < '镇', '村' ~ '\\w'").fetchone() == ("É", True, True)
        assert county.execute("SHOW data_checksums").fetchone() == ("on",)


def test_passwords_are_for_their_owner_alone(server: tuple[Cluster, int]) -> None:
    for path in (server[0].state / "secrets").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_a_password_shows_in_no_command_line(server: tuple[Cluster, int]) -> None:
    cluster, port = server
    passwords = [path.read_text() for path in (cluster.state / "secrets").rglob("*password")]
    assert passwords
    assert not any(password in word for password in passwords for word in cluster.command(port))


def test_the_server_of_root_runs_without_privileges(server: tuple[Cluster, int]) -> None:
    cluster, _ = server
    postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
    assert "0" not in facts_of(postmaster)["Uid"].split()
    assert "0" not in facts_of(postmaster)["Groups"].split()


def test_a_port_that_was_taken_meanwhile_is_not_waited_for() -> None:
    with throwaway_folder() as state, socket.create_server(("127.0.0.1", 0)) as somebody:
        cluster, taken, begun = prepare(state), somebody.getsockname()[1], time.monotonic()
        with pytest.raises(ServerEnded):
            start_on(cluster, [taken])
        assert time.monotonic() < begun + 20
        free = free_port()
        server, port = start_on(cluster, [taken, free])
        stop(server)
        assert port == free


def test_a_server_that_reads_its_log_is_waited_for_as_long_as_it_reads() -> None:
    slow = {"restore_command": "sleep 2; false", "fsync": "off"}
    with throwaway_folder() as state:
        cluster, port = prepare(state), free_port()
        asked = cluster.data / "recovery.signal"
        asked.touch()
        if cluster.account:
            os.chown(asked, cluster.account.user, cluster.account.group)
        with (state / "postgres.log").open("ab") as log:
            server = cluster.start(port, log.fileno(), slow)
        try:
            wait_until_ready(cluster, port, server, deadline_s=0.5)
            assert answers(cluster.dsn(port))
        finally:
            stop(server)


def test_a_killed_initdb_leaves_nothing_half_made() -> None:
    with state_folder() as state:
        code = f"from services.cli.postgres import *; prepare(Path('{state}'))"
        with subprocess.Popen([sys.executable, "-c", code], cwd=CODE) as first:
            assert eventually(lambda: bool(list(state.glob("postgres.unfinished-*/data/base"))), within_s=10)
            ours = family(first.pid)
            first.send_signal(signal.SIGKILL)
        assert find_data(state) is None
        assert eventually(lambda: not any(map(alive, ours)), within_s=5)
        with running(state):
            assert not list(state.glob("postgres.unfinished-*"))


def test_too_little_room_for_a_first_start_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(DiskFull) as refusal:
        prepare(tmp_path / "state", needed=10**18)
    assert refusal.value.exit_code == 5
    assert not list(tmp_path.rglob("PG_VERSION"))


@pytest.mark.parametrize(("version", "refusal"), [(99, WrittenByNewerVersion), (9, DataOlderThanPostgres)])
def test_data_of_another_version_is_not_opened(tmp_path: Path, version: int, refusal: type[Exception]) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text(str(version))
    with pytest.raises(refusal, match=str(version)):
        prepare(tmp_path)


def test_data_that_has_gone_is_not_replaced_by_an_empty_register(tmp_path: Path) -> None:
    (tmp_path / "postgres").symlink_to(tmp_path / "somewhere")
    with pytest.raises(DataGone):
        prepare(tmp_path)


@needs_root
def test_a_state_folder_out_of_reach_has_its_data_elsewhere_and_finds_it_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    state = tmp_path / "state"
    try:
        with running(state, options={"fsync": "off"}) as (first, _):
            assert state not in first.data.parents
        assert prepare(state) == first
        (state / "postgres").unlink()
        left = {path.name for path in first.data.parent.iterdir()}
        assert choose_place(state, first.account) == first.data
        (aside,) = {path.name for path in first.data.parent.iterdir()} - left
        (state / "postgres").symlink_to(first.data.with_name(aside))
    finally:
        remove_data(state)


@needs_root
def test_programs_out_of_reach_are_copied_once() -> None:
    account = unprivileged()
    assert account
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        copied = copy_programs(package_folder(), Path(place) / "cache")
        assert copy_programs(package_folder(), Path(place) / "cache") == copied
        subprocess.run([copied / "initdb", "--version"], check=True, cwd="/", **identity(account))
        assert major_version(copied) >= 18


@needs_root
def test_an_ordinary_user_starts_it_as_himself() -> None:
    account = Account(NOBODY.pw_uid, NOBODY.pw_gid)
    python = python_of(account)
    with tempfile.TemporaryDirectory() as place:
        shutil.chown(place, account.user, account.group)
        code = (
            f"from services.cli.postgres import *\nwith running(Path('{place}/s')) as (c, p): print(answers(c.dsn(p)))"
        )
        done = subprocess.run([*python, "-c", code], capture_output=True, text=True, cwd=CODE, **identity(account))
        assert done.stdout == "True\n", done.stderr


def python_of(account: Account) -> list[str]:
    """This interpreter may lie in root's home; then another with the same libraries will do."""
    path = f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}"
    for python in (sys.executable, "/usr/bin/python3"):
        argv = ["/usr/bin/env", path, python]
        tried = subprocess.run(
            [*argv, "-c", "import psycopg, cryptography"], capture_output=True, cwd="/", **identity(account)
        )
        if tried.returncode == 0:
            return argv
    pytest.skip("no Python that an ordinary user may run")
