"""Projects, loans, agreements and memberships: what lasts, and in which steps. What is paid for them are entries of
ledgers that name them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.households.models.ledgers import in_smallest_parts
from services.households.models.table import Table
from services.kit.store.tables import CalendarDate, instant


class Undertaking(Table, table=True):
    """What was said of it at the beginning; never changed. `amount`, in fen: planned of a project, the principal of a
    loan, of a year of an agreement, shares of a membership. `party`: the unit bound to a project, a lender, who the
    agreement is with, the cooperative."""

    __tablename__ = "undertaking"
    __table_args__ = (
        CheckConstraint(
            "kind = 'project' OR kind = 'loan' OR kind = 'agreement' OR kind = 'membership'", name="undertaking_kind"
        ),
        CheckConstraint("(kind = 'project') = (title IS NOT NULL)", name="undertaking_title"),
        CheckConstraint("(kind = 'project') = (household_id IS NULL)", name="undertaking_household"),
        CheckConstraint("(kind = 'membership') = (what IS NULL)", name="undertaking_what"),
        CheckConstraint("(kind = 'membership') = (labour IS NOT NULL)", name="undertaking_labour"),
        CheckConstraint("amount >= 0 AND (amount > 0 OR kind <> 'loan')", name="undertaking_amount"),
        CheckConstraint("amount IS NOT NULL OR (kind <> 'project' AND kind <> 'loan')", name="undertaking_amount_said"),
        CheckConstraint("kind <> 'loan' OR until IS NOT NULL", name="undertaking_due"),
        CheckConstraint("since <= until", name="undertaking_days"),
        Index("undertaking_in", "kind", "division", "since"),
        Index("undertaking_of_household", "household_id", postgresql_where="household_id IS NOT NULL"),
        Index("undertaking_of_person", "person_id", postgresql_where="person_id IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    kind: str
    division: str
    household_id: UUID | None = Field(default=None, foreign_key="household.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    what: str | None = None
    title: str | None = None
    party: str | None = None
    amount: int | None = in_smallest_parts(default=None)
    labour: bool | None = None
    fund_source: str | None = None
    since: CalendarDate
    until: date | None = None
    document_no: str | None = None
    recorded_by: str
    recorded_at: datetime = instant()


class UndertakingStep(Table, table=True):
    """Appended in the order of their days. `until`: the new last day of what was extended."""

    __tablename__ = "undertaking_step"
    __table_args__ = (
        CheckConstraint("(step = 'extended') = (until IS NOT NULL)", name="undertaking_step_until"),
        Index("undertaking_step_of", "undertaking_id", "number", unique=True),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    undertaking_id: UUID = Field(foreign_key="undertaking.id")
    number: int
    step: str
    day: CalendarDate
    until: date | None = None
    document_no: str | None = None
    note: str | None = None
    recorded_by: str
    recorded_at: datetime = instant()
