"""What somebody told, each time a row: what was told before stays, and reads as of any day, as known at any moment."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Identity
from sqlmodel import Field, SQLModel

from services.kit.store.tables import instant


class Told(SQLModel):
    """`doer` saw or heard it, `recorded_by` typed it. Of rows of one thing the highest `seq` counts, a number drawn
    under the household's lock: clocks of two hosts may disagree."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    doer: str
    recorded_by: str
    recorded_at: datetime = instant()


class ToldSince(Told):
    """True from `since` on, until the next row's. A row of the same day corrects this one."""

    since: date


def numbered() -> Any:
    """A column `seq` of its own for each table."""
    return Field(default=None, sa_type=BigInteger, sa_column_args=[Identity(always=True)], nullable=False)
