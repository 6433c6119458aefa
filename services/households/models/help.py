"""What there is to help with, what was received, and who has promised what to whom."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Identity, Index, Text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlmodel import Field

from services.households.models.register import known_moment
from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

ACCOUNT = SealedColumn("received", "sealed_account")


class Policy(Table, table=True):
    """An item of the catalogue of help on the days it is valid, and who qualifies for it. Empty conditions ask nothing.
    Those of a person are asked of the person it is for, or of any member where it is for households."""

    __table_args__ = (
        ExcludeConstraint(("key", "="), ("valid", "&&"), using="gist"),
        CheckConstraint("given_to IN ('household', 'person')"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    key: str
    valid: Range[date] = Field(sa_type=DATERANGE)
    division: str  # where it holds
    name: str
    department: str
    family: str  # 100A39-100A55 of the national form, or other
    given_to: str
    tag: str | None = None
    monitored: bool | None = None
    age_from: int | None = None
    age_to: int | None = None  # the last year of age that qualifies
    in_school: bool | None = None
    document_no: str


class Received(Table, table=True):
    """A policy that a household or a person has had the good of, on the days it was for. Money in fen. Never changed: a
    mistake is withdrawn with its reason and recorded anew. Where who has the good of it comes to another household the
    row ends that day, and another `continues` it there: an amount stands in one of them."""

    __table_args__ = (
        Index("received_of_household", "household_id"),
        Index("received_of_person", "person_id", postgresql_where="person_id IS NOT NULL"),
        Index("received_continued", "continues", postgresql_where="continues IS NOT NULL"),
        Index("received_of_policy", "policy_key", "household_id", postgresql_where="withdrawn_at IS NULL"),
        CheckConstraint("amount >= 0"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    household_id: UUID = Field(foreign_key="household.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    policy_key: str
    valid: Range[date] = Field(sa_type=DATERANGE)
    amount: int | None = Field(default=None, sa_type=BigInteger)
    paid_on: date | None = None
    sealed_account: bytes | None = None
    source: str
    recorded_by: str
    created_at: datetime = instant()
    withdrawn_at: datetime | None = instant(default=None)
    withdrawn_by: str | None = None
    withdrawn_because: str | None = None
    continues: UUID | None = Field(default=None, foreign_key="received.id")
    known_since: datetime | None = known_moment()


class Measure(Table, table=True):
    """What somebody will do, does or has done for a household or one of its members, against a risk. `ends_on` is its
    own: a post or a loan runs on when the case has ended. Money in fen."""

    __table_args__ = (
        Index("measure_of_household", "household_id", "id"),
        Index("measure_of_person", "person_id", postgresql_where="person_id IS NOT NULL"),
        Index("measure_of_case", "case_id", postgresql_where="case_id IS NOT NULL"),
        Index("measure_due", "due", postgresql_where="done_on IS NULL AND dropped_because IS NULL"),
        Index("measure_late", "id", postgresql_where="late_as IS NOT NULL"),
        CheckConstraint("state IN ('planned', 'under_way', 'done', 'dropped')"),
        CheckConstraint("(state = 'done') = (done_on IS NOT NULL)"),
        CheckConstraint("(state = 'dropped') = (dropped_because IS NOT NULL)"),
        CheckConstraint("(confirmed_on IS NULL) = (confirmed_by IS NULL)"),
        CheckConstraint("confirmed_on IS NULL OR state = 'done'"),
        CheckConstraint("amount >= 0"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    household_id: UUID = Field(foreign_key="household.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    case_id: UUID | None = Field(default=None, foreign_key="monitored_case.id")  # what is done stays with its case
    policy_key: str
    risk: str | None = None  # what it answers: a risk, or a safeguard that fails
    state: str
    responsible_kind: str  # an actor of any service, and its name when it was written
    responsible_id: UUID
    responsible_label: str
    due: date
    done_on: date | None = None
    dropped_because: str | None = None
    ends_on: date | None = None
    amount: int | None = Field(default=None, sa_type=BigInteger)
    fund_source: str | None = None
    evidence: str | None = None  # a document's number or reference
    confirmed_on: date | None = None
    confirmed_by: str | None = None  # head, member, guardian, proxy
    recorded_by: str
    created_at: datetime = instant()
    late_as: UUID | None = None  # as which it was said to be overdue, while it is
    known_since: datetime | None = known_moment()


class MeasureStep(Table, table=True):
    """A measure came to stand in a state: who wrote it down, when. Appended."""

    __tablename__ = "measure_step"
    __table_args__ = (Index("measure_step_of", "measure_id", "seq"),)

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    measure_id: UUID = Field(foreign_key="measure.id")
    state: str
    recorded_by: str
    at: datetime = instant()
    known_since: datetime | None = known_moment()


class Plan(Table, table=True):
    """一户一策 as it stands from `since` on: a change is a new version with its reason. Of the versions that have begun
    by a day the highest counts."""

    household_id: UUID = Field(foreign_key="household.id", primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    since: date
    reason: str
    purpose: str | None = None  # lift 促脱贫, keep 防返贫, forestall 阻致贫
    goal: str
    risks: list[str] = Field(sa_type=ARRAY(Text))
    responsible_kind: str
    responsible_id: UUID
    responsible_label: str
    recorded_by: str
    created_at: datetime = instant()
    known_since: datetime | None = known_moment()


class PlanMeasure(Table, table=True):
    """A measure that a version of a plan holds."""

    __tablename__ = "plan_measure"
    __table_args__ = (
        ForeignKeyConstraint(["household_id", "version"], ["plan.household_id", "plan.version"]),
        Index("plan_measure_of", "measure_id"),
    )

    household_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    measure_id: UUID = Field(foreign_key="measure.id", primary_key=True)
