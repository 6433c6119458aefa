"""Rules, what they found, and the alerts that are open."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.alerts.models.table import Table
from services.kit.store.tables import instant


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
