"""What rules may ask of a household, as it was last computed."""

from datetime import date

from sqlalchemy import BigInteger
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.post.facts import OwnedFacts


class FactsKept(Table, table=True):
    """Of which day a village's facts are, and by which version of the standards they hang on."""

    __tablename__ = "facts_kept"

    village: str = Field(primary_key=True)
    day: date
    standards: int = Field(sa_type=BigInteger)


class HouseholdFacts(Table, OwnedFacts, table=True):
    """What rules may ask of a household. Money in fen; empty means nobody has told us."""

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
    monitored: bool
    formerly_poor: bool
