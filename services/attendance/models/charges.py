"""Who answers for what, where, from a day until a day."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import CalendarDate, instant

BECAUSE = SealedColumn("charge", "sealed_because")
OUTCOMES = "'term_over', 'replaced', 'transferred', 'recalled', 'abolished', 'mistake', 'other'"
WHO = "coalesce(cadre_id::text, unit_id::text, name)"
ABOUT = "coalesce(about_cadre_id::text, about_unit_id::text, body, '')"
WHERE_AND_ABOUT = f"(coalesce(team_id::text, '') || ':' || {ABOUT})"


class ChargeKind(Table, table=True):
    """A kind of charges as a place has set it, by which document: it comes before the one of a place above, and before
    the shipped one. Never taken out of the list: it ends on a day."""

    __tablename__ = "charge_kind"
    __table_args__ = (CheckConstraint("since < until", name="charge_kind_days"),)

    division: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    zh: str
    en: str
    since: date
    until: date | None = None  # the first day on which it is no longer taken
    document_no: str


class Charge(Table, table=True):
    """责任: one version of somebody's charge. Never changed but for what ends it: the next version takes its place. All
    versions share `charge_id`. The bearer is a cadre, a unit, or else somebody by name alone; `name` is what they were
    called then. A mistake ends on the day it began, and so holds on no day."""

    __tablename__ = "charge"
    __table_args__ = (
        CheckConstraint("num_nonnulls(cadre_id, unit_id) < 2", name="charge_bearer"),
        CheckConstraint("num_nonnulls(about_cadre_id, about_unit_id) < 2", name="charge_about"),
        CheckConstraint(
            "(about_name IS NULL) = (num_nonnulls(about_cadre_id, about_unit_id) = 0)", name="charge_about_name"
        ),
        CheckConstraint("function IN ('head', 'deputy', 'member', 'office')", name="charge_function"),
        CheckConstraint("(body IS NULL) = (function IS NULL)", name="charge_body"),
        CheckConstraint(f"outcome IN ({OUTCOMES})", name="charge_outcome"),
        CheckConstraint("(until IS NULL) = (outcome IS NULL)", name="charge_end"),
        CheckConstraint("CASE WHEN outcome = 'mistake' THEN since = until ELSE since < until END", name="charge_days"),
        ExcludeConstraint(
            ("kind", "="),
            ("division", "="),
            (text(WHO), "="),
            (text(WHERE_AND_ABOUT), "="),
            (text("daterange(since, until)"), "&&"),
            name="charge_once",
            using="gist",
            where=text("replaced_at IS NULL"),
        ),
        Index("charge_version", "charge_id", "version", unique=True),
        Index("charge_standing", "charge_id", unique=True, postgresql_where="replaced_at IS NULL"),
        Index("charge_in", "division", "kind"),
        Index("charge_of_team", "team_id"),
        Index("charge_of_cadre", "cadre_id"),
        Index("charge_of_unit", "unit_id"),
        Index("charge_about_cadre", "about_cadre_id"),
        Index("charge_about_unit", "about_unit_id"),
        Index("charge_taken_over", "replaces"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    charge_id: UUID  # the client's own
    version: int
    kind: str
    division: str  # the place; of a team, its village
    team_id: UUID | None = Field(default=None, foreign_key="team.id")
    cadre_id: UUID | None = Field(default=None, foreign_key="cadre.id")
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    name: str
    post: str | None = None  # what they are, of somebody by name alone
    about_cadre_id: UUID | None = Field(default=None, foreign_key="cadre.id")  # whose presence
    about_unit_id: UUID | None = Field(default=None, foreign_key="unit.id")  # whose liaison
    about_name: str | None = None
    body: str | None = None  # the group's name
    function: str | None = None
    since: CalendarDate
    until: date | None = None  # the first day on which it holds no longer
    outcome: str | None = None
    sealed_because: bytes | None = None
    document_no: str | None = None
    replaces: UUID | None = None  # the charge this one takes over
    recorded_by: str
    recorded_at: datetime = instant()
    replaced_at: datetime | None = instant(default=None)  # by the next version
