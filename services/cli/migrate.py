"""Brings each service's database to the shape this code knows, and refuses one that newer code has changed."""

from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text

HOME = Path(__file__).resolve().parents[2]
ONE_AT_A_TIME = 7_202_611  # advisory lock: two launchers or hosts that migrate together take turns


class DataNewerThanCode(Exception):
    """The database holds a revision this code does not know."""


def migrate_all(dsns: Mapping[str, str]) -> None:
    """Up to the newest revision of every service; nothing happens where that is reached."""
    for service, dsn in dsns.items():
        engine = create_engine(dsn, poolclass=NullPool)
        with engine.connect() as connection:
            migrate(service, connection)


def migrate(service: str, connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
    connection.commit()
    config = configuration(service, connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not set(MigrationContext.configure(connection).get_current_heads()) <= known:
        raise DataNewerThanCode(service)
    connection.rollback()
    command.upgrade(config, "heads")
    connection.commit()


def configuration(service: str, connection: Connection) -> Config:
    config = Config(HOME / "alembic.ini", ini_section=service)
    config.attributes["connection"] = connection
    return config
