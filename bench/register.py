"""A register of so many fictional persons, four to a household, sealed and written in sets."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from services.households.imports.members import PERSON, WRITE_PERSONS
from services.households.models.register import ID_NUMBER, PHONE
from services.households.register.id_numbers import check_digit
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.sets import write_set

FAMILY = 4
SET = 20_000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
WRITE_HOUSEHOLDS = text(
    """
    INSERT INTO household (id, number, village, group_name, head_name, sealed_phone, created_at)
    SELECT id, number, '520621001005', '', '示甲', sealed_phone, :at
    FROM unnest(CAST(:id AS uuid[]), CAST(:number AS text[]), CAST(:sealed_phone AS bytea[]))
         AS sent (id, number, sealed_phone)
    """
)
WRITE_MEMBERSHIPS = text(
    """
    INSERT INTO membership (id, household_id, person_id, relation, valid)
    SELECT gen_random_uuid(), household_id, id, '01', daterange(:day, NULL)
    FROM unnest(CAST(:household_id AS uuid[]), CAST(:id AS uuid[])) AS sent (household_id, id)
    """
)


def number_of(person: int) -> str:
    """Of the nth person: 400 to a birth date, then the next region, all beginning with 99."""
    region, day = 990101 + person // 10_000_000, person // 400 % 25_000
    body = f"{region}{date(1930, 1, 1) + timedelta(days=day):%Y%m%d}{person % 400:03}"
    return body + check_digit(body)


def household_of(person: int) -> str:
    return f"R{person // FAMILY}"


def write_register(engine: Engine, seal: Seal, persons: int) -> None:
    """A transaction per set."""
    for first in range(0, persons, SET):
        chosen = range(first, min(first + SET, persons))
        homes = {household_of(person): uuid4() for person in chosen}
        people = list(people_in(seal, homes, chosen))
        houses = [
            {"id": home, "number": number, "sealed_phone": seal.close("10000000001", PHONE.place(home))}
            for number, home in homes.items()
        ]
        with open_session(engine) as session, session.begin():
            write_set(session, WRITE_HOUSEHOLDS.bindparams(at=LONG_AGO), houses, "id", "number", "sealed_phone")
            write_set(session, WRITE_PERSONS, people, *PERSON)
            write_set(session, WRITE_MEMBERSHIPS.bindparams(day=LONG_AGO.date()), people, "household_id", "id")


def people_in(seal: Seal, homes: dict[str, UUID], chosen: range) -> Iterator[dict[str, object]]:
    for person in chosen:
        key, number = uuid4(), number_of(person)
        yield {
            "id": key,
            "household_id": homes[household_of(person)],
            "name": "示甲",
            "sealed_id_number": seal.close(number, ID_NUMBER.place(key)),
            "id_index": seal.index(number),
            "birth_date": date(1950, 1, 1),
            "sex": "1",
            "schooling": None,
            "insured": True,
        }
