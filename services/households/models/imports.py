"""Files under way, and what became of each of their rows."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

FILE_PIECE = SealedColumn("import_piece", "sealed_content")
STATE_BEFORE = SealedColumn("import_row", "sealed_before")


class ImportBatch(Table, table=True):
    """A file somebody sent, and how far it is taken in. `roles` are those whose grants count when its rows are looked
    at; `reached` is the last row that is settled; `problem` the code of what made the file as a whole unfit. `header`
    is a digest of the first row: a mapping that was named for it once is that of the next file too (`mapping_of`)."""

    __tablename__ = "import_batch"
    __table_args__ = (Index("import_batch_header", "asked_by", "kind", "header"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    kind: str  # households, members, statements, received, measures, cases; two of models/quality.py
    asked_by: str
    roles: list[str] = Field(sa_type=ARRAY(Text))
    sha256: str
    mapping: dict[str, Any] = Field(sa_type=JSONB)  # empty: the sender named none
    mapping_of: UUID | None = None
    header: str | None = None
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
