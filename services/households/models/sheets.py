"""Sheets printed for a household: what they said, who signed them, where they hang, and what took their place."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Identity, Index, Text, UniqueConstraint
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

SAID = SealedColumn("sheet", "sealed_content")
PRINTED = SealedColumn("sheet_piece", "sealed_content")
SIGNER = SealedColumn("sheet_signature", "sealed_words")


class SheetRun(Table, table=True):
    """Sheets of one kind asked for together: of a household, or of a village's. `made` rises while they are made."""

    __tablename__ = "sheet_run"
    __table_args__ = (
        CheckConstraint("paper = 'a4' OR paper = 'a5'", name="sheet_run_paper"),
        Index("sheet_run_of_household", "household_id", postgresql_where="household_id IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    kind: str  # sheets/kinds.py
    wall: bool
    paper: str
    village: str
    household_id: UUID | None = Field(default=None, foreign_key="household.id")
    households: int  # when it was asked for
    made: int = 0
    asked_by: str
    roles: list[str] = Field(sa_type=ARRAY(Text))  # those whose grants count when it is made
    created_at: datetime = instant()
    done_at: datetime | None = instant(default=None)
    problem: str | None = None


class SheetPiece(Table, table=True):
    """A part of a run's printed file, in base64 under seal. Gone a week after it was made; the sheets stay."""

    __tablename__ = "sheet_piece"
    __table_args__ = (UniqueConstraint("run_id", "seq"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    run_id: UUID = Field(foreign_key="sheet_run.id")
    seq: int
    sealed_content: bytes


class Sheet(Table, table=True):
    """One household's sheet, as it was issued. `serial` is in its printed number; `digest` stands for every word of it,
    with a salt, so that nothing can be guessed from it."""

    __table_args__ = (
        UniqueConstraint("run_id", "household_id"),
        Index("sheet_of_household", "household_id", "kind", "wall"),
        Index("sheet_in", "village", "serial"),
        Index("sheet_taken_by", "replaced_by", postgresql_where="replaced_by IS NOT NULL"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    serial: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False, unique=True)
    )
    kind: str
    wall: bool
    paper: str
    run_id: UUID = Field(foreign_key="sheet_run.id")
    household_id: UUID = Field(foreign_key="household.id")
    village: str
    issued_on: date
    issued_by: str
    sealed_content: bytes
    digest: str
    created_at: datetime = instant()
    replaced_by: UUID | None = Field(default=None, foreign_key="sheet.id")


class SheetSignature(Table, table=True):
    """Somebody signed it, in what capacity and how. Who, and the reason or the witness, are kept sealed."""

    __tablename__ = "sheet_signature"
    __table_args__ = (Index("sheet_signature_of", "sheet_id"),)

    id: UUID = Field(primary_key=True)  # the client's own
    sheet_id: UUID = Field(foreign_key="sheet.id")
    capacity: str  # head, member, guardian, proxy
    way: str  # handwritten, thumb_print
    signed_on: date
    digest: str  # of what was signed
    sealed_words: bytes
    recorded_by: str
    recorded_at: datetime = instant()


class SheetPosting(Table, table=True):
    """It was put up, or handed over."""

    __tablename__ = "sheet_posting"
    __table_args__ = (Index("sheet_posting_of", "sheet_id"),)

    id: UUID = Field(primary_key=True)  # the client's own
    sheet_id: UUID = Field(foreign_key="sheet.id")
    place: str  # door, board, indoors, handed_over
    posted_on: date
    posted_by: str
    recorded_at: datetime = instant()
