"""What was inspected: who ordered it and on what ground, among which villages it was drawn, what was found, and which
findings ask for an issue of the register."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Text
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import CalendarDate, instant

FOUND = SealedColumn("inspection_finding", "sealed_said")


class InspectionNumber(Table, table=True):
    """How many inspections a county has ordered in a year. Raised in the transaction that orders one: none is left
    out, so that none is dropped unseen and ordered anew until its draw suits."""

    __tablename__ = "inspection_number"

    county: str = Field(primary_key=True)
    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int


class Inspection(Table, table=True):
    """督查、暗访: as it was ordered, which never changes; then drawn, once; then closed, or withdrawn. Until it is
    closed it is seen by the county's office and its inspectors alone."""

    __tablename__ = "inspection"
    __table_args__ = (
        CheckConstraint("kind IN ('announced', 'unannounced')", name="inspection_kind"),
        CheckConstraint("among IN ('villages', 'team_villages')", name="inspection_among"),
        CheckConstraint("first_day <= last_day", name="inspection_days"),
        CheckConstraint(
            "cardinality(inspectors) > 0 AND cardinality(inspectors) = cardinality(inspector_names)",
            name="inspection_inspectors",
        ),
        CheckConstraint("(drawn_at IS NULL) = (seed IS NULL)", name="inspection_seed"),
        CheckConstraint("(drawn_at IS NULL) = (drawn_by IS NULL)", name="inspection_drawn_by"),
        CheckConstraint(
            "cardinality(villages) = CASE WHEN drawn_at IS NULL THEN 0 ELSE how_many END", name="inspection_villages"
        ),
        CheckConstraint("closed_at IS NULL OR drawn_at IS NOT NULL", name="inspection_closed"),
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="inspection_closed_by"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name="inspection_withdrawn"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="inspection_withdrawn_by"),
        CheckConstraint("withdrawn_at IS NULL OR closed_at IS NULL", name="inspection_ended_once"),
        Index("inspection_number_once", "county", "year", "number", unique=True),
        Index("inspection_in", "division", "first_day"),
        Index("inspection_by", "inspectors", postgresql_using="gin"),
        Index("inspection_of", "villages", postgresql_using="gin"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    county: str
    year: int
    number: int
    kind: str
    document_no: str  # its ground
    division: str  # the place it is drawn over
    among: str
    how_many: int
    first_day: CalendarDate
    last_day: CalendarDate
    inspectors: list[str] = Field(sa_type=ARRAY(Text))  # accounts
    inspector_names: list[str] = Field(sa_type=ARRAY(Text))  # in the same order
    ordered_by: str
    ordered_at: datetime = instant()
    seed: str | None = None  # made by the service as it draws; nobody names one
    villages: list[str] = Field(sa_type=ARRAY(Text))  # those that were drawn, in their turn
    drawn_by: str | None = None
    drawn_at: datetime | None = instant(default=None)
    closed_by: str | None = None
    closed_at: datetime | None = instant(default=None)
    withdrawn_because: str | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = instant(default=None)


class InspectionVillage(Table, table=True):
    """A village among which an inspection was drawn, as it was then: its turn by the seed, and why it was kept out."""

    __tablename__ = "inspection_village"
    __table_args__ = (
        CheckConstraint("kept_out IN ('own_village', 'own_township')", name="inspection_village_kept_out"),
        Index("inspection_village_turn", "inspection_id", "turn", unique=True),
    )

    inspection_id: UUID = Field(primary_key=True, foreign_key="inspection.id")
    village: str = Field(primary_key=True)
    turn: int
    kept_out: str | None = None


class InspectionFinding(Table, table=True):
    """What was found in a village on a day. Never changed and never deleted: a later one corrects it. What was said is
    sealed."""

    __tablename__ = "inspection_finding"
    __table_args__ = (
        CheckConstraint("verdict IN ('well', 'noted', 'repair', 'not_inspected')", name="inspection_finding_verdict"),
        CheckConstraint("(corrects IS NULL) = (version = 1)", name="inspection_finding_version"),
        Index("inspection_finding_of", "inspection_id", "village"),
        Index("inspection_finding_chain", "first_id", "version", unique=True),
        Index("inspection_finding_corrected_once", "corrects", unique=True),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    inspection_id: UUID = Field(foreign_key="inspection.id")
    village: str
    day: CalendarDate
    verdict: str
    first_id: UUID  # of those that correct each other
    version: int
    corrects: UUID | None = Field(default=None, foreign_key="inspection_finding.id")
    sealed_said: bytes
    recorded_by: str
    recorded_at: datetime = instant()


class InspectionSighting(Table, table=True):
    """Whether a cadre was met in the village that day: evidence for who has to say what the day was."""

    __tablename__ = "inspection_sighting"
    __table_args__ = (Index("inspection_sighting_of", "cadre_id"),)

    finding_id: UUID = Field(primary_key=True, foreign_key="inspection_finding.id")
    cadre_id: UUID = Field(primary_key=True, foreign_key="cadre.id")
    present: bool


class InspectionIssue(Table, table=True):
    """An issue that a finding asks of the register, and its answer. The index lets those that correct each other open
    one at most."""

    __tablename__ = "inspection_issue"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'opened', 'refused')", name="inspection_issue_state"),
        CheckConstraint("(state = 'waiting') = (answered_at IS NULL)", name="inspection_issue_answered"),
        CheckConstraint("(state = 'opened') = (number IS NOT NULL)", name="inspection_issue_number"),
        CheckConstraint("(state = 'refused') = (code IS NOT NULL)", name="inspection_issue_code"),
        Index("inspection_issue_once", "first_id", unique=True, postgresql_where="state <> 'refused'"),
        Index("inspection_issue_waiting", "inspection_id", postgresql_where="state = 'waiting'"),
    )

    finding_id: UUID = Field(primary_key=True, foreign_key="inspection_finding.id")  # and the issue's own id
    first_id: UUID
    inspection_id: UUID
    state: str
    asked_at: datetime = instant()
    year: int | None = None
    number: int | None = None
    code: str | None = None
    answered_at: datetime | None = instant(default=None)
