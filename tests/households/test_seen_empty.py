"""A file is taken in as quickly where the planner last saw the tables empty, as it does after one has been undone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from services.households.imports.undo_cases import remove_tags
from services.kit.store.fields import Seal
from tests.households.conftest import KINDS, csv_of, household_row, member_row, statement_row, take

HOUSEHOLDS = 400  # of so many a part took minutes
TAGGED = text(
    """
    INSERT INTO tag (id, household_id, key, valid, source)
    SELECT gen_random_uuid(), id, :key, daterange('2024-03-05', NULL), 'case ' || id FROM household
    """
)
TABLES = ("tag", "household", "membership", "person", "statement", "statement_line", "household_facts")


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


def test_tags_of_a_file_of_cases_are_taken_back_as_quickly_where_none_were_seen(
    households: Session, seal: Seal, engines: dict[str, Engine]
) -> None:
    numbers = [f"JK{number}" for number in range(20_000)]  # each held against each take twenty seconds
    for start in range(0, len(numbers), 5_000):
        told = csv_of(KINDS["households"].HEADERS, *(household_row(n) for n in numbers[start : start + 5_000]))
        assert take(households, seal, "households", told).refusals == []
    households.execute(TAGGED, {"key": "formerly_poor"})
    households.commit()
    look_at(engines["households"], "ANALYZE")
    households.execute(TAGGED, {"key": "monitored"})
    homes = list(households.scalars(text("SELECT id FROM household")))
    households.execute(text("SET LOCAL statement_timeout = '2s'"))
    remove_tags(households, homes, homes)
    assert set(households.scalars(text("SELECT key FROM tag"))) == {"formerly_poor"}
    households.rollback()
    look_at(engines["households"], "VACUUM (ANALYZE)")
