"""What was held, by whom, for how many; the lists a county keeps of its kinds and labels; and whose day it shows."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, Uuid
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import CalendarDate, instant

WORDS = SealedColumn("activity", "sealed_words")


class ActivityTerm(Table, table=True):
    """A kind of activity or a label, as a place has set it, by which document: it comes before the one of a place
    above, and before the shipped one. Never taken out of the list: it ends on a day."""

    __tablename__ = "activity_term"
    __table_args__ = (
        CheckConstraint("term IN ('kind', 'label')", name="activity_term_term"),
        CheckConstraint("since < until", name="activity_term_days"),
    )

    division: str = Field(primary_key=True)
    term: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    zh: str
    en: str
    since: date
    until: date | None = None  # the first day on which it is no longer taken
    document_no: str


class Activity(Table, table=True):
    """活动: one version of what a team, or the office of a place, held. Never changed but for what ends it: the next
    version takes its place, or it is withdrawn. All versions share `activity_id`."""

    __tablename__ = "activity"
    __table_args__ = (
        CheckConstraint("mode IN ('on_site', 'telephone', 'message', 'live')", name="activity_mode"),
        CheckConstraint("day <= last_day", name="activity_days"),
        CheckConstraint("starts_at < ends_at", name="activity_span"),
        CheckConstraint("cardinality(cadre_ids) = cardinality(capacities)", name="activity_cadres"),
        CheckConstraint("answered_on IS NULL OR asks", name="activity_answer"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name="activity_withdrawn"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="activity_withdrawn_by"),
        Index("activity_version", "activity_id", "version", unique=True),
        Index("activity_standing", "activity_id", unique=True, postgresql_where="replaced_at IS NULL"),
        Index("activity_in", "division", "day"),
        Index("activity_of_team", "team_id", "day"),
        Index("activity_of_unit", "unit_id", "day"),
        Index("activity_with", "cadre_ids", postgresql_using="gin"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    activity_id: UUID  # the client's own
    version: int
    division: str  # where it belongs: the team's village, or the place whose office held it
    team_id: UUID | None = Field(default=None, foreign_key="team.id")
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    kind: str
    mode: str
    day: CalendarDate
    last_day: CalendarDate
    starts_at: datetime | None = instant(default=None)
    ends_at: datetime | None = instant(default=None)
    place: str | None = None  # a code; empty: outside the tree, or nowhere
    place_words: str | None = None
    place_kind: str | None = None
    cadre_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))  # who did it or took part
    capacities: list[str] = Field(sa_type=ARRAY(Text))  # of each, in the same order
    labels: list[str] = Field(sa_type=ARRAY(Text))
    asks: bool
    answered_on: date | None = None
    sealed_words: bytes | None = None  # outcome, request and answer
    recorded_by: str  # account or client system: doer is not recorder
    recorded_at: datetime = instant()
    replaced_at: datetime | None = instant(default=None)  # by the next version
    withdrawn_because: str | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = instant(default=None)


class ActivityCount(Table, table=True):
    """How many took part, of what and in which capacity, and how exactly that is known."""

    __tablename__ = "activity_count"
    __table_args__ = (
        CheckConstraint("what IN ('households', 'persons', 'person_times')", name="activity_count_what"),
        CheckConstraint("precision IN ('exact', 'about', 'more_than', 'less_than')", name="activity_count_precision"),
        CheckConstraint("number >= 0", name="activity_count_number"),
    )

    version_id: UUID = Field(primary_key=True, foreign_key="activity.id")
    capacity: str = Field(primary_key=True)
    what: str = Field(primary_key=True)
    number: int
    precision: str


class ActivityDay(Table, table=True):
    """A day of a cadre who was named in an activity on site. One that holds no longer stays, and since when: a month
    that was frozen before is told what has changed."""

    __tablename__ = "activity_day"
    __table_args__ = (Index("activity_day_of", "activity_id"),)

    cadre_id: UUID = Field(primary_key=True, foreign_key="cadre.id")
    day: CalendarDate = Field(primary_key=True)
    activity_id: UUID = Field(primary_key=True)
    place: str
    by_another: bool  # somebody else wrote it down
    holds: bool
    changed_at: datetime = instant()
