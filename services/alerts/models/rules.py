"""Rules that somebody writes, until they judge; and what those found that judge in the shadow."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.alerts.models.table import Table
from services.kit.store.tables import instant


class RuleDraft(Table, table=True):
    """What somebody would have judge in a place, as it was written: a change is another draft. `mode` as of a rule. Put
    forward (`since`), it has the figures it was measured by, and is a version at once (`version`) or waits for a second
    person, who decides it once."""

    __tablename__ = "rule_draft"
    __table_args__ = (
        CheckConstraint("mode IN ('effective', 'shadow', 'retired', 'inherited')", name="rule_draft_mode"),
        CheckConstraint("num_nulls(since, measured, proposed_at) IN (0, 3)", name="rule_draft_proposed"),
        CheckConstraint("num_nulls(decided_by, decided_at, approved) IN (0, 3)", name="rule_draft_decided"),
        CheckConstraint("decided_by <> written_by", name="rule_draft_second_person"),
        Index("rule_draft_in", "written_at", "id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    division: str
    key: str
    about: str
    severity: str
    mode: str
    condition: str
    title_zh: str
    title_en: str
    explain_zh: str
    explain_en: str
    written_by: str
    written_at: datetime = instant()
    since: date | None = None
    measured: dict[str, object] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    proposed_at: datetime | None = instant(default=None)
    approved: bool | None = None
    because: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = instant(default=None)
    version: int | None = None


class ShadowFinding(Table, table=True):
    """A subject for which a rule in the shadow held in a sweep. Nobody is told."""

    __tablename__ = "shadow_finding"

    rule_key: str = Field(primary_key=True)
    rule_version: int = Field(primary_key=True)
    sweep_id: UUID = Field(foreign_key="sweep.id", primary_key=True, index=True)
    subject: UUID = Field(primary_key=True)
    division: str
