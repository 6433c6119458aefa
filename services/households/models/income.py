"""What households earned and spent."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, text
from sqlmodel import Field

from services.households.models.register import known_moment
from services.households.models.table import Table
from services.kit.store.tables import instant


class Statement(Table, table=True):
    """What a household earned and spent in whole months. A correction is a new statement of the same period; the one
    with the highest `seq` counts, a number drawn under the household's lock: clocks of two hosts may disagree."""

    __table_args__ = (Index("statement_newest", "household_id", "period_to", "seq"),)

    id: UUID = Field(primary_key=True)  # the client's own
    household_id: UUID = Field(foreign_key="household.id")
    period_from: date
    period_to: date
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    purpose: str | None = None  # identification, yearly_update
    recorded_by: str
    created_at: datetime = instant()
    known_since: datetime | None = known_moment()


class StatementLine(Table, table=True):
    """A family of income or spending, or an `item` of one, in fen. `kind` is the family it is summed in: `uncounted`
    for what is no income by the rules that held for the period when it was recorded."""

    __tablename__ = "statement_line"
    __table_args__ = (CheckConstraint("precision IN ('exact', 'about', 'more_than', 'less_than')"),)

    statement_id: UUID = Field(foreign_key="statement.id", primary_key=True)
    kind: str = Field(primary_key=True)
    item: str = Field(default="", primary_key=True, sa_column_kwargs={"server_default": text("''")})
    amount: int = Field(sa_type=BigInteger)
    precision: str = Field(default="exact", sa_column_kwargs={"server_default": text("'exact'")})
    source: str | None = None  # told, paper, department, bank
    known_since: datetime | None = known_moment()
