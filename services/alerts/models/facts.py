"""Copies of facts, what was known when, and who is no longer there."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.alerts.models.table import Table
from services.kit.store.tables import instant


class CopiedFacts(SQLModel):
    """What the owner last told us. By our database's clock: `known_since` the subject first came, `learned_at` it last
    told us something new. A subject may move to another county; it is still one subject."""

    subject: UUID = Field(primary_key=True)
    county: str = Field(index=True)
    division: str = Field(index=True)
    version: int = Field(sa_type=BigInteger)
    known_since: datetime = instant(sa_column_kwargs={"server_default": text("clock_timestamp()")})
    learned_at: datetime = instant(sa_column_kwargs={"server_default": text("clock_timestamp()")})


class HouseholdFacts(Table, CopiedFacts, table=True):
    """Facts of a household (catalogue.py). Money in fen."""

    __tablename__ = "household_facts"

    persons: int | None = None
    net_income: int | None = Field(default=None, sa_type=BigInteger)
    net_income_before: int | None = Field(default=None, sa_type=BigInteger)
    wage_income: int | None = Field(default=None, sa_type=BigInteger)
    wage_income_before: int | None = Field(default=None, sa_type=BigInteger)
    transfer_income: int | None = Field(default=None, sa_type=BigInteger)
    medical_self_paid: int | None = Field(default=None, sa_type=BigInteger)
    schooling_self_paid: int | None = Field(default=None, sa_type=BigInteger)
    rigid_expense: int | None = Field(default=None, sa_type=BigInteger)
    cash_gap: int | None = Field(default=None, sa_type=BigInteger)
    income_until: date | None = None
    uninsured_members: int | None = None
    dropped_out_members: int | None = None
    safe_house: bool | None = None
    safe_water: bool | None = None
    monitored: bool | None = None
    formerly_poor: bool | None = None


class TeamFacts(Table, CopiedFacts, table=True):
    """Facts of a team (catalogue.py)."""

    __tablename__ = "team_facts"

    members: int | None = None
    leaders: int | None = None
    last_present_on: date | None = None
    leader_away_since: date | None = None
    member_away_since: date | None = None
    longest_posted_since: date | None = None


class FactHistory(Table, table=True):
    """Every version of every subject's facts that was learned, for good. A month a partition, and one for what no
    partition waits for (history.py). Facts as they were sent; what is left out was unknown."""

    __tablename__ = "fact_history"
    __table_args__ = (
        PrimaryKeyConstraint("subject", "learned_at"),
        {"postgresql_partition_by": "RANGE (learned_at)"},
    )

    subject: UUID
    learned_at: datetime = instant()
    about: str
    county: str
    division: str
    version: int = Field(sa_type=BigInteger)
    known_since: datetime = instant()
    facts: dict[str, Any] = Field(sa_type=JSONB)


class Departed(Table, table=True):
    """A subject its owner no longer has. Certificates count it among those who went."""

    __table_args__ = (Index("departed_at", "county", "at"),)

    id: UUID = Field(
        default_factory=uuid4, primary_key=True, sa_column_kwargs={"server_default": text("gen_random_uuid()")}
    )
    county: str
    kind: str
    subject: UUID
    known_since: datetime = instant()
    at: datetime = instant(sa_column_kwargs={"server_default": text("clock_timestamp()")})
