"""What departments send in: batches as they came, clues of persons, and the readings their figures come from."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Identity, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.alerts.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import CalendarDate, Xid8, instant

BATCH_PIECE = SealedColumn("clue_batch_piece", "sealed_content")
ID_NUMBER = SealedColumn("clue", "sealed_id_number", index="id_index", turn="clues")
NAME = SealedColumn("clue", "sealed_name")
NOTE = SealedColumn("clue", "sealed_note")

ANSWERED = ("confirmed", "dismissed", "discarded", "expired")


def numbered() -> int | None:
    """In the order of writing, within one transaction too."""
    counted: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    return counted


class ClueKind(Table, table=True):
    """What a clue may be of. A county's own row comes before the shipped one, whose `division` is empty. `threshold` is
    the key of the standard an amount is held against; without one the sender's word counts."""

    __tablename__ = "clue_kind"

    division: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    zh: str
    en: str
    threshold: str | None = None
    ended_on: CalendarDate | None = None


class ClueBatch(Table, table=True):
    """What one department sent at once, and how far it is taken in. `content` is a keyed hash of the lines: the same
    again is known by it. `reached` is the last line that is settled; `problem` the code of what made it unfit."""

    __tablename__ = "clue_batch"

    id: UUID = Field(primary_key=True)
    department: str
    sender: str
    county: str
    replaces: UUID | None = Field(default=None, foreign_key="clue_batch.id")
    content: bytes
    lines: int
    reached: int = 0
    stored: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    problem: str | None = None
    received_at: datetime = instant()
    done_at: datetime | None = instant(default=None)
    withdrawn_at: datetime | None = instant(default=None)  # cancelled by its sender, or replaced


class ClueBatchPiece(Table, table=True):
    """A part of the compressed lines that wait to be taken in, in base64 under seal. Gone when they are."""

    __tablename__ = "clue_batch_piece"
    __table_args__ = (UniqueConstraint("batch_id", "seq"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="clue_batch.id")
    seq: int
    sealed_content: bytes


class ClueRow(Table, table=True):
    """What became of a line, by the sender's own record id, where it had one that can be told."""

    __tablename__ = "clue_row"

    batch_id: UUID = Field(primary_key=True)  # whose row is locked while it is written
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    record_id: str | None = None
    outcome: str  # stored, changed, same, refused
    code: str | None = None


class Clue(Table, table=True):
    """One cause of one person in one year, as a department tells it: whatever is sent of it, it is this one. Figures
    are those of the newest reading that stands. `division` is the household's village, and until it is known the
    county. `candidate` is the household of somebody with that number and another name."""

    __table_args__ = (
        UniqueConstraint("county", "department", "kind", "year", "id_index"),
        CheckConstraint("(state IN ('matched', 'confirmed', 'dismissed')) <= (household IS NOT NULL)", "clue_matched"),
        Index("clue_open_of", "household", postgresql_where="state = 'matched'"),
        Index("clue_in", "division", "state", "received_at", "id"),
        Index("clue_waiting", "county", "id", postgresql_where="state = 'waiting'"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    county: str
    department: str
    kind: str
    year: int  # of the day of its data
    id_index: bytes | None = None
    sealed_id_number: bytes | None = None
    sealed_name: bytes | None = None
    sealed_note: bytes | None = None
    state: str = "waiting"  # waiting, unmatched, ambiguous, matched; answered as above; withdrawn
    household: UUID | None = None
    candidate: UUID | None = None
    division: str
    place: str | None = None  # where the sender says the person lives
    level: str = "unset"  # below, reported, over; unset while there is nothing to hold the amount against
    amount: int | None = Field(default=None, sa_type=BigInteger)  # fen
    semantics: str | None = None  # cumulative, period, single
    data_on: date
    threshold_version: str | None = None
    tier: str | None = None  # whose feedback it is: province, city, county
    record_id: str
    batch_id: UUID
    received_at: datetime = instant()
    told_at: datetime = instant()  # the newest reading
    matched_at: datetime | None = instant(default=None)
    matched_by: str | None = None  # empty: by the number
    answered_level: str | None = None  # and what its figures were when somebody decided
    answered_amount: int | None = Field(default=None, sa_type=BigInteger)
    answered_semantics: str | None = None
    answered_data_on: date | None = None
    reopened_at: datetime | None = instant(default=None)  # since when what was dismissed waits again


class ClueReading(Table, table=True):
    """What was told of a clue, each time, said before or not: what one batch takes back another may still say. Never
    changed but for its withdrawal."""

    __tablename__ = "clue_reading"
    __table_args__ = (Index("clue_reading_of", "clue_id", "data_on", "seq"), Index("clue_reading_in", "batch_id"))

    seq: int | None = numbered()
    clue_id: UUID = Field(foreign_key="clue.id")
    batch_id: UUID  # whose row is locked while it is written
    department: str
    record_id: str
    data_on: date
    amount: int | None = Field(default=None, sa_type=BigInteger)
    unit: str | None = None  # as it was sent: 元, 万元
    semantics: str | None = None
    threshold_version: str | None = None
    tier: str | None = None
    told_at: datetime = instant()
    withdrawn_at: datetime | None = instant(default=None)


class ClueAnswer(Table, table=True):
    """What a department is told of its clue, each time somebody decides. `records` are its own ids of it then; under
    those that come later the same is told once more, and `repeats` is what was said first."""

    __tablename__ = "clue_answer"
    __table_args__ = (
        CheckConstraint("(outcome = 'confirmed') = (code IS NULL)", name="clue_answer_code"),
        Index("clue_answer_feed", "department", "xid", "id"),
        Index("clue_answer_of", "clue_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    xid: int | None = Field(
        default=None, sa_column=Column(Xid8, server_default=text("pg_current_xact_id()"), nullable=False)
    )
    clue_id: UUID = Field(foreign_key="clue.id")
    county: str
    department: str
    records: list[str] = Field(sa_type=ARRAY(Text))
    outcome: str  # confirmed, dismissed, discarded, expired
    code: str | None = None
    answered_by: str | None = None  # empty: nobody did, and its days are over
    answered_at: datetime = instant()
    repeats: UUID | None = None
