"""What county keeps beside the frame itself: who may sign in, and which systems may call."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.kit.store.sealed import SEALED_EVERYWHERE
from services.kit.store.tables import instant

SEALED = SEALED_EVERYWHERE


class Table(SQLModel, registry=registry()):
    """Base of county's own tables."""


class Account(Table, table=True):
    """A person who signs in. The first one is made with a one-time token; none exists after install."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    username: str = Field(unique=True)
    name: str
    password_hash: str
    roles: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = instant()
    disabled_at: datetime | None = instant(default=None)


class ClientSystem(Table, table=True):
    """A system that calls with its own credentials. The secret is random, so a plain SHA-256 of it is kept."""

    __tablename__ = "client_system"

    name: str = Field(primary_key=True)
    secret_hash: str
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = instant()
    disabled_at: datetime | None = instant(default=None)
