"""The limit: what the same alerts cost when nothing but the alerts is wanted.

In it: the conditions of the shipped rules, word for word, over columns that DuckDB holds in memory before the clock
starts; ids drawn by DuckDB; the fired rows written to a file and copied into a temporary table; ONE upsert
(`INSERT … ON CONFLICT`) into a table with the columns and indexes of `alert`, on the same durable server; the commit.

Not in it, and all in ours: reading the rules and standards; evidence and its digest; a finding for each judgement and
an event for each alert (twice as many rows again, with their indexes); closing what no longer holds; marking the
households that could not be judged; the lock against facts that arrive meanwhile. Nor is bringing the facts to DuckDB.
So nothing that does these reaches a ratio of 1.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from bench.county import COUNTY, STANDARDS, TODAY
from services.alerts.models.watch import Rule
from services.alerts.rules.catalogue import HOUSEHOLD
from services.county.days import count_days

TABLE = "CREATE TABLE limit_alert (LIKE alert INCLUDING ALL)"
STAGING = """
    CREATE TEMPORARY TABLE fired (id uuid, rule_key text, rule_version int, severity text, subject uuid, division text)
    ON COMMIT DROP
"""
WORKING_DAYS = """
    CREATE MACRO working_days_since(since) AS (
        SELECT (SELECT max(ordinal) FROM day) - ordinal FROM day WHERE date = since)
"""
UPSERT = """
    INSERT INTO limit_alert (id, county, about, rule_key, rule_version, subject, division, severity,
                             opened_at, refreshed_at, finding_id, evidence_digest)
    SELECT id, %(county)s, %(about)s, rule_key, rule_version, subject, division, severity, now(), now(), id, 0
    FROM fired
    ON CONFLICT (rule_key, subject) WHERE closed_at IS NULL DO UPDATE
        SET rule_version = excluded.rule_version, division = excluded.division, severity = excluded.severity,
            refreshed_at = excluded.refreshed_at, finding_id = excluded.finding_id,
            evidence_digest = excluded.evidence_digest
"""


def load(households: Path) -> Any:
    """A DuckDB in memory that holds the facts, and the standards as columns under the names the rules use."""
    duck = duckdb.connect()
    read = "read_csv(?, types = {'subject': 'UUID', 'division': 'VARCHAR'})"
    duck.execute(f"CREATE TABLE household_facts AS SELECT * FROM {read}", [str(households)])  # noqa: S608
    columns = ", ".join(f"{value} AS {key}" for key, value in STANDARDS.items())
    duck.execute(f"CREATE TABLE standards AS SELECT {columns}")  # our own names and numbers
    days = [(day, ordinal) for day, _, ordinal, *_ in count_days(TODAY.year, {}) if day <= TODAY]
    duck.execute("CREATE TABLE day (date DATE, ordinal BIGINT)")
    duck.executemany("INSERT INTO day VALUES (?, ?)", days)
    duck.execute(WORKING_DAYS)
    return duck


def query_of(rules: Sequence[Rule]) -> str:
    """A filter per rule: DuckDB reads only the columns a condition names, so this is faster than one pass over all."""
    return " UNION ALL ".join(
        f"SELECT uuid(), '{rule.key}', {rule.version}, '{rule.severity}', subject, division"  # noqa: S608  # shipped rules
        f" FROM household_facts, standards WHERE {rule.condition}"
        for rule in rules
    )


def write_alerts(duck: Any, connection: psycopg.Connection, rules: Sequence[Rule], file: Path) -> None:
    duck.execute(f"COPY ({query_of(rules)}) TO '{file}' (FORMAT csv, HEADER false)")
    with connection.transaction():
        connection.execute(STAGING)
        with connection.cursor().copy("COPY fired FROM STDIN (FORMAT csv)") as copy:
            copy.write(file.read_bytes())
        connection.execute(UPSERT, {"county": COUNTY, "about": HOUSEHOLD})
