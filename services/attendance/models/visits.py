"""What was seen of households: visits, what they found, and rounds that leave no household out."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Text
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import CalendarDate, instant

NOTE = SealedColumn("visit", "sealed_note")
CONTACTS = "'home', 'elsewhere', 'telephone', 'video', 'neighbour', 'not_reached', 'away'"


class Visit(Table, table=True):
    """走访: one contact with a household, or one that failed, by whom and written down by whom. Never changed: a
    correction is a row of its own that names the one it takes the place of. All of them share `first_id`."""

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint(f"contact IN ({CONTACTS})", name="visit_contact"),
        CheckConstraint("(corrects IS NULL) = (because IS NULL)", name="visit_because"),
        CheckConstraint("(corrects IS NULL) = (version = 1 AND first_id = id)", name="visit_first"),
        Index("visit_of_household", "household_id", "day"),
        Index("visit_of_cadre", "cadre_id", "household_id", "day"),
        Index("visit_in", "village", "day"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    first_id: UUID = Field(index=True)
    version: int
    corrects: UUID | None = Field(default=None, unique=True)  # is there: recording.py
    because: str | None = None  # mistake, learnt_later, not_made
    cadre_id: UUID = Field(foreign_key="cadre.id")  # who went there
    recorded_by: str  # account or client system
    household_id: UUID
    village: str  # twelve digits, when it was written
    at: datetime = instant()  # by the device's clock
    received_at: datetime = instant()  # by ours
    day: CalendarDate
    contact: str
    met: list[str] = Field(sa_type=ARRAY(Text))
    undone: list[str] = Field(sa_type=ARRAY(Text))  # of the five duties, those that were not
    findings: list[str] = Field(sa_type=ARRAY(Text))  # kinds; what becomes of each is its VisitFinding
    away_since: date | None = None
    away_to: str | None = None  # a place's code, two to twelve digits
    sealed_note: bytes | None = None


class VisitFinding(Table, table=True):
    """A change that a visit came upon, by its kind alone, and what alerts answered. One for a visit and a kind,
    whatever corrections follow; withdrawn when a correction no longer has it before anybody answered."""

    __tablename__ = "visit_finding"
    __table_args__ = (
        CheckConstraint("state IN ('told', 'accepted', 'refused', 'withdrawn')", name="visit_finding_state"),
        CheckConstraint("(state IN ('accepted', 'refused')) = (answered_at IS NOT NULL)", name="visit_finding_answer"),
    )

    first_id: UUID = Field(primary_key=True, foreign_key="visit.id")
    kind: str = Field(primary_key=True)
    state: str
    code: str | None = None  # why it was refused
    answered_at: datetime | None = instant(default=None)


class VisitRound(Table, table=True):
    """摸排轮次: every household of a set is to be contacted in a period. `opened_at` is when its set was whole."""

    __tablename__ = "visit_round"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="visit_round_days"),
        CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="visit_round_closed"),
        Index("visit_round_in", "division", "first_day"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    name: str
    division: str
    tag: str | None = None  # monitored, formerly_poor; empty: all households
    first_day: date
    last_day: date
    document_no: str
    created_by: str
    created_at: datetime = instant()
    opened_at: datetime | None = instant(default=None)
    closed_by: str | None = None
    closed_at: datetime | None = instant(default=None)


class RoundTask(Table, table=True):
    """One household of a round, where it lay when the set was frozen. Its outcome is written when the round closes;
    until then it is read from the visits."""

    __tablename__ = "round_task"
    __table_args__ = (Index("round_task_in", "round_id", "village"),)

    round_id: UUID = Field(primary_key=True, foreign_key="visit_round.id")
    household_id: UUID = Field(primary_key=True)
    village: str
    outcome: str | None = None  # met, contacted, away, not_reached, not_tried
    visit_id: UUID | None = Field(default=None, foreign_key="visit.id")
