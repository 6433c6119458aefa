"""The month sheet of a team: what its captain confirmed, what the township froze, and what follows in money."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.tables import instant

FIRST_OF_MONTH = "extract(day FROM month) = 1"


class MonthSheet(Table, table=True):
    """考勤月报 of a team. `digest` is of the lines as they were confirmed: a sheet is frozen as it was confirmed or not
    at all. By two people."""

    __tablename__ = "month_sheet"
    __table_args__ = (
        CheckConstraint(FIRST_OF_MONTH, name="month_sheet_month"),
        CheckConstraint("(frozen_by IS NULL) = (frozen_at IS NULL)", name="month_sheet_frozen"),
        CheckConstraint("frozen_by <> confirmed_by", name="month_sheet_by_two"),
        Index("month_sheet_in", "month", "village"),
    )

    team_id: UUID = Field(primary_key=True, foreign_key="team.id")
    month: date = Field(primary_key=True)  # its first day
    village: str
    digest: str
    confirmed_by: str
    confirmed_at: datetime = instant()
    frozen_by: str | None = None
    frozen_at: datetime | None = instant(default=None)


class MonthLine(Table, table=True):
    """A cadre's days in a team by status, as frozen. Where `of_month` is an earlier month these are the days by which
    it differs from what was frozen of it: what is true of a month is the sum of its lines."""

    __tablename__ = "month_line"
    __table_args__ = (
        CheckConstraint("of_month <= month", name="month_line_of_month"),
        Index("month_line_of_cadre", "cadre_id", "of_month"),
        Index("month_line_of_team", "team_id", "of_month"),
    )

    month: date = Field(primary_key=True)
    team_id: UUID = Field(primary_key=True, foreign_key="team.id")
    cadre_id: UUID = Field(primary_key=True, foreign_key="cadre.id")
    of_month: date = Field(primary_key=True)
    village: str
    name: str  # of the cadre and the unit, as they were called then: a frozen sheet stays as it is
    unit: str
    present: int
    official: int
    leave: int
    rest: int
    uncertain: int
    no_evidence: int


class AllowanceLine(Table, table=True):
    """驻村补助: the days of a cadre that count, at one rate of one document. Negative where an earlier month had too
    many."""

    __tablename__ = "allowance_line"
    __table_args__ = (
        CheckConstraint("amount = days * rate", name="allowance_line_amount"),
        CheckConstraint("days <> 0", name="allowance_line_days"),
        Index("allowance_line_of_cadre", "cadre_id", "of_month"),
        Index("allowance_line_of_team", "team_id", "of_month"),
        Index("allowance_line_in", "month", "village"),
    )

    month: date = Field(primary_key=True)
    team_id: UUID = Field(primary_key=True, foreign_key="team.id")
    cadre_id: UUID = Field(primary_key=True, foreign_key="cadre.id")
    of_month: date = Field(primary_key=True)
    rate: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})  # fen a day
    document_no: str = Field(primary_key=True)
    village: str
    name: str
    unit: str
    days: int
    amount: int = Field(sa_type=BigInteger)  # fen
