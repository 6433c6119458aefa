"""Who hands what over to whom, from which day on, and who has signed for it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Uuid
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.tables import instant


class Handover(Table, table=True):
    """交接: what somebody who leaves hands over, as the office plans it. Its sheet is computed until it takes effect;
    from then on it is kept as it was signed, byte by byte, and nothing of it changes."""

    __tablename__ = "handover"
    __table_args__ = (
        CheckConstraint("(effected_at IS NULL) = (sheet IS NULL)", name="handover_sheet"),
        CheckConstraint("(effected_at IS NULL) = (effected_by IS NULL)", name="handover_effected"),
        CheckConstraint("cadre_id <> ALL (taker_ids)", name="handover_to_others"),
        CheckConstraint("rest_to IS NULL OR rest_to = ANY (taker_ids)", name="handover_rest"),
        Index("handover_of_cadre", "cadre_id", "id"),
        Index("handover_in", "village", "id"),
        Index("handover_to", "taker_ids", postgresql_using="gin"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    cadre_id: UUID = Field(foreign_key="cadre.id")  # who leaves
    village: str  # of their latest posting, when it was written
    day: date  # the first of the new owners
    document_no: str
    taker_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    rest_to: UUID | None = None  # who takes what is named for nobody
    sheet: str | None = None
    effected_by: str | None = None
    effected_at: datetime | None = instant(default=None)


class HandoverHousehold(Table, table=True):
    """A household that is named for one taker, of whatever kind it is paired."""

    __tablename__ = "handover_household"

    handover_id: UUID = Field(primary_key=True, foreign_key="handover.id")
    household_id: UUID = Field(primary_key=True)
    taker_id: UUID


class HandoverThing(Table, table=True):
    """A key, a document, a piece of equipment."""

    __tablename__ = "handover_thing"
    __table_args__ = (CheckConstraint("kind IN ('key', 'document', 'equipment', 'other')", name="handover_thing_kind"),)

    handover_id: UUID = Field(primary_key=True, foreign_key="handover.id")
    line: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    name: str
    number: str
    taker_id: UUID | None = None


class HandoverSignature(Table, table=True):
    """That the giver or a taker has signed what has that hash: by their own account, or on paper, which the office
    wrote down with the reason and the paper's number."""

    __tablename__ = "handover_signature"
    __table_args__ = (
        CheckConstraint(
            "because IN ('gone', 'ill', 'dead', 'no_account')",
            name="handover_signature_because",
        ),
        CheckConstraint("(because IS NULL) = (paper_no IS NULL)", name="handover_signature_paper"),
        Index("handover_signature_of", "cadre_id"),
    )

    handover_id: UUID = Field(primary_key=True, foreign_key="handover.id")
    cadre_id: UUID = Field(primary_key=True, foreign_key="cadre.id")
    hash: str
    because: str | None = None  # why the office wrote it down; none: by their own account
    paper_no: str | None = None
    signed_by: str  # account or client system
    signed_at: datetime = instant()
