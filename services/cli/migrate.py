"""Brings each service's database to the shape this code knows, and refuses one that newer code has changed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from services.cli.messages import TablesInUse

HOME = Path(__file__).resolve().parents[2]
ONE_AT_A_TIME = 7_202_611  # advisory lock: two launchers or hosts that migrate together take turns


@dataclass(frozen=True)
class Patience:
    """A revision waits `lock_timeout` for a table, since all who come after wait behind it; what it began is undone
    then, and it is tried again `pause_s` seconds later."""

    lock_timeout: str = "5s"
    tries: int = 10
    pause_s: float = 3


PATIENT = Patience()


class DataNewerThanCode(Exception):
    """The database holds a revision this code does not know."""


def migrate_all(dsns: Mapping[str, str]) -> None:
    """Up to the newest revision of every service; nothing happens where that is reached."""
    for service, dsn in dsns.items():
        engine = create_engine(dsn, poolclass=NullPool)
        with engine.connect() as connection:
            migrate(service, connection)


def migrate(service: str, connection: Connection, patience: Patience = PATIENT) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
    connection.commit()
    config = configuration(service, connection, patience.lock_timeout)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not set(MigrationContext.configure(connection).get_current_heads()) <= known:
        raise DataNewerThanCode(service)
    connection.rollback()
    upgrade(service, config, connection, patience)
    connection.commit()


def upgrade(service: str, config: Config, connection: Connection, patience: Patience) -> None:
    """Revisions that went through stay; the one that met a lock is whole or not there."""
    for left in reversed(range(patience.tries)):
        try:
            command.upgrade(config, "heads")
            return
        except OperationalError as error:
            connection.rollback()
            if not isinstance(error.orig, LockNotAvailable):
                raise
            if not left:
                raise TablesInUse(service=service, tries=patience.tries) from error
        time.sleep(patience.pause_s)


def configuration(service: str, connection: Connection, lock_timeout: str = PATIENT.lock_timeout) -> Config:
    config = Config(HOME / "alembic.ini", ini_section=service)
    config.attributes["connection"] = connection
    config.attributes["lock_timeout"] = lock_timeout
    return config
