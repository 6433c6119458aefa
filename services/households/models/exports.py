"""Lists taken out of the register as files: who asked, who agreed, and the file until it is dropped."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Identity, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

FILE = SealedColumn("export_piece", "sealed_content")


class Export(Table, table=True):
    """A list somebody takes out of a place. `rights` are what of a person they may see, `roles` those whose grants
    count when its rows are read, `reach` what these came to when it was asked for; `number` stands on every copy."""

    __table_args__ = (
        CheckConstraint("approved_by <> asked_by", name="export_approved_by_another"),
        CheckConstraint("approval_wanted OR approved_by IS NULL", name="export_approval_wanted"),
        Index("export_waiting", "village", "created_at", postgresql_where="approval_wanted AND approved_by IS NULL"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    number: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    kind: str  # exports/kinds.py
    format: str  # xlsx, csv
    village: str
    q: str | None = None
    tag: str | None = None
    case_state: str | None = None
    overdue: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    due_within: int | None = None
    asked_by: str
    roles: list[str] = Field(sa_type=ARRAY(Text))
    rights: list[str] = Field(sa_type=ARRAY(Text))
    reach: str | None = None  # of one from before this was kept nobody gets the file
    rows: int  # when it was asked for
    approval_wanted: bool
    approved_by: str | None = None
    approved_at: datetime | None = instant(default=None)
    created_at: datetime = instant()
    done_at: datetime | None = instant(default=None)
    problem: str | None = None


class ExportPiece(Table, table=True):
    """A part of a file, in base64 under seal. Gone a week after the file was made."""

    __tablename__ = "export_piece"
    __table_args__ = (UniqueConstraint("export_id", "seq"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    export_id: UUID = Field(foreign_key="export.id")
    seq: int
    sealed_content: bytes
