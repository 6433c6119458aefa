"""What county keeps beside the frame itself: who may sign in, and which systems may call."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.kit.store.sealed import SEALED_EVERYWHERE, SealedColumn
from services.kit.store.tables import instant

SECOND_FACTOR = SealedColumn("second_factor", "sealed_secret")
SEALED = (*SEALED_EVERYWHERE, SECOND_FACTOR)


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
    tokens_from: datetime | None = instant(default=None)  # those issued earlier were revoked


class ClientSystem(Table, table=True):
    """A system that calls with its own credentials. The secret is random, so a plain SHA-256 of it is kept."""

    __tablename__ = "client_system"

    name: str = Field(primary_key=True)
    secret_hash: str
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = instant()
    disabled_at: datetime | None = instant(default=None)
    tokens_from: datetime | None = instant(default=None)


class SignInTries(Table, table=True):
    """Failed tries since a moment: of a name, of an address, or of a name from an address. The key is a keyed hash,
    for people type passwords where names belong. A row of the third kind remembers when it last went well."""

    __tablename__ = "sign_in_tries"

    key: bytes = Field(primary_key=True)
    failed: int = 0
    since: datetime = instant()
    heard_at: datetime = instant()
    succeeded_at: datetime | None = instant(default=None)


class RefreshFamily(Table, table=True):
    """One sign-in and what it was renewed to. Of its tokens only the last and the one before are known, by hash."""

    __tablename__ = "refresh_family"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    current: bytes
    previous: bytes | None = None
    created_at: datetime = instant()
    renewed_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)


class SignOnLink(Table, table=True):
    """Who an account is at a provider of sign-ins: `oidc`, `wecom` or `dingtalk`."""

    __tablename__ = "sign_on_link"
    __table_args__ = (UniqueConstraint("provider", "account_id"),)

    provider: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")


class UsedToken(Table, table=True):
    """A token of another provider that was exchanged, by hash: it is taken once."""

    __tablename__ = "used_token"

    hash: bytes = Field(primary_key=True)
    expires_at: datetime = instant()


class SecondFactor(Table, table=True):
    """The authenticator of an account, under the account's own id. It counts once confirmed. `last_step`: the newest
    thirty seconds whose code was taken; `recovery`: hashes of the codes that have not been used."""

    __tablename__ = "second_factor"

    id: UUID = Field(primary_key=True, foreign_key="account.id")
    sealed_secret: bytes
    created_at: datetime = instant()
    confirmed_at: datetime | None = instant(default=None)
    last_step: int = Field(default=0, sa_type=BigInteger)
    recovery: list[bytes] = Field(default_factory=list, sa_type=ARRAY(LargeBinary))
