"""A service's database for one test, and its revisions one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, create_engine

from services.cli.migrate import PATIENT, configuration
from services.cli.postgres import Cluster, connect, roles_of


def revisions(service: str) -> list[tuple[str, str | None]]:
    """Each with the one below it on its branch, in an order in which they can be applied."""
    config = Config("alembic.ini", ini_section=service)
    found = []
    for script in ScriptDirectory.from_config(config).walk_revisions():
        assert script.down_revision is None or isinstance(script.down_revision, str), script.revision
        found.append((script.revision, script.down_revision))
    return found[::-1]


@contextmanager
def empty_database(cluster: Cluster, port: int, service: str, purpose: str) -> Iterator[str]:
    """One of the service's owner beside its own, gone afterwards: its address."""
    name = sql.Identifier(f"{service}_{purpose}")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
    with connect(cluster.dsn(port)) as server:
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(service)))
        for guest in roles_of(service)[1:]:
            server.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(guest)))
    try:
        with connect(cluster.dsn(port, f"{service}_{purpose}")) as database:
            database.execute("CREATE EXTENSION btree_gist")
        yield f"{service}_{purpose}"
    finally:
        with connect(cluster.dsn(port)) as server:
            server.execute(drop)


@dataclass
class Steps:
    service: str
    connection: Connection
    lock_timeout: str = PATIENT.lock_timeout

    @property
    def config(self) -> Config:
        return configuration(self.service, self.connection, self.lock_timeout)

    def up(self, revision: str = "heads") -> None:
        command.upgrade(self.config, revision)
        self.connection.commit()

    def down(self, revision: str, below: str | None) -> None:
        """Undoes one revision that nothing stands on yet."""
        branch = "kit" if revision.startswith("kit") else self.service
        command.downgrade(self.config, below or f"{branch}@base")
        self.connection.commit()

    def equals_models(self) -> None:
        config = self.config
        config.stdout = StringIO()  # it says so when all is well
        command.check(config)
        self.connection.commit()


@contextmanager
def database_of(cluster: Cluster, port: int, service: str, purpose: str) -> Iterator[Steps]:
    with empty_database(cluster, port, service, purpose) as name:
        engine = create_engine(cluster.dsn(port, name, service))
        try:
            with engine.connect() as connection:
                yield Steps(service, connection)
        finally:
            engine.dispose()
