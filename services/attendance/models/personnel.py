"""What was put on a cadre's record, what they say of it, and that it was issued or withdrawn."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import CalendarDate, instant

WORDS = SealedColumn("personnel_record", "sealed_words")
REPLY = SealedColumn("personnel_reply", "sealed_reply")


class PersonnelRecord(Table, table=True):
    """通报、约谈、提醒、召回, 表彰、表扬: of one cadre. Told to them, then issued, then perhaps withdrawn; else never
    changed, and never deleted. Held by the county alone: `division` is where they were posted, and lets nobody in."""

    __tablename__ = "personnel_record"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('notice', 'interview', 'reminder', 'recall', 'honour', 'thanks')", name="personnel_record_kind"
        ),
        CheckConstraint("(kind = 'honour') = (title IS NOT NULL)", name="personnel_record_title"),
        CheckConstraint("(issued_at IS NULL) = (issued_by IS NULL)", name="personnel_record_issued"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name="personnel_record_withdrawn"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="personnel_record_withdrawn_by"),
        Index("personnel_record_in", "county", "day"),
        Index("personnel_record_of", "cadre_id", "day"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    county: str
    division: str  # the village of the posting on that day; without one, the county
    cadre_id: UUID = Field(foreign_key="cadre.id")
    kind: str
    number: str  # of the bulletin or the paper: several may stand in one
    day: CalendarDate
    title: str | None = None  # of an honour
    sealed_words: bytes  # ground and evidence
    recorded_by: str
    recorded_at: datetime = instant()
    issued_by: str | None = None
    issued_at: datetime | None = instant(default=None)
    withdrawn_because: str | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = instant(default=None)


class PersonnelReply(Table, table=True):
    """What the person says of it. Appended."""

    __tablename__ = "personnel_reply"
    __table_args__ = (Index("personnel_reply_to", "record_id", "replied_at"),)

    id: UUID = Field(primary_key=True)  # the client's own
    record_id: UUID = Field(foreign_key="personnel_record.id")
    sealed_reply: bytes
    replied_by: str
    replied_at: datetime = instant()
