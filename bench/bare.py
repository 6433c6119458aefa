"""The limit of bulk writing: a bare COPY of the rows that a way has left, into tables of the same indexes."""

import time
from collections.abc import Sequence

import psycopg

Written = Sequence[tuple[str, Sequence[str]]]  # tables and the columns that were filled, parents first


def copied(plain: psycopg.Connection, tables: Written) -> float:
    """Seconds. The same rows, in the order they were written, in one transaction; the reading of them left out."""
    files = []
    for table, columns in tables:
        names = ", ".join(columns)
        plain.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)".encode())
        with plain.cursor().copy(f"COPY (SELECT {names} FROM {table}) TO STDOUT".encode()) as out:  # noqa: S608  # our own
            files.append((f"COPY bare_{table} ({names}) FROM STDIN".encode(), b"".join(map(bytes, out))))
    plain.execute(b"CHECKPOINT")
    began = time.perf_counter()
    with plain.transaction():
        for statement, content in files:
            with plain.cursor().copy(statement) as into:
                into.write(content)
    return time.perf_counter() - began


def columns_of(plain: psycopg.Connection, table: str) -> list[str]:
    """Those that can be written."""
    asked = """
        SELECT attname FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
    """
    return [name for (name,) in plain.execute(asked, [table])]
