"""Where PostgreSQL keeps its data, and how it is made once: whole, or not at all."""

import errno
import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from services.cli.children import PLAIN_ENVIRONMENT, Account, dies_with_us, identity, may_enter
from services.cli.messages import DataGone, DataOlderThanPostgres, DiskFull, WrittenByNewerVersion
from services.cli.programs import major_version

ELSEWHERE = Path("/var/lib/shouwang")
FIRST_START_NEEDS = 300_000_000  # bytes: the empty databases, their write-ahead log, and a beginning
UNFINISHED = "postgres.unfinished-"


def make_state_folder(state: Path) -> None:
    """Others may pass through but not list: PostgreSQL may run under another account than the launcher."""
    state.mkdir(mode=0o711, parents=True, exist_ok=True)


def find_data(state: Path) -> Path | None:
    """`state/postgres` is the data, or a link to it when PostgreSQL's account cannot go where the state lies."""
    link = state / "postgres"
    if link.is_symlink() and not link.exists():
        raise DataGone(folder=link.readlink(), link=link)
    return link.resolve() if link.exists() else None


def mark_of(state: Path) -> Path | None:
    """Of a sandbox: the file with the days by which its clock is ahead."""
    mark = (state / "sandbox").resolve()
    return mark if mark.exists() else None


def account_for(data: Path, usual: Account) -> Account:
    """Whose the data is, if an ordinary user made it before root took over. Root's own (a copy put back by hand) is
    handed over: PostgreSQL opens only what belongs to its account, and refuses to be root."""
    status = data.stat()
    if status.st_uid != 0:
        return Account(status.st_uid, status.st_gid)
    for path in (data, *data.rglob("*")):
        os.chown(path, usual.user, usual.group, follow_symlinks=False)
    return usual


def check_version(data: Path, programs: Path) -> None:
    written, program = int((data / "PG_VERSION").read_text()), major_version(programs)
    if written > program:
        raise WrittenByNewerVersion(detail=f"PostgreSQL {written} > {program}")
    if written < program:
        raise DataOlderThanPostgres(data=written, program=program)


def make_data(state: Path, programs: Path, account: Account | None, password: str, needed: int) -> Path:
    place = choose_place(state, account)
    if shutil.disk_usage(place.parent).free < needed:
        raise DiskFull(folder=place.parent)
    for leftover in place.parent.glob(f"{UNFINISHED}{place.name}-*"):  # of a start that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    workshop = Path(tempfile.mkdtemp(prefix=f"{UNFINISHED}{place.name}-", dir=place.parent))
    try:
        initialise(workshop, programs, account, password)
        (workshop / "data").rename(place)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    if place.parent != state:
        (state / "postgres").symlink_to(place)
    return place


def remove_data(state: Path) -> None:
    """For tests and the demo: the data may lie outside the state folder, where deleting that would not find it."""
    if data := find_data(state):
        shutil.rmtree(data)
    (state / "postgres").unlink(missing_ok=True)


def choose_place(state: Path, account: Account | None) -> Path:
    """What already lies at the place elsewhere belonged to a state folder that was deleted, its passwords too:
    of no use to this start, but not ours to delete."""
    if account is None or may_enter(state, account):
        return state / "postgres"
    ELSEWHERE.mkdir(mode=0o711, parents=True, exist_ok=True)
    place = ELSEWHERE / hashlib.sha256(bytes(state)).hexdigest()[:16]
    if place.exists():
        place.rename(place.with_name(f"{place.name}.left-{secrets.token_hex(4)}"))
    return place


def initialise(workshop: Path, programs: Path, account: Account | None, password: str) -> None:
    """Runs initdb. The password goes by file: an argument would show in the list of processes."""
    password_file = workshop / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    for path in (workshop, password_file):
        if account:
            os.chown(path, account.user, account.group)
    done = subprocess.run(
        [*initdb(programs), f"--pwfile={password_file}", f"--pgdata={workshop / 'data'}"],
        env=PLAIN_ENVIRONMENT,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=dies_with_us(),
        **identity(account),
    )
    if done.returncode != 0:
        if os.strerror(errno.ENOSPC) in done.stderr:
            raise DiskFull(folder=workshop.parent)
        raise RuntimeError(f"initdb failed: {done.stderr}")


def initdb(programs: Path) -> list[str]:
    """The built-in C.UTF-8 sorts by code point on every machine alike, and knows letters beyond ASCII. Before
    PostgreSQL 17 there is none, and the system's of that name stands in for it."""
    built_in = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    locale = built_in if major_version(programs) >= 17 else ("--locale=C.UTF-8",)
    return [
        str(programs / "initdb"),
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *locale,
        "--data-checksums",
        "--no-instructions",
    ]
