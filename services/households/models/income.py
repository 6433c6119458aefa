"""What households earned and spent."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index
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
    recorded_by: str
    created_at: datetime = instant()
    known_since: datetime | None = known_moment()


class StatementLine(Table, table=True):
    """One kind of income or spending in a statement, in fen."""

    __tablename__ = "statement_line"

    statement_id: UUID = Field(foreign_key="statement.id", primary_key=True)
    kind: str = Field(primary_key=True)
    amount: int = Field(sa_type=BigInteger)
    known_since: datetime | None = known_moment()
