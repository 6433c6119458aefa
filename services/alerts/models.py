"""What alerts holds: copies of facts, rules, findings and the alerts they open, and the monthly sweeps."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, Index, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.kit.store.sealed import SEALED_EVERYWHERE
from services.kit.store.tables import instant

SEALED = SEALED_EVERYWHERE


class Table(SQLModel, registry=registry()):
    """Base of alerts' own tables."""


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


class Rule(Table, table=True):
    """One version of a rule. The newest version of a key that is not retired is the one that judges."""

    key: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    about: str
    severity: str
    since: date
    condition: str
    title_zh: str
    title_en: str
    explain_zh: str
    explain_en: str
    created_at: datetime = instant()
    retired_at: datetime | None = instant(default=None)


class Finding(Table, table=True):
    """One judgement: this rule held for this subject on that day, on this evidence. Never changed."""

    id: UUID = Field(primary_key=True)
    county: str
    rule_key: str
    rule_version: int
    subject: UUID
    facts_version: int = Field(sa_type=BigInteger)
    as_of: date
    evidence: dict[str, Any] = Field(sa_type=JSONB)
    found_at: datetime = instant()


class Alert(Table, table=True):
    """A rule that holds for a subject. The index lets at most one be open; evidence lives in its finding."""

    __table_args__ = (
        Index("alert_open", "rule_key", "subject", unique=True, postgresql_where="closed_at IS NULL"),
        Index("alert_open_in", "county", "rule_key", postgresql_where="closed_at IS NULL"),
        Index("alert_subject", "subject"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    county: str
    about: str
    rule_key: str
    rule_version: int
    subject: UUID
    division: str
    severity: str
    opened_at: datetime = instant()
    refreshed_at: datetime = instant()
    closed_at: datetime | None = instant(default=None)
    finding_id: UUID
    evidence_digest: int = Field(sa_type=BigInteger)


class Sweep(Table, table=True):
    """A month's judgement of every household of a county. The key lets a period be swept once."""

    __table_args__ = (
        UniqueConstraint("county", "period"),
        Index("sweep_due", "due_at", postgresql_where="done_at IS NULL AND dead_at IS NULL"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    county: str
    period: date  # the first day of the month
    state: str = "due"  # due, reconciled, judged, certified
    due_at: datetime = instant()
    attempts: int = 0
    done_at: datetime | None = instant(default=None)
    dead_at: datetime | None = instant(default=None)
    reconciled_at: datetime | None = instant(default=None)
    registered: int | None = None
    teams: int | None = None
    tally: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    certificate: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class SweepGap(Table, table=True):
    """A household some rule could not judge in a sweep, and the facts nobody has told us."""

    __tablename__ = "sweep_gap"

    sweep_id: UUID = Field(foreign_key="sweep.id", primary_key=True)
    subject: UUID = Field(primary_key=True)
    division: str
    rules: list[str] = Field(sa_type=ARRAY(Text))
    missing: list[str] = Field(sa_type=ARRAY(Text))
