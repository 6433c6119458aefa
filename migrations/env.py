"""Brings one service's database to the code's shape: the shared tables and the service's own, on two branches."""

import os
from importlib import import_module

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names

import services.kit.store.audit  # noqa: F401  # its tables are of the shape
from services.kit.store.tables import Kit, Xid8

LOCK_TIMEOUT = "5s"  # a migration that waits for a lock makes everybody behind it wait; better to try again

# Partitions follow their parents, and so do the references to each, which PostgreSQL keeps beside the one to the whole.
FOLLOWING = ("table", "foreign_key_constraint")
PARTITIONS = text(
    """
    SELECT relname FROM pg_class WHERE relispartition UNION ALL
    SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE conparentid <> 0 AND NOT relispartition
    """
)

ischema_names["xid8"] = Xid8  # a type SQLAlchemy does not know by itself


def migrate(connection: Connection) -> None:
    own = import_module(f"services.{context.config.config_ini_section}.models").Table
    shape = [Kit.metadata, own.metadata]
    partitions = set(connection.execute(PARTITIONS).scalars())
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=shape,
        transaction_per_migration=True,
        include_name=lambda name, kind, _: kind not in FOLLOWING or name not in partitions,
    )
    limit = context.config.attributes.get("lock_timeout", LOCK_TIMEOUT)
    connection.execute(text("SELECT set_config('lock_timeout', :limit, false)"), {"limit": limit})
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with create_engine(os.environ["SHOUWANG_DATABASE_URL"]).connect() as connection:
        migrate(connection)
