"""The register goes on while its keys are changed: nobody is refused, nobody becomes two, all come under the new."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.cli.processes import CODE
from services.households.import_members import HEADERS, WRITE_PERSONS
from services.households.models import ID_NUMBER, PHONE
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, header_of
from services.kit.store.key_ring import Key
from services.kit.store.rotation import left
from services.kit.store.sets import write_set
from tests.callers import SUITE, Headers, write_key
from tests.clock import NOW, TODAY
from tests.households.conftest import csv_of, member_row, valid

PERSONS, FAMILY = 20_000, 4
KEY_2 = Key(2, SUITE, b"2" * SUITE.key_length, b"2" * 32)
WRITE_HOUSEHOLDS = text(
    """
    INSERT INTO household (id, number, village, group_name, head_name, sealed_phone, created_at)
    SELECT sent.id, number, '520621001005', '', '示甲', sealed_phone, :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:number AS text[]), CAST(:sealed_phone AS bytea[]))
         AS sent (id, number, sealed_phone)
    """
)
WRITE_MEMBERSHIPS = text(
    """
    INSERT INTO membership (id, household_id, person_id, relation, valid)
    SELECT gen_random_uuid(), sent.household_id, sent.id, '01', daterange(:today, NULL)
    FROM unnest(CAST(:household_id AS uuid[]), CAST(:id AS uuid[])) AS sent (household_id, id)
    """
)


def number_of(person: int) -> str:
    born = date(1950, 1, 1) + timedelta(days=person // 400)
    return valid(f"990101{born:%Y%m%d}{person % 400:03}")


def house_of(person: int) -> str:
    return f"R{person // FAMILY}"


@pytest.fixture
def register(engines: dict[str, Engine], clean: None, seal: Seal) -> Engine:
    """20,000 persons in 5,000 households, all under key 1."""
    homes = [uuid4() for _ in range(0, PERSONS, FAMILY)]
    houses = [
        {"id": home, "number": f"R{order}", "sealed_phone": seal.close("10000000001", PHONE.place(home))}
        for order, home in enumerate(homes)
    ]
    people = [person_row(seal, homes[person // FAMILY], person) for person in range(PERSONS)]
    with open_session(engines["households"]) as session, session.begin():
        write_set(session, WRITE_HOUSEHOLDS.bindparams(now=NOW), houses, "id", "number", "sealed_phone")
        columns = ("id", "name", "sealed_id_number", "id_index", "birth_date", "sex", "schooling", "insured")
        write_set(session, WRITE_PERSONS, people, *columns)
        write_set(session, WRITE_MEMBERSHIPS.bindparams(today=TODAY), people, "household_id", "id")
    return engines["households"]


def person_row(seal: Seal, household_id: UUID, person: int) -> dict[str, object]:
    key, number = uuid4(), number_of(person)
    return {
        "id": key,
        "household_id": household_id,
        "name": "示甲",
        "sealed_id_number": seal.close(number, ID_NUMBER.place(key)),
        "id_index": seal.index(number),
        "birth_date": date(1950, 1, 1),
        "sex": "1",
        "schooling": None,
        "insured": True,
    }


@contextmanager
def worker(engine: Engine, secrets: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service's own; nobody else of the county is there."""
    environment = {
        **os.environ,
        "SHOUWANG_SERVICE": "households",
        "SHOUWANG_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "SHOUWANG_SECRETS": str(secrets),
        "SHOUWANG_PORT": "1",
        "SHOUWANG_COUNTY_URL": "http://127.0.0.1:9",
        "SHOUWANG_SUITE": SUITE.name,
    }
    argv = [sys.executable, "-m", "services.households.worker"]
    with subprocess.Popen(argv, cwd=CODE, env=environment, stderr=subprocess.DEVNULL) as process:
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
    http: TestClient, register: Engine, clerk: Headers, tmp_path: Path, seal: Seal
) -> None:
    over, answers = threading.Event(), list[tuple[int, int]]()

    def write(writer: int) -> None:
        """Files of known persons, anywhere in the register, with a change, and of one new person."""
        turn = 0
        while not over.is_set():
            turn += 1
            known = [(writer * 7919 + turn * 7907 + step * 997) % PERSONS for step in range(10)]
            rows = [member_row(house_of(p), number_of(p), 参加基本医保="否") for p in sorted(set(known))]
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
