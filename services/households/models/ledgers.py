"""What was given, received, spent or counted: the kinds a county keeps, entries, and the lines an entry is made of."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.tables import CalendarDate, instant


def in_smallest_parts(**options: Any) -> Any:
    return Field(sa_type=BigInteger, **options)


class OwnLedgerKind(Table, table=True):
    """A kind of entry that a county has beside those that are shipped, from a day until a day, by its document. What it
    measures never changes: another meaning is another kind."""

    __tablename__ = "own_ledger_kind"
    __table_args__ = (
        CheckConstraint("shape IN ('event', 'spell', 'level')", name="own_ledger_kind_shape"),
        CheckConstraint("cardinality(units) > 0", name="own_ledger_kind_units"),
    )

    key: str = Field(primary_key=True)
    division: str
    zh: str
    en: str
    shape: str
    nature: str
    units: list[str] = Field(sa_type=ARRAY(Text))
    goods: bool  # whether an entry names the thing
    actors: list[str] = Field(sa_type=ARRAY(Text))
    beneficiaries: list[str] = Field(sa_type=ARRAY(Text))
    valid: Range[date] = Field(sa_type=DATERANGE)  # when it may be written; what was stays
    document_no: str
    created_at: datetime = instant()


class LedgerEntry(Table, table=True):
    """One thing that happened, lasted or stood so. Amounts are whole numbers in the unit's smallest part. Never changed
    and never deleted: a mistake is reversed by an entry of its own, whose amounts are the negative ones. `shape`,
    `nature` and `unit` are its kind's, which never changes them. `part_certain`: false where nobody knows whether it is
    part of that entry."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("shape IN ('event', 'spell', 'level')", name="ledger_entry_shape"),
        CheckConstraint("precision IN ('exact', 'about', 'more_than', 'less_than')", name="ledger_entry_precision"),
        CheckConstraint("CASE WHEN reverses IS NULL THEN amount >= 0 ELSE amount <= 0 END", name="ledger_entry_amount"),
        CheckConstraint("amount <> 0 OR shape = 'level'", name="ledger_entry_nought"),
        CheckConstraint("(reverses IS NULL) = (because IS NULL)", name="ledger_entry_because"),
        CheckConstraint("until IS NULL OR (shape = 'spell' AND day <= until)", name="ledger_entry_days"),
        CheckConstraint("(part_of IS NULL) = (part_certain IS NULL)", name="ledger_entry_part"),
        CheckConstraint("(actor_kind IS NULL) = (actor_label IS NULL)", name="ledger_entry_actor"),
        CheckConstraint("actor_id IS NULL OR actor_kind IS NOT NULL", name="ledger_entry_actor_id"),
        Index("ledger_entry_in", "division", "day"),
        Index("ledger_entry_reverses", "reverses", unique=True, postgresql_where="reverses IS NOT NULL"),
        Index("ledger_entry_of_undertaking", "undertaking_id", postgresql_where="undertaking_id IS NOT NULL"),
        Index("ledger_entry_part_of", "part_of", postgresql_where="part_of IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    kind: str
    division: str  # six, nine or twelve digits: all its lines lie there
    shape: str
    nature: str
    unit: str
    goods: str | None = None
    day: CalendarDate
    until: date | None = None  # the last day of a spell
    amount: int = in_smallest_parts()
    precision: str
    actor_kind: str | None = None
    actor_id: UUID | None = None
    actor_label: str | None = None
    fund_source: str | None = None
    document_no: str | None = None
    part_of: UUID | None = Field(default=None, foreign_key="ledger_entry.id")
    part_certain: bool | None = None
    reverses: UUID | None = Field(default=None, foreign_key="ledger_entry.id")
    because: str | None = None
    undertaking_id: UUID | None = Field(default=None, foreign_key="undertaking.id")
    recorded_by: str
    recorded_at: datetime = instant()


class LedgerLine(Table, table=True):
    """What of an entry is for whom. The lines of an entry add up to it; one of nobody in particular is a line too. A
    person's says in which household the person was. `heads`: how many they are, where nobody is named."""

    __tablename__ = "ledger_line"
    __table_args__ = (
        CheckConstraint("heads > 0 AND (heads IS NULL) = (heads_precision IS NULL)", name="ledger_line_heads"),
        CheckConstraint(
            "heads_precision IN ('exact', 'about', 'more_than', 'less_than')", name="ledger_line_heads_precision"
        ),
        CheckConstraint("person_id IS NULL OR household_id IS NOT NULL", name="ledger_line_person"),
        CheckConstraint("party_id IS NULL OR household_id IS NULL", name="ledger_line_party"),
        Index("ledger_line_in", "division"),
        Index("ledger_line_of_household", "household_id", postgresql_where="household_id IS NOT NULL"),
        Index("ledger_line_of_person", "person_id", postgresql_where="person_id IS NOT NULL"),
    )

    entry_id: UUID = Field(primary_key=True, foreign_key="ledger_entry.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    division: str
    beneficiary_kind: str | None = None
    household_id: UUID | None = Field(default=None, foreign_key="household.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    party_id: UUID | None = None  # of any service
    label: str | None = None
    heads: int | None = None
    heads_precision: str | None = None
    amount: int = in_smallest_parts()
