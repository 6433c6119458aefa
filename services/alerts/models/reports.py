"""简报: the figures of a week or a month of a place, as somebody signed them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.alerts.models.table import Table
from services.kit.store.tables import instant


class Report(Table, table=True):
    """A draft until it is signed: its figures are worked out whenever it is read. `cases` is what the register has told
    of its cases, up to `cases_until`, and `visiting` what attendance has told of visits and rounds. Signed, it holds
    its figures for good, which a trigger sees to; what is wrong in it is put right by another version, which `corrects`
    it."""

    __table_args__ = (
        UniqueConstraint("division", "span", "first", "version"),
        UniqueConstraint("corrects"),
        CheckConstraint("span IN ('week', 'month')", name="report_span"),
        CheckConstraint("(version = 1) = (corrects IS NULL)", name="report_version"),
        CheckConstraint("(cases IS NULL) = (cases_until IS NULL)", name="report_cases"),
        CheckConstraint("num_nulls(figures, digest, signed_by, signed_at) IN (0, 4)", name="report_signed"),
        Index("report_draft", "division", "span", "first", unique=True, postgresql_where="signed_at IS NULL"),
        Index("report_in", "first", "id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    county: str
    division: str
    span: str
    first: date
    version: int = 1
    corrects: UUID | None = Field(default=None, foreign_key="report.id")
    asked_by: str | None = None  # empty: made ready by the county's setting
    asked_at: datetime = instant()
    cases: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    cases_until: datetime | None = instant(default=None)
    visiting: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    cases_asked_at: datetime | None = instant(default=None)  # both were
    figures: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    digest: str | None = None
    signed_by: str | None = None
    signed_at: datetime | None = instant(default=None)
