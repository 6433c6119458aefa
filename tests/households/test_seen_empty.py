"""A file is taken in as quickly where the planner last saw the tables empty, as it does after one has been undone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from services.kit.store.fields import Seal
from tests.households.conftest import KINDS, csv_of, household_row, member_row, statement_row, take

HOUSEHOLDS = 400  # of so many a part took minutes
TABLES = ("household", "membership", "person", "statement", "statement_line", "household_facts")


@pytest.fixture
def seen_empty(households: Session, seal: Seal, engines: dict[str, Engine]) -> Iterator[Session]:
    fill(households, seal)
    households.rollback()
    look_at(engines["households"], "ANALYZE")
    yield households
    households.rollback()
    look_at(engines["households"], "VACUUM (ANALYZE)")  # an empty table without pages is one nobody has seen


def look_at(engine: Engine, how: str) -> None:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in TABLES:
            connection.execute(text(f"{how} {table}"))


def fill(session: Session, seal: Seal) -> None:
    numbers = [f"JK{number}" for number in range(HOUSEHOLDS)]
    for kind, row in (("households", household_row), ("members", member_row), ("statements", statement_row)):
        headers = KINDS[kind].HEADERS
        assert take(session, seal, kind, csv_of(headers, *(row(number) for number in numbers))).refusals == []


def test_a_file_is_taken_in_as_quickly_where_tables_were_seen_empty(seen_empty: Session, seal: Seal) -> None:
    seen_empty.execute(text("SET LOCAL statement_timeout = '5s'"))
    fill(seen_empty, seal)
