"""What visits came upon, as attendance has told it: for a person to look at, not for a rule to judge."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.alerts.models.table import Table
from services.kit.store.tables import CalendarDate, instant


class VisitTold(Table, table=True):
    """How far we have heard of a visit: its corrections may come in any order, and the highest version counts."""

    __tablename__ = "visit_told"

    visit: UUID = Field(primary_key=True)  # the first of those that correct each other
    version: int


class VisitClue(Table, table=True):
    """A change of a household that a visit came upon, by its kind alone, and who answered it how. One that a later
    correction no longer has is withdrawn, unless it had been answered."""

    __tablename__ = "visit_clue"
    __table_args__ = (
        UniqueConstraint("visit", "kind"),
        CheckConstraint("state IN ('told', 'accepted', 'refused', 'withdrawn')", name="visit_clue_state"),
        CheckConstraint("(state IN ('accepted', 'refused')) = (answered_at IS NOT NULL)", name="visit_clue_answer"),
        CheckConstraint("(state = 'refused') = (code IS NOT NULL)", name="visit_clue_code"),
        Index("visit_clue_in", "division", "state"),
        Index("visit_clue_of", "subject"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    visit: UUID = Field(foreign_key="visit_told.visit")
    kind: str
    subject: UUID  # the household
    division: str
    day: CalendarDate  # of the visit
    told_at: datetime = instant()
    state: str = "told"
    code: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = instant(default=None)
