"""What became of households, and what was known of them when."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, Column, Identity, Index, Uuid
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint, Range
from sqlmodel import Field

from services.households.models.register import known_moment
from services.households.models.table import Table
from services.kit.store.tables import instant


class HouseholdChange(Table, table=True):
    """Something that became of households, on a day, on what ground; who did it is not who recorded it."""

    __tablename__ = "household_change"

    id: UUID = Field(primary_key=True)  # the client's own
    kind: str
    effective_on: date
    ground: str
    document_no: str | None = None
    done_by: str
    recorded_by: str
    recorded_at: datetime = instant()


class HouseholdChangePart(Table, table=True):
    """A household's part in a change, and the persons it touched there. `version` is the household's after it."""

    __tablename__ = "household_change_part"
    __table_args__ = (Index("household_change_of", "household_id", "version"),)

    change_id: UUID = Field(foreign_key="household_change.id", primary_key=True)
    household_id: UUID = Field(foreign_key="household.id", primary_key=True)
    part: str  # from, into
    persons: list[UUID] = Field(sa_type=ARRAY(Uuid))
    version: int = Field(sa_type=BigInteger)


class HouseholdChangeCarried(Table, table=True):
    """A row of another room that went along in a change: from a household into another, or of a record of a person that
    was joined with another. `thing` is its table."""

    __tablename__ = "household_change_carried"
    __table_args__ = (Index("household_change_carried_row", "row_id"),)

    change_id: UUID = Field(foreign_key="household_change.id", primary_key=True)
    thing: str = Field(primary_key=True)
    row_id: UUID = Field(primary_key=True)
    from_id: UUID
    into_id: UUID


class ManagedBefore(Table, table=True):
    """A village that managed a household until it moved. The one that manages it now stands with the household, since
    `managed_since`: with these rows there is exactly one on any day from its first to its last."""

    __tablename__ = "managed_before"
    __table_args__ = (ExcludeConstraint(("household_id", "="), ("valid", "&&"), using="gist"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    household_id: UUID = Field(foreign_key="household.id")
    village: str  # twelve digits
    valid: Range[date] = Field(sa_type=DATERANGE)
    known_since: datetime | None = known_moment()


class History(Table, table=True):
    """What a row held until a moment of our database's clock, written by a trigger when it was changed or removed.
    Nothing sealed is kept twice: of that it says only that something stood there."""

    __table_args__ = (
        Index("history_until", "table_name", "until"),
        Index("history_of_household", "household_id", "until"),
        Index("history_of_person", "person_id", "until"),
        Index("history_of_row", "row_id", "until"),
    )

    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True, nullable=False)
    )
    table_name: str
    row_id: UUID
    household_id: UUID | None = None
    person_id: UUID | None = None
    known_since: datetime = instant()
    until: datetime = instant()
    held: dict[str, Any] = Field(sa_type=JSONB)
