"""The register goes on while its keys are changed: nobody is refused, nobody becomes two, all come under the new."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from bench.register import household_of, number_of, write_register
from services.cli.processes import CODE
from services.households.imports.members import HEADERS
from services.households.models.register import ID_NUMBER
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, header_of
from services.kit.store.key_ring import Key
from services.kit.store.rotation import left
from tests.callers import SUITE, Office, as_process, write_key
from tests.households.conftest import csv_of, member_row

PERSONS = 20_000
UPLOAD_PAUSE_S = 0.5  # one credential may send two files a second for as long as it likes
KEY_2 = Key(2, SUITE, b"2" * SUITE.key_length, b"2" * 32)


@pytest.fixture
def register(engines: dict[str, Engine], clean: None, seal: Seal) -> Engine:
    """20,000 persons in 5,000 households, all under key 1."""
    write_register(engines["households"], seal, PERSONS)
    return engines["households"]


@contextmanager
def worker(engine: Engine, secrets: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service's own; nobody else of the county is there."""
    argv = [sys.executable, "-m", "services.households.worker"]
    with subprocess.Popen(
        argv, cwd=CODE, env=as_process("households", engine, secrets), stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def moved(engine: Engine) -> int:
    with open_session(engine) as session:
        return session.execute(text("SELECT moved FROM field_key WHERE number = 2")).scalar() or 0


def wait_for(happened: Callable[[], bool], within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_done(engine: Engine) -> bool:
    with open_session(engine) as session:
        done = session.execute(text("SELECT done_at IS NOT NULL FROM field_key WHERE number = 2")).scalar()
    return bool(done)


def test_keys_are_rotated_under_writers_and_through_a_kill(
    http: TestClient, register: Engine, office: Office, tmp_path: Path, seal: Seal
) -> None:
    over, answers = threading.Event(), list[tuple[int, int]]()

    def write(writer: int) -> None:
        """Files of known persons, anywhere in the register, with a change, and of one new person."""
        clerk, turn = office("clerk", "township"), 0
        while not over.wait(UPLOAD_PAUSE_S):
            turn += 1
            known = [(writer * 7919 + turn * 7907 + step * 997) % PERSONS for step in range(10)]
            rows = [member_row(household_of(p), number_of(p), 参加基本医保="否") for p in sorted(set(known))]
            new = number_of(PERSONS + writer * 100_000 + turn)
            file = csv_of(HEADERS, *rows, member_row("R0", new))
            answer = http.post("/v1/household-imports/members", files={"file": ("m.csv", file)}, headers=clerk)
            said = answer.json() if answer.status_code == 201 else {}
            answers.append((answer.status_code, said.get("refused", -1)))

    writers = [threading.Thread(target=write, args=(number,)) for number in (1, 2)]
    for thread in writers:
        thread.start()
    try:
        write_key(tmp_path, KEY_2)
        with worker(register, tmp_path):
            wait_for(lambda: moved(register) > 0)
        assert left(register, Seal.read(tmp_path), ID_NUMBER) > 0
        with worker(register, tmp_path):
            wait_for(lambda: is_done(register))
    finally:
        over.set()
        for thread in writers:
            thread.join()
    assert set(answers) == {(201, 0)}
    assert kept(register) == (PERSONS + len(answers), PERSONS + len(answers), 0)
    assert opens_and_is_found(register, Seal.read(tmp_path))


def kept(engine: Engine) -> tuple[int, int, int]:
    """Persons, different numbers among them, and rows that are not under the new key."""
    wanted = text(
        "SELECT count(*), count(DISTINCT id_index), count(*) FILTER (WHERE substring(sealed_id_number, 1, 4) <> :new)"
        " FROM person"
    )
    with open_session(engine) as session:
        return tuple(session.execute(wanted, {"new": header_of(KEY_2)}).one())


def opens_and_is_found(engine: Engine, seal: Seal) -> bool:
    """Each number, and its index under the new key alone."""
    with open_session(engine) as session:
        rows = session.execute(text("SELECT id, sealed_id_number, id_index FROM person")).all()
    numbers = [seal.open(bytes(row.sealed_id_number), ID_NUMBER.place(row.id)) for row in rows]
    found = all(bytes(row.id_index) == KEY_2.index(number) for row, number in zip(rows, numbers, strict=True))
    return found and len(set(numbers)) == len(rows) and {number_of(p) for p in range(PERSONS)} <= set(numbers)
