"""Who was told of what, by which message, and how its delivery went."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.alerts.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import CalendarDate, Xid8, instant


class Telling(Table, table=True):
    """One message to one person: the digest of a day, of which the index lets there be one, or what was urgent at one
    moment. It has the notices that were written by the transactions from `after_xid` until before `until_xid`, where
    the next one begins. `given_up` are the channels that have failed; dead when all have: then only the inbox told."""

    __table_args__ = (
        UniqueConstraint("recipient", "urgent", "until_xid"),
        Index("telling_digest", "recipient", "day", unique=True, postgresql_where="NOT urgent"),
        Index("telling_dead", "dead_at", postgresql_where="dead_at IS NOT NULL"),
        Index("telling_due", "due_at", postgresql_where="done_at IS NULL AND dead_at IS NULL"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    recipient: str
    county: str
    day: CalendarDate
    urgent: bool
    after_xid: int = Field(sa_type=Xid8)
    until_xid: int = Field(sa_type=Xid8)
    due_at: datetime = instant()
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    refusals: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # of the channel it is tried by now
    given_up: list[str] = Field(default_factory=list, sa_type=ARRAY(Text), sa_column_kwargs={"server_default": "{}"})
    told_by: str | None = None  # the channel
    done_at: datetime | None = instant(default=None)
    dead_at: datetime | None = instant(default=None)


class Notice(Table, table=True):
    """That a person was told of a thing. The key lets nobody be told of it twice. It holds no word about a family: what
    it says is made of the rule's title, the village's name and a number when it is read. A first sweep writes half a
    million: which message has one, is told by its transaction, so that none is written a second time."""

    __table_args__ = (
        Index("notice_of", "recipient", "id"),
        Index("notice_since", "recipient", "urgent", "xid"),
    )

    recipient: str = Field(primary_key=True)  # the account, as grants hold it
    kind: str = Field(primary_key=True)  # telling/kinds.py
    source: UUID = Field(primary_key=True)  # the alert, the sweep, the clue
    id: UUID  # says when it was made
    subject: UUID | None = None
    division: str
    rule: str | None = None
    number: int
    urgent: bool
    at: datetime = instant()
    read_at: datetime | None = instant(default=None)
    xid: int | None = Field(
        default=None, sa_column=Column(Xid8, server_default=text("pg_current_xact_id()"), nullable=False)
    )


class Matter(Table, table=True):
    """What another service has said is due, waits or is late (telling/matters.py). Its stage only rises; without a kind
    it is finished, and whoever was told of it is not reminded. A notice of another kind than it has now is over too."""

    __table_args__ = (Index("matter_declared", "subject", postgresql_where="kind = 'declaration_waiting'"),)

    source: UUID = Field(primary_key=True)  # its id at its owner
    family: str = Field(primary_key=True)  # how its kinds begin: villagers choose ids of their own
    stage: int
    kind: str | None = None  # telling/kinds.py
    subject: UUID | None = None
    division: str
    told_at: datetime = instant()


class TellingText(Table, table=True):
    """A county's own words for what a role is told, from a day on; without a text the product's hold again."""

    __tablename__ = "telling_text"

    division: str = Field(primary_key=True)  # a county
    kind: str = Field(primary_key=True)  # telling/kinds.py
    role: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    since: CalendarDate = Field(primary_key=True)
    text: str | None = None
    document_no: str


class TellingAttempt(Table, table=True):
    """One try of one channel. Neither what was said nor to which address; `problem` is in our words."""

    __tablename__ = "telling_attempt"
    __table_args__ = (Index("telling_attempt_of", "telling_id"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    telling_id: UUID = Field(foreign_key="telling.id")
    channel: str
    at: datetime = instant()
    accepted: bool
    status: int | None = None
    problem: str | None = None


class Addressee(Table, table=True):
    """How a person wants to be told beside the inbox: by which channels, in order, and when not. Hours are the
    county's; without them its own quiet hours hold, and two equal ones mean none."""

    __table_args__ = (
        UniqueConstraint("account"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="addressee_quiet"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    account: str
    channels: list[str] = Field(sa_type=ARRAY(Text))
    language: str
    quiet_from: int | None = None
    quiet_until: int | None = None
    sealed_email: bytes | None = None
    sealed_phone: bytes | None = None
    sealed_feishu_id: bytes | None = None


EMAIL = SealedColumn("addressee", "sealed_email")
PHONE = SealedColumn("addressee", "sealed_phone")
FEISHU_ID = SealedColumn("addressee", "sealed_feishu_id")
SEALED = (EMAIL, PHONE, FEISHU_ID)
