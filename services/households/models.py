"""The register's tables. A household is what cadres visit and count; persons are apart from their memberships."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, Column, Identity, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.kit.post.facts import OwnedFacts
from services.kit.store.sealed import SEALED_EVERYWHERE, SealedColumn
from services.kit.store.tables import instant

PHONE = SealedColumn("household", "sealed_phone", turn="import:households")
ID_NUMBER = SealedColumn("person", "sealed_id_number", index="id_index", turn="import:members")
FILE_PIECE = SealedColumn("import_piece", "sealed_content")
STATE_BEFORE = SealedColumn("import_row", "sealed_before")
SEALED = (*SEALED_EVERYWHERE, PHONE, ID_NUMBER, FILE_PIECE, STATE_BEFORE)


class Table(SQLModel, registry=registry()):
    """Base of households' own tables."""


class Household(Table, table=True):
    """A family as the county counts it, in exactly one managing village."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    number: str = Field(unique=True)  # 户编号, the county's own
    village: str = Field(index=True)  # twelve digits
    group_name: str = ""
    head_name: str
    sealed_phone: bytes | None = None
    housing_grade: str | None = None  # A, B safe; C to be repaired, D to be rebuilt; empty: not appraised
    safe_water: bool | None = None
    created_at: datetime = instant()


class Person(Table, table=True):
    """A human being, under our own key. The ID number is sealed; its blind index finds the same person again."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str
    sealed_id_number: bytes | None = None
    id_index: bytes | None = Field(default=None, unique=True)
    birth_date: date
    sex: str  # GB/T 2261.1: 1 male, 2 female, 9 not stated
    schooling: str | None = None  # in_school, not_in_school, dropped_out
    insured: bool | None = None  # basic medical insurance of this year


class IdNumberView(Table, table=True):
    """Somebody was shown a person's whole ID number, and said why."""

    __tablename__ = "id_number_view"
    __table_args__ = (Index("id_number_view_of_person", "person_id", "at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    seen_by: str  # account or client system
    reason: str
    at: datetime = instant()


class Membership(Table, table=True):
    """A person in a household from a day until a day. The constraint lets nobody be in two at once."""

    __table_args__ = (
        ExcludeConstraint(("person_id", "="), ("valid", "&&"), using="gist"),
        Index("membership_open", "household_id", postgresql_where="upper_inf(valid)"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    household_id: UUID = Field(foreign_key="household.id")
    person_id: UUID = Field(foreign_key="person.id")
    relation: str  # to the head, GB/T 4761
    valid: Range[date] = Field(sa_type=DATERANGE)


class Tag(Table, table=True):
    """What a household is or was, by whose word: monitored, formerly poor and the like."""

    __table_args__ = (ExcludeConstraint(("household_id", "="), ("key", "="), ("valid", "&&"), using="gist"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    household_id: UUID = Field(foreign_key="household.id")
    key: str
    valid: Range[date] = Field(sa_type=DATERANGE)
    source: str


class Statement(Table, table=True):
    """What a household earned and spent in whole months. A correction is a new statement of the same period; the one
    with the highest `seq` counts, a number drawn under the household's lock: clocks of two hosts may disagree."""

    __table_args__ = (Index("statement_newest", "household_id", "period_to", "seq"),)

    id: UUID = Field(primary_key=True)  # the client's own
    household_id: UUID = Field(foreign_key="household.id")
    period_from: date
    period_to: date
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    recorded_by: str
    created_at: datetime = instant()


class StatementLine(Table, table=True):
    """One kind of income or spending in a statement, in fen."""

    __tablename__ = "statement_line"

    statement_id: UUID = Field(foreign_key="statement.id", primary_key=True)
    kind: str = Field(primary_key=True)
    amount: int = Field(sa_type=BigInteger)


class HouseholdSet(Table, table=True):
    """A named set of households, whose members are rows of `set_member`. `division`: the smallest place of them all."""

    __tablename__ = "household_set"

    id: UUID = Field(primary_key=True)
    name: str
    division: str
    created_by: str
    created_at: datetime = instant()


class ImportBatch(Table, table=True):
    """A file somebody sent, and how far it is taken in. `roles` are those whose grants count when its rows are looked
    at; `reached` is the last row that is settled; `problem` the code of what made the file as a whole unfit."""

    __tablename__ = "import_batch"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    kind: str  # households, members, statements
    asked_by: str
    roles: list[str] = Field(sa_type=ARRAY(Text))
    sha256: str
    mapping: dict[str, Any] = Field(sa_type=JSONB)
    reached: int = 1  # the header
    stored: int = 0
    unchanged: int = 0
    refused: int = 0
    problem: str | None = None
    created_at: datetime = instant()
    done_at: datetime | None = instant(default=None)
    undone_at: datetime | None = instant(default=None)


class ImportPiece(Table, table=True):
    """A part of a file that waits to be taken in, in base64 under seal: files hold ID numbers. Gone when it is."""

    __tablename__ = "import_piece"
    __table_args__ = (UniqueConstraint("batch_id", "seq"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="import_batch.id")
    seq: int
    sealed_content: bytes


class ImportRow(Table, table=True):
    """What became of a row of a file. `subject` is the thing it speaks of; `after` a blind index of what the thing held
    then, where the row changed it, and `sealed_before` what it held until then, where it was known before."""

    __tablename__ = "import_row"
    __table_args__ = (
        UniqueConstraint("batch_id", "number"),
        Index("import_row_subject", "batch_id", "subject"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="import_batch.id")
    number: int  # as the spreadsheet shows it; the header is 1
    outcome: str  # stored, unchanged, refused
    faults: list[dict[str, str]] = Field(sa_type=JSONB)  # columns and codes, never a value
    subject: UUID | None = None
    after: bytes | None = None
    sealed_before: bytes | None = None


class HouseholdFacts(Table, OwnedFacts, table=True):
    """What rules may ask of a household. Money in fen; empty means nobody has told us."""

    __tablename__ = "household_facts"

    persons: int | None = None
    net_income: int | None = Field(default=None, sa_type=BigInteger)
    net_income_before: int | None = Field(default=None, sa_type=BigInteger)
    wage_income: int | None = Field(default=None, sa_type=BigInteger)
    wage_income_before: int | None = Field(default=None, sa_type=BigInteger)
    transfer_income: int | None = Field(default=None, sa_type=BigInteger)
    medical_self_paid: int | None = Field(default=None, sa_type=BigInteger)
    schooling_self_paid: int | None = Field(default=None, sa_type=BigInteger)
    rigid_expense: int | None = Field(default=None, sa_type=BigInteger)
    cash_gap: int | None = Field(default=None, sa_type=BigInteger)
    income_until: date | None = None
    uninsured_members: int | None = None
    dropped_out_members: int | None = None
    safe_house: bool | None = None
    safe_water: bool | None = None
    monitored: bool
    formerly_poor: bool
