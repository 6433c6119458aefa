"""A release that brings facts finds them in what a county has already told us."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from sqlalchemy import Connection, create_engine, text

from services.cli.migrate import configuration, migrate_all
from services.cli.postgres import create_databases, throwaway


@contextmanager
def as_it_was(service: str, revision: str) -> Iterator[tuple[Connection, Any]]:
    """A database of before, and how it is migrated."""
    with throwaway({"fsync": "off"}) as (cluster, port):
        create_databases(cluster, port)
        dsn = cluster.dsn(port, service, service)
        migrate_all({service: dsn})
        engine = create_engine(dsn)
        with engine.connect() as connection:
            config = configuration(service, connection)
            command.downgrade(config, revision)
            yield connection, config
        engine.dispose()


def do(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))
    connection.commit()


def test_the_year_before_is_taken_from_statements_that_were_there() -> None:
    with as_it_was("households", "households003") as (connection, config):
        do(
            connection,
            "INSERT INTO household (id, number, village, group_name, head_name, created_at)"
            " VALUES ('00000000-0000-4000-8000-000000000001', 'JK1', '520621001005', '', '示甲', now())",
            "INSERT INTO household_facts (subject, division, version, net_income, cash_gap, monitored, formerly_poor)"
            " VALUES ('00000000-0000-4000-8000-000000000001', '520621001005', 3, 5, 0, false, false)",
            "INSERT INTO statement (id, household_id, period_from, period_to, recorded_by, created_at)"
            " SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000001', "
            " make_date(y - 1, 11, 1), make_date(y, 10, 31), 'x', now()"
            " FROM unnest(ARRAY[2024, 2025, 2026]) AS y",
            "INSERT INTO statement_line (statement_id, kind, amount) SELECT id, kind, extract(year FROM period_to)::int"
            " FROM statement, unnest(ARRAY['wage', 'transfer']) AS kind",
        )
        command.upgrade(config, "heads")
        row = connection.execute(text("SELECT * FROM household_facts")).mappings().one()
        told = (row["wage_income"], row["transfer_income"], row["net_income_before"], row["wage_income_before"])
        assert told == (2026, 2026, 4050, 2025)
        assert row["cash_gap"] is None  # of an expense nobody stated
        assert row["version"] > 3


def test_history_begins_with_what_is_held() -> None:
    with as_it_was("alerts", "alerts002") as (connection, config):
        do(
            connection,
            "INSERT INTO household_facts (subject, county, division, version, persons, income_until, learned_at)"
            " VALUES ('00000000-0000-4000-8000-000000000001', '520621', '520621001005', 4, 3, "
            " '2026-10-31', now() - interval '400 days')",
            "INSERT INTO team_facts (subject, county, division, version, members)"
            " VALUES ('00000000-0000-4000-8000-000000000002', '520621', '520621001005', 2, 3)",
        )
        command.upgrade(config, "heads")
        kept = text("SELECT about, version, facts, tableoid::regclass::text AS month FROM fact_history ORDER BY about")
        (home, team) = connection.execute(kept).mappings()
        assert (home["version"], home["facts"]) == (4, {"persons": 3, "income_until": "2026-10-31"})
        assert (team["version"], team["facts"]) == (2, {"members": 3})
        assert "fact_history_default" not in {home["month"], team["month"]}
