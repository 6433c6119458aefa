"""Who was away by leave or on duty, who allowed it, when they came back; and what was put right of a day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import CalendarDate, instant

REASON = SealedColumn("leave", "sealed_reason")
KINDS = (
    "'personal', 'sick', 'annual', 'marriage', 'maternity', 'bereavement', 'training', 'meeting', 'unit_work', 'errand'"
)
STATES = "'requested', 'approved', 'refused', 'cancelled', 'returned', 'replaced'"


class Leave(Table, table=True):
    """请假、公务外出: as it was asked for, which never changes, and what has become of it. `covers` are the days it
    stands for: as asked, cut by the return. Of one cadre no two that were approved cover a day."""

    __tablename__ = "leave"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="leave_kind"),
        CheckConstraint(f"state IN ({STATES})", name="leave_state"),
        CheckConstraint("first_day <= last_day", name="leave_days"),
        CheckConstraint("cover_id <> cadre_id", name="leave_cover"),
        CheckConstraint("approvals BETWEEN 0 AND cardinality(chain)", name="leave_approvals"),
        ExcludeConstraint(
            ("cadre_id", "="),
            ("covers", "&&"),
            using="gist",
            where="state IN ('approved', 'returned')",
            name="leave_one_at_a_time",
        ),
        Index(
            "leave_corrected_once",
            "corrects",
            unique=True,
            postgresql_where="state = 'requested' OR state = 'approved' OR state = 'returned'",
        ),
        Index("leave_of_cadre", "cadre_id", "first_day"),
        Index("leave_of_cover", "cover_id", postgresql_where="cover_id IS NOT NULL"),
        Index("leave_of_team", "team_id"),
        Index("leave_in", "village", "first_day"),
        Index("leave_out", "last_day", postgresql_where="state = 'approved' AND overdue_told_at IS NULL"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    corrects: UUID | None = None  # is there: requests.py
    cadre_id: UUID = Field(foreign_key="cadre.id")
    cover_id: UUID | None = Field(default=None, foreign_key="cadre.id")  # who stands in
    team_id: UUID = Field(foreign_key="team.id")  # of the first day, as is its village
    village: str
    kind: str
    official: bool
    first_day: date
    last_day: date
    covers: Range[date] = Field(sa_type=DATERANGE)
    days: int  # as the county counts them
    working_only: bool  # whether days of rest within it are not days of leave
    sealed_reason: bytes | None = None
    chain: list[str] = Field(sa_type=ARRAY(Text))  # who decides, in turn: captain, township, county
    document_no: str  # what the chain follows from
    approvals: int = 0
    state: str
    requested_by: str  # account or client system: who asks is not always who writes it down
    requested_at: datetime = instant()
    changed_at: datetime = instant()
    cancelled_by: str | None = None
    returned_on: date | None = None  # the first day back
    overdue_told_at: datetime | None = instant(default=None)  # that nobody has returned by the day due back


class LeaveDecision(Table, table=True):
    """What one level of the chain has said. Once."""

    __tablename__ = "leave_decision"
    __table_args__ = (
        CheckConstraint("outcome IN ('approved', 'refused')", name="leave_decision_outcome"),
        CheckConstraint("(outcome = 'refused') = (code IS NOT NULL)", name="leave_decision_code"),
    )

    leave_id: UUID = Field(primary_key=True, foreign_key="leave.id")
    level: str = Field(primary_key=True)
    outcome: str
    code: str | None = None
    decided_by: str
    decided_at: datetime = instant()


class LeaveReturn(Table, table=True):
    """销假: that somebody is back, since which day, and who wrote it down. The one with the highest number counts."""

    __tablename__ = "leave_return"
    __table_args__ = (
        Index("leave_return_number", "leave_id", "number", unique=True),
        CheckConstraint("(number = 1) = (because IS NULL)", name="leave_return_because"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    leave_id: UUID = Field(foreign_key="leave.id")
    number: int
    day: CalendarDate
    because: str | None = None  # mistake, learnt_later
    recorded_by: str
    recorded_at: datetime = instant()


class DayCorrection(Table, table=True):
    """What a cadre's day is said to have been, by which evidence, and who agreed. The evidence of the day itself stays
    as it is. The index lets one that was approved hold for a day."""

    __tablename__ = "day_correction"
    __table_args__ = (
        CheckConstraint(
            "status IN ('present', 'official', 'leave', 'rest', 'no_evidence')", name="day_correction_status"
        ),
        CheckConstraint("state IN ('waiting', 'approved', 'refused', 'replaced')", name="day_correction_state"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="day_correction_decided"),
        Index("day_correction_holds", "cadre_id", "day", unique=True, postgresql_where="state = 'approved'"),
        Index("day_correction_of_cadre", "cadre_id", "day"),
        Index("day_correction_in", "village", "day"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    cadre_id: UUID = Field(foreign_key="cadre.id")
    village: str  # where they were posted on that day
    day: CalendarDate
    status: str
    because: str
    evidence: str  # its kind
    document_no: str | None = None
    recorded_by: str  # account or client system
    recorded_at: datetime = instant()
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = instant(default=None)
