"""Using up what is left of a disk, as PostgreSQL itself."""

import time

import psycopg

from services.cli.postgres import connect

LOGGED = "SELECT pg_logical_emit_message(false, 'fill', repeat('x', 4_000_000))"
WITHIN = 60.0  # seconds


def use_up_the_log(dsn: str) -> None:
    """Writes until the server has nowhere to write and goes down."""
    end = time.monotonic() + WITHIN
    try:
        with connect(dsn) as connection:
            while time.monotonic() < end:
                connection.execute(LOGGED)
                connection.execute("SELECT pg_switch_wal()")
    except psycopg.OperationalError:
        return
    raise AssertionError("the log never filled its disk")
