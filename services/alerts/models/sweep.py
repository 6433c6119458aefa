"""The monthly sweeps, and who could not be judged in them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.alerts.models.table import Table
from services.kit.store.tables import instant


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
