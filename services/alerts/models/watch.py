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
    """One version of a rule: the product's (`division` empty), or of a province, a prefecture or a county. In a county
    the nearest place's newest version judges. `mode`: `effective`; `shadow` judges in sweeps beside the effective one
    and tells nobody; `retired` judges nobody there; `inherited` leaves it to the wider place again. A version stays as
    it was written; what somebody put in force names its draft, who wrote it and who else agreed."""

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
    retired_at: datetime | None = instant(default=None)  # a release no longer has it
    division: str = Field(default="", sa_column_kwargs={"server_default": ""})
    mode: str = Field(default="effective", sa_column_kwargs={"server_default": "effective"})
    draft_id: UUID | None = None
    written_by: str | None = None
    approved_by: str | None = None


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
