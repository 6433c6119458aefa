"""Rows for any shape, made from the catalogue alone; and what they come to, so that a changed one is seen.

Row `g` of every table has the same value in every column of a type: foreign keys find their row, keys are unique and
periods do not overlap, whatever a revision brings.
"""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Row, text

ROW_OF_TYPE = {
    "uuid": "md5('row' || g)::uuid",
    "text": "'row' || g",
    "character varying": "'row' || g",
    "bigint": "g",
    "integer": "g",
    "numeric": "g",
    "double precision": "g / 7.0",
    "boolean": "g % 2 = 0",
    "bytea": "sha256(convert_to('row' || g, 'UTF8'))",
    "jsonb": "jsonb_build_object('row', g)",
    "date": "date '2000-01-01' + g",
    "timestamp with time zone": "timestamptz '2026-01-01 00:00+00' + g * interval '1 minute'",
    "daterange": "daterange(date '2026-01-01', NULL)",
    "tstzrange": "tstzrange('2026-01-01 00:00+00', NULL)",
    "xid8": "pg_current_xact_id()",
    "text[]": "ARRAY['row' || g]",
    "character varying[]": "ARRAY['row' || g]",
    "bytea[]": "ARRAY[sha256(convert_to('row' || g, 'UTF8'))]",
    "uuid[]": "ARRAY[md5('row' || g)::uuid]",
}
A_PLACE = "'52062100100' || g % 10"  # what is somewhere, is where a caller of the tests may look
PLACES = {"division", "village", "place"}
COLUMNS = text(
    """
    SELECT relname AS "table", attname AS name, format_type(atttypid, NULL) AS kind,
           NOT attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = attrelid
                                          AND attnum = ANY (k.conkey)) AS may_be_unknown,
           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = attrelid AND attnum = ANY (i.indkey)
                   AND (i.indisunique OR i.indisexclusion)) AS unique,
           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = attrelid AND attnum = ANY (i.indkey)
                   AND i.indisprimary) AS key
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
      AND relname <> 'alembic_version' AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''
    ORDER BY relname, attnum
    """
)
REFERENCES = text(
    "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
    " WHERE contype = 'f' AND conrelid <> confrelid"
)
CHECKS = text(
    """
    SELECT conrelid::regclass::text AS of, quote_ident(conname) AS name,
           replace(pg_get_constraintdef(oid), ' NOT VALID', '') AS says
    FROM pg_constraint WHERE contype = 'c' AND conrelid > 0 AND conislocal AND connamespace = 'public'::regnamespace
    """
)
# Of what is checked at the end of a transaction by functions of our own.
AT_THE_END = text(
    "SELECT tgrelid::regclass::text AS of, tgname AS name FROM pg_trigger WHERE tgdeferrable AND NOT tgisinternal"
)

Columns = list[Row[Any]]
Sums = dict[str, dict[str, str]]  # by table and column


def shape(connection: Connection) -> dict[str, Columns]:
    """Every table's columns; tables that others refer to come first."""
    columns: dict[str, Columns] = {}
    for one in connection.execute(COLUMNS):
        columns.setdefault(one.table, []).append(one)
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(columns, ()))
    for referring, referred in connection.execute(REFERENCES):
        order.add(referring, referred)
    return {table: columns[table] for table in order.static_order() if table in columns}


def fill(connection: Connection, rows: int) -> None:
    """Every table that is empty, and what others refer to. A third of the rows does not know what need not be known,
    each column others. What a table checks it is not asked of these rows, which mean nothing; of others it still is."""
    checks, functions = connection.execute(CHECKS).all(), connection.execute(AT_THE_END).all()
    for trigger in functions:
        connection.execute(text(f"ALTER TABLE {trigger.of} DISABLE TRIGGER {trigger.name}"))
    for check in checks:
        connection.execute(text(f"ALTER TABLE {check.of} DROP CONSTRAINT {check.name}"))
    referred = {one for _, one in connection.execute(REFERENCES)}
    for table, columns in shape(connection).items():
        if table in referred or connection.execute(text(f'SELECT FROM "{table}" LIMIT 1')).first() is None:
            adding = f"{insertion(table, columns)} ON CONFLICT DO NOTHING"
            connection.execute(text(adding), {"first": 1, "last": rows})
    for check in checks:
        connection.execute(text(f"ALTER TABLE {check.of} ADD CONSTRAINT {check.name} {check.says} NOT VALID"))
    for trigger in functions:
        connection.execute(text(f"ALTER TABLE {trigger.of} ENABLE TRIGGER {trigger.name}"))
    connection.commit()
    connection.execute(text("ANALYZE"))
    connection.commit()


def insertion(table: str, columns: Columns) -> str:
    values = {}
    for one in columns:
        value = A_PLACE if one.name in PLACES and not one.unique else ROW_OF_TYPE[one.kind]
        if one.kind == "timestamp with time zone":  # what two tables hold of one row was not learnt at one moment
            value = f"{value} + interval '{crc32(table.encode()) % 59} seconds'"
        known = f"(g + {crc32(one.name.encode()) % 3}) % 3 > 0"
        values[one.name] = f"CASE WHEN {known} THEN {value} END" if one.may_be_unknown and not one.unique else value
    named = ", ".join(f'"{name}"' for name in values)
    return (
        f'INSERT INTO "{table}" ({named}) '  # noqa: S608  # names from the catalogue
        f"SELECT {', '.join(values.values())} FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS g"
    )


def keys(connection: Connection) -> Mapping[str, Sequence[str]]:
    return {table: [one.name for one in columns if one.key] for table, columns in shape(connection).items()}


def sums(connection: Connection, keyed: Mapping[str, Sequence[str]] | None = None) -> Sums:
    """What each column of each table holds, each value with the key of its row, whatever the order of the rows. `keyed`
    are the keys of the shape before: a revision may choose others."""
    found: Sums = {}
    keyed = keyed or {}
    for table, columns in shape(connection).items():
        named = keyed.get(table, [one.name for one in columns if one.key])
        key = ", ".join(f'"{name}"' for name in named) or "0"  # a number that the database gives is nobody's key here
        each = (
            f"count(*) || ' ' || sum(hashtextextended(ROW({key}, \"{one.name}\")::text, 0)::numeric)" for one in columns
        )
        made = connection.execute(text(f'SELECT {", ".join(each)} FROM "{table}"')).one()  # noqa: S608  # the catalogue's
        found[table] = {one.name: str(value) for one, value in zip(columns, made, strict=True)}
    connection.commit()
    return found


def changed(before: Sums, after: Sums, meant: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """The columns that both shapes have and that do not hold the same; those that were `meant` to change aside."""
    found: list[tuple[str, str]] = []
    for table in before.keys() & after.keys():
        shared: Any = before[table].keys() & after[table].keys()
        found += [(table, name) for name in shared if before[table][name] != after[table][name]]
    return sorted(one for one in found if one[1] not in set(meant.get(one[0], ())))
