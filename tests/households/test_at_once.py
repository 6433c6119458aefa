"""One new household, or one new person, in two files at the same moment."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeAlias

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from services.households.models.register import PHONE, Household, Person
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.web.cells import ImportOut
from tests.households.conftest import (
    KINDS,
    Send,
    csv_of,
    facts_of,
    faults,
    household_numbered,
    household_row,
    member_row,
    take,
    valid,
)

Both: TypeAlias = Callable[[str, Sequence[str], Sequence[str]], ImportOut]


@pytest.fixture
def both(households: Session, engines: dict[str, Engine], seal: Seal) -> Both:
    """Two uploads of a kind, the second begun before the first is committed."""

    def second(kind: str, row: Sequence[str]) -> ImportOut:
        with open_session(engines["households"]) as session, session.begin():
            return take(session, seal, kind, csv_of(KINDS[kind].HEADERS, row))

    def upload(kind: str, first: Sequence[str], other: Sequence[str]) -> ImportOut:
        take(households, seal, kind, csv_of(KINDS[kind].HEADERS, first))
        with ThreadPoolExecutor(1) as threads:
            sent = threads.submit(second, kind, other)
            wait([sent], timeout=0.3)
            households.commit()
            return sent.result()

    return upload


def test_one_new_household_uploaded_twice_at_once_keeps_one_id_for_its_phone_tags_and_facts(
    both: Both, households: Session, seal: Seal
) -> None:
    assert both("households", household_row(), household_row(联系电话="10000000002", 监测对象="是")).stored == 1
    held = households.get_one(Household, household_numbered(households, "JK1"), populate_existing=True)
    assert held.sealed_phone
    assert seal.open(held.sealed_phone, PHONE.place(held.id)) == "10000000002"
    assert facts_of(households, "JK1").monitored


def test_one_new_person_uploaded_into_two_households_at_once_is_refused_in_the_second(
    both: Both, households: Session, send: Send
) -> None:
    send("households", household_row(), household_row("JK2"))
    number = valid("99010119600101123")
    verdict = both("members", member_row(id_number=number), member_row("JK2", id_number=number))
    assert faults(verdict) == [(2, "证件号码", "member-elsewhere")]
    assert len(households.scalars(select(Person)).all()) == 1
