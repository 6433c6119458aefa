"""The hundred people told while the database refuses, or is cut off in the middle."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Barrier, Event, Thread
from typing import Any
from uuid import uuid4

import psycopg

from services.cli.audit import dsn_of
from services.cli.demo import PASSWORD
from tests.outside.canaries import PEOPLE, Canary
from tests.outside.telling import MEMBER, Teller, number


def break_constraints(teller: Teller) -> None:
    """Two at once under one name: the database refuses one of them, and its own words hold the row. And as the
    service's role by hand, for what no endpoint lets through to the constraint."""
    for one in PEOPLE[10:13]:
        gate = Barrier(2)

        def create(gate: Barrier = gate, one: Canary = one) -> None:
            account = {
                "username": f"racer-{PEOPLE.index(one)}",
                "name": one.name,
                "password": PASSWORD,
                "roles": ["cadre"],
            }
            gate.wait()
            teller.send("POST", "county", "/v1/accounts", who="admin", json=account | {"id": str(uuid4())})

        racing = [Thread(target=create) for _ in range(2)]
        for thread in racing:
            thread.start()
        for thread in racing:
            thread.join()
    one = PEOPLE[13]
    row = {"name": one.name, "number": number(0), "phone": b"sealed"}
    for statement in (
        "INSERT INTO household (id, number, village, group_name, head_name, sealed_phone, created_at)"
        " VALUES (gen_random_uuid(), %(number)s, '', '', %(name)s, %(phone)s, now())",
        "INSERT INTO person (id, name, birth_date) VALUES (gen_random_uuid(), %(name)s, now())",
    ):
        with psycopg.connect(dsn_of(teller.county.state, "households").replace("+psycopg", "")) as connection:
            try:
                connection.execute(statement, row)
            except psycopg.Error:
                continue
            raise AssertionError("it was to be refused")


@contextmanager
def connections_dying(teller: Teller) -> Iterator[None]:
    """The register's connections are cut again and again, in the middle of whatever they are doing."""
    stop = Event()

    def cut() -> None:
        asked = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'households_api'"
        with psycopg.connect(dsn_of(teller.county.state, "postgres").replace("+psycopg", "")) as connection:
            while not stop.is_set():
                connection.execute(asked)
                connection.commit()
                time.sleep(0.03)

    cutting = Thread(target=cut)
    cutting.start()
    try:
        yield
    finally:
        stop.set()
        cutting.join()


def tell_while_it_breaks(teller: Teller, families: Sequence[dict[str, Any]]) -> int:
    """How many calls failed for it."""
    before = len(teller.answers.refused)
    with connections_dying(teller):
        for place, one in enumerate(PEOPLE[:20]):
            rows = [
                (number(i), other.name, other.id_number, "户主", "", "", "", "是") for i, other in enumerate(PEOPLE)
            ]
            path = f"/v1/households/{families[place]['id']}"
            if place % 5 == 0:
                teller.file("households", "/v1/household-imports/members", MEMBER, rows)
            tag = {"since": "2026-02-01", "source": one.illness}
            teller.send("PUT", "households", f"{path}/tags/extreme_hardship", json=tag)
            teller.send("GET", "households", path)
    return len(teller.answers.refused) - before
