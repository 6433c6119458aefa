"""What the models say of tables, keys, indexes and columns is what the migrations have made: not only their names."""

import re
from importlib import import_module
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.dialects.postgresql.base import ischema_names

import services.kit.store.audit  # noqa: F401  # its tables are of the shape
from services.cli.secret_files import SERVICES
from services.kit.store.tables import Kit, Xid8

ischema_names["xid8"] = Xid8  # a type SQLAlchemy does not know by itself

FOLLOWING = ("table", "foreign_key_constraint")  # as in migrations/env.py, which runs when it is imported
PARTITIONS = text(
    "SELECT relname FROM pg_class WHERE relispartition UNION ALL SELECT conname FROM pg_constraint"
    " JOIN pg_class ON pg_class.oid = conrelid WHERE conparentid <> 0 AND NOT relispartition"
)
PREDICATES = text(
    "SELECT indexname, substring(indexdef FROM ' WHERE (.*)$') FROM pg_indexes WHERE schemaname = 'public'"
)
UNINDEXED = text(
    """
    SELECT format('%s to %s', conrelid::regclass, confrelid::regclass)
    FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    WHERE contype = 'f' AND conparentid = 0 AND NOT EXISTS (
        SELECT FROM pg_index
        WHERE indrelid = conrelid AND indkey[0] = ANY (conkey) AND (
            indpred IS NULL OR pg_get_expr(indpred, indrelid) = format('(%I IS NOT NULL)', attname)))
    """
)
NEVER_TAKEN_AWAY = {
    "cadre to unit",
    "clue_batch to clue_batch",  # what a batch replaces; batches stay, withdrawn or not
    "monitored_case to case_profile",
    "quality_finding to quality_run",
    "round_task to visit",
    "sign_on_link to account",
}


@pytest.fixture(params=SERVICES)
def shape(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> tuple[Engine, list[Any]]:
    own = import_module(f"services.{request.param}.models").Table.metadata
    return engines[request.param], [Kit.metadata, own]


def tables(shape: list[Any]) -> dict[str, Any]:
    return {name: table for metadata in shape for name, table in metadata.tables.items()}


def test_there_is_nothing_left_to_migrate(shape: tuple[Engine, list[Any]]) -> None:
    engine, metadata = shape
    with engine.connect() as connection:
        partitions = set(connection.execute(PARTITIONS).scalars())
        own = {"include_name": lambda name, kind, _: kind not in FOLLOWING or name not in partitions}
        there: Any = metadata  # one alone, says its type; several, says its page
        assert compare_metadata(MigrationContext.configure(connection, opts=own), there) == []


def test_keys_are_those_of_the_models(shape: tuple[Engine, list[Any]]) -> None:
    engine, metadata = shape
    made = inspect(engine)
    for name, table in tables(metadata).items():
        assert set(made.get_pk_constraint(name)["constrained_columns"]) == set(table.primary_key.columns.keys()), name


def test_indexes_hold_the_rows_the_models_say(shape: tuple[Engine, list[Any]]) -> None:
    engine, metadata = shape
    with engine.connect() as connection:
        made = {name: plain(where or "") for name, where in connection.execute(PREDICATES)}
    for table in tables(metadata).values():
        for index in table.indexes:
            where = index.dialect_options["postgresql"]["where"]
            assert made[index.name] == plain("" if where is None else str(where)), index.name


def test_who_takes_a_row_away_looks_no_table_through(shape: tuple[Engine, list[Any]]) -> None:
    """PostgreSQL asks each table that points at the row, once for a row: without an index, the whole of it. A
    condition that leaves out those without a value costs nothing; any other makes the index useless here."""
    engine, _ = shape
    with engine.connect() as connection:
        assert set(connection.scalars(UNINDEXED)) <= NEVER_TAKEN_AWAY


def plain(condition: str) -> str:
    """Without the brackets, casts and spaces that PostgreSQL writes by itself."""
    return re.sub(r"::[a-z]+(\[\])?|[() ]", "", condition).lower()
