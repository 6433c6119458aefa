"""Problems to be put right: one list and one number for the county, and the steps each has gone through."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

SAID = SealedColumn("issue", "sealed_said")
STEP_SAID = SealedColumn("issue_step", "sealed_said")


class IssueNumber(Table, table=True):
    """How many issues a county has had in a year. Raised in the transaction that raises the issue: none is left out."""

    __tablename__ = "issue_number"

    county: str = Field(primary_key=True)
    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int


class Issue(Table, table=True):
    """Something that is to be put right. What was said of it is sealed and never changed; how far it is, the steps
    say, and this row repeats. A restricted one is seen by whoever recorded it, by its owner and by
    the county's office alone."""

    __tablename__ = "issue"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closed', 'withdrawn', 'merged')", name="issue_state"),
        CheckConstraint("(state = 'open') = (ended_on IS NULL)", name="issue_ended"),
        CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="issue_merged"),
        CheckConstraint("state = 'closed' OR NOT on_the_spot", name="issue_on_the_spot"),
        Index("issue_number_once", "county", "year", "number", unique=True),
        Index("issue_in", "division", "raised_on"),
        Index("issue_open", "due_on", postgresql_where="state = 'open'"),
        Index("issue_late", "id", postgresql_where="late_as IS NOT NULL"),
        Index("issue_of_household", "household_id", postgresql_where="household_id IS NOT NULL"),
        Index("issue_merged_into", "merged_into", postgresql_where="merged_into IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    county: str
    year: int
    number: int
    division: str
    household_id: UUID | None = Field(default=None, foreign_key="household.id")
    kind: str
    restricted: bool
    source: str
    source_ref: str | None = None
    raised_on: date
    sealed_said: bytes
    owner_kind: str
    owner_id: str | None = None
    owner_label: str
    due_on: date | None = None
    state: str
    on_the_spot: bool
    ended_on: date | None = None
    satisfaction: str | None = None
    merged_into: UUID | None = Field(default=None, foreign_key="issue.id")
    late_as: UUID | None = None  # what its lateness was told under, while it is late
    recorded_by: str
    recorded_at: datetime = instant()


class IssueStep(Table, table=True):
    """What was done about an issue, in order. Never changed and never deleted."""

    __tablename__ = "issue_step"
    __table_args__ = (Index("issue_step_of", "issue_id", "number", unique=True),)

    id: UUID = Field(primary_key=True)  # the client's own
    issue_id: UUID = Field(foreign_key="issue.id")
    number: int
    kind: str
    day: date
    sealed_said: bytes
    done_by: str
    done_at: datetime = instant()
