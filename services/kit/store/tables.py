"""The tables every service has in its own database: events out and in, work to do, and a copy of the frame."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import registry
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel

CalendarDate: TypeAlias = date  # the column `date` would hide the type of that name


class Xid8(UserDefinedType[int]):
    """The transaction that wrote a row: commit order can be told from it, which a sequence cannot."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "XID8"


def instant(**options: Any) -> Any:
    """A moment, always with its zone."""
    return Field(sa_type=DateTime(timezone=True), **options)


class Kit(SQLModel, registry=registry()):
    """Base of the shared tables. Every service database holds its own copy of each."""


class Event(Kit, table=True):
    """Something that happened here, written in the transaction that made it happen. Its id says in which month it lies
    (made_at in kit/store/months.py): the table is parted by it, as are those that are keyed by it."""

    __table_args__ = (
        Index("event_fresh", "xid", "id", postgresql_where="NOT fanned_out"),
        Index("event_feed", "xid", "id"),
    )

    id: UUID = Field(primary_key=True)
    type: str
    subject: str
    division: str = ""
    occurred_at: datetime = instant()
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    xid: int | None = Field(
        default=None, sa_column=Column(Xid8, server_default=text("pg_current_xact_id()"), nullable=False)
    )
    fanned_out: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class Subscription(Kit, table=True):
    """Who wants to hear of which types, and where: in `division`, or in one of `divisions`. `batch` lets events share a
    post; `ordered` keeps an event back until the earlier ones of its subject have arrived; `own` is an inbox of ours.
    The former secret signs too, for a while. `counts_from`: since when it has been told of these types and places."""

    id: UUID = Field(primary_key=True)
    subscriber: str
    url: str
    types: list[str] = Field(sa_type=ARRAY(Text))
    division: str = ""
    divisions: list[str] = Field(default=[], sa_type=ARRAY(Text), sa_column_kwargs={"server_default": text("'{}'")})
    batch: bool = False
    ordered: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    own: bool = False
    sealed_secret: bytes
    sealed_former_secret: bytes | None = None
    former_until: datetime | None = instant(default=None)
    created_at: datetime = instant()
    disabled_at: datetime | None = instant(default=None)
    disabled_because: str | None = None
    counts_from: datetime | None = instant(default=None)


class Delivery(Kit, table=True):
    """One event owed to one subscriber. Done when answered with 2xx; dead when the last retry has failed. `attempts` is
    how often a worker took it up, `refusals` how often the receiver did not accept: a death of ours is none."""

    __table_args__ = (
        Index("delivery_due", "due_at", postgresql_where="done_at IS NULL AND dead_at IS NULL"),
        Index("delivery_dead", "dead_at", postgresql_where="dead_at IS NOT NULL"),
        Index("delivery_of", "subscription_id", "seq"),
        Index("delivery_id", "id"),
    )

    id: UUID = Field(default_factory=uuid4, sa_column_kwargs={"server_default": text("gen_random_uuid()")})
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    event_id: UUID = Field(foreign_key="event.id", primary_key=True)
    subscription_id: UUID = Field(foreign_key="subscription.id", primary_key=True)
    due_at: datetime = instant()
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    refusals: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    done_at: datetime | None = instant(default=None)
    dead_at: datetime | None = instant(default=None)
    status: int | None = None
    problem: str | None = None


class Receipt(Kit, table=True):
    """An event that was handled here. Its key is what makes a repeated delivery harmless."""

    source: str = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    received_at: datetime = instant()


class Job(Kit, table=True):
    """Work to be done outside a request. At most one open job of a kind has the same key. `asked_by` is the subject who
    may follow it, none for our own; `progress` in per cent; `problem` the name of what stopped the last try."""

    __table_args__ = (
        Index("job_due", "due_at", postgresql_where="done_at IS NULL AND dead_at IS NULL"),
        Index("job_open", "kind", "key", unique=True, postgresql_where="done_at IS NULL AND dead_at IS NULL"),
    )

    id: UUID = Field(
        default_factory=uuid4,
        primary_key=True,
        sa_column_kwargs={"server_default": text("gen_random_uuid()")},
    )
    kind: str
    key: str
    due_at: datetime = instant()
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    done_at: datetime | None = instant(default=None)
    dead_at: datetime | None = instant(default=None)
    asked_by: str | None = None
    progress: int | None = None
    problem: str | None = None


class Revocation(Kit, table=True):
    """Tokens of a subject (a person's id or a system's name) issued before a moment do not count. Ended when none of
    them could last any longer."""

    subject: str = Field(primary_key=True)
    not_before: datetime = instant()
    expires_at: datetime = instant()
    version: int = Field(sa_type=BigInteger)


class FieldKey(Kit, table=True):
    """A key of sealed fields that rows of this database may stand under. What it proves opens with the right key
    alone. `moved` counts the rows that were sealed anew under it; `done_at` is when none was left to move."""

    __tablename__ = "field_key"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    proof: bytes
    since: datetime = instant()
    moved: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    done_at: datetime | None = instant(default=None)


class ReferenceVersion(Kit, table=True):
    """How far a kind of reference has been written (in county) or copied (elsewhere)."""

    __tablename__ = "reference_version"

    kind: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)


class Division(Kit, table=True):
    """A place in the tree, from the province down. A prefix of a code is its ancestor's code."""

    code: str = Field(primary_key=True)
    name: str
    level: str
    parent_code: str | None = None
    version: int = Field(sa_type=BigInteger)


class Day(Kit, table=True):
    """A calendar day. `ordinal` counts working days from a fixed start, so that their number is a subtraction."""

    date: CalendarDate = Field(primary_key=True)
    working: bool
    ordinal: int
    provisional: bool
    source: str
    version: int = Field(sa_type=BigInteger)


class Standard(Kit, table=True):
    """A figure that differs by place, class or year, with the document that set it. Two cannot hold at once."""

    __table_args__ = (
        ExcludeConstraint(("key", "="), ("division", "="), ("population_class", "="), ("valid", "&&"), using="gist"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    key: str
    division: str
    population_class: str = ""
    valid: Range[date] = Field(sa_type=DATERANGE)
    value: Decimal
    unit: str
    document_no: str
    source: str = ""
    version: int = Field(sa_type=BigInteger)


class Heartbeat(Kit, table=True):
    """A process that was alive at `at`, by the database's clock, and meant to beat again within `every` seconds."""

    kind: str = Field(primary_key=True)  # worker, scheduler
    slot: str = Field(primary_key=True)  # which of several, by host
    at: datetime = instant(sa_column_kwargs={"server_default": text("clock_timestamp()")})
    every: int
    detail: dict[str, Any] = Field(sa_type=JSONB)


class Repeat(Kit, table=True):
    """The first answer to a write, written in the write's own transaction, for the caller who asks again. Keys and
    requests are kept as keyed hashes and answers sealed: a copy of the database shows neither."""

    __table_args__ = (Index("repeat_expiry", "expires_at"),)

    subject: str = Field(primary_key=True)
    operation: str = Field(primary_key=True)
    key: bytes = Field(primary_key=True)
    request: bytes
    status: int
    sealed_answer: bytes
    created_at: datetime = instant()
    expires_at: datetime = instant()
