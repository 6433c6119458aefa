"""The keys of sealed fields, as an operator adds and compares them."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from services.cli.messages import CannotRun, Notice
from services.cli.readiness import read_ready
from services.cli.secret_files import SERVICES, add_key, database_password, key_numbers, secret_folder
from services.kit.store.key_ring import Key, KeysUnreadable, read_keys
from services.kit.store.suites import SUITES

ADDED = Notice(
    "{service}：已添加字段密钥 {number}（{suite}，指纹 {fingerprint}）；各行将陆续改用它封存。",
    "{service}: field key {number} added ({suite}, fingerprint {fingerprint}); the rows move to it by themselves.",
)
HELD = Notice(
    "{service} {number} {suite} 指纹 {fingerprint} {standing}", "{service} {number} {suite} {fingerprint} {standing}"
)
MOVING = Notice("已改封 {moved} 行，进行中", "{moved} rows moved, more to come")
MOVED = Notice("已改封 {moved} 行，完成", "{moved} rows moved, done")
UNUSED = Notice("没有数据用它", "no row needs it")
UNKNOWN = Notice("", "")


class NoKeysHere(CannotRun):
    notice = Notice("{why}；请先执行 shouwang up。", "{why}; run shouwang up first.")


def services_of(service: str) -> tuple[str, ...]:
    return (service,) if service else SERVICES


def rotate(state: Path, service: str, suite: str) -> Iterator[tuple[Notice, dict[str, object]]]:
    """A new key for each; its worker notices it and moves the rows."""
    for name in services_of(service):
        folder = secret_folder(state, name)
        if not key_numbers(folder):
            raise NoKeysHere(why=f"no key in {folder}")
        number = add_key(folder, SUITES[suite])
        yield ADDED, said_of(name, read(folder)[number])


def held(state: Path, service: str) -> Iterator[tuple[Notice, dict[str, object], Notice, dict[str, object]]]:
    """Every key, and how far its rotation has come where the database can be asked."""
    for name in services_of(service):
        progress = progress_of(state, name)
        for number, key in sorted(read(secret_folder(state, name)).items()):
            standing, moved = UNKNOWN if progress is None else UNUSED, 0
            if progress and number in progress:
                moved, done = progress[number]
                standing = MOVED if done else MOVING
            yield HELD, said_of(name, key), standing, {"moved": moved}


def said_of(service: str, key: Key) -> dict[str, object]:
    return {"service": service, "number": key.number, "suite": key.suite.name, "fingerprint": key.fingerprint}


def read(folder: Path) -> dict[int, Key]:
    try:
        return read_keys(folder)
    except KeysUnreadable as reason:
        raise NoKeysHere(why=reason) from reason


def progress_of(state: Path, service: str) -> Mapping[int, tuple[int, bool]] | None:
    """By number: the rows moved to it, and whether none was left. None where no database answers."""
    if not (url := database_url(state, service)):
        return None
    try:
        with create_engine(url, poolclass=NullPool, hide_parameters=True).connect() as connection:
            rows = connection.execute(text("SELECT number, moved, done_at IS NOT NULL FROM field_key"))
            return {number: (moved, done) for number, moved, done in rows}
    except DBAPIError:
        return None


def database_url(state: Path, service: str) -> str:
    """As `shouwang migrate` is told it, or of the county that runs in this folder."""
    if told := os.environ.get(f"SHOUWANG_{service.upper()}_DATABASE_URL"):
        return told
    ready = read_ready(state)
    if not ready or "postgres" not in ready["processes"]:
        return ""
    address = str(ready["processes"]["postgres"]["url"]).removeprefix("postgresql://")
    return f"postgresql+psycopg://{service}:{database_password(state, service)}@{address}/{service}"
