"""The register as it was: what was true on a day (`as_of`), as we knew it at a moment (`known_at`).

Truth on a day is read from the ranges of memberships, tags and villages; what has no range counts as it is known. What
was known at a moment of our database's clock is read from `history`: a form of a row was known from the moment it was
written. Of what is sealed history says only that something stood there: phones and ID numbers are of now alone. Either
way only those are shown whose household is within reach now.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Executable, case, func, or_, select, text, union_all
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col

from services.households.models.changes import ManagedBefore
from services.households.models.register import Household
from services.kit.post.facts import table_of
from services.kit.web.written import WrittenDay, WrittenMoment

Chosen = TypeVar("Chosen", bound=Executable)
Kept = TypeVar("Kept", bound=SQLModel)

AsOf = Annotated[WrittenDay | None, Query(title="某日的情况")]
KnownAt = Annotated[WrittenMoment | None, Query(title="某一时刻所掌握的情况")]


@dataclass(frozen=True)
class Past:
    """Both empty: now. `known_at` alone: what a reader was shown then."""

    as_of: date | None = None
    known_at: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.as_of or self.known_at)

    def of(self, model: type[Kept], household: UUID | None = None, row: UUID | None = None) -> type[Kept]:
        """The model, holding its rows as they were known. `household` narrows the search of a table that names it,
        `row` that of any to the one."""
        return as_known(model, self.known_at, household, row) if self.known_at else model

    def told(self, statement: Chosen) -> Chosen:
        """A row as it was is another object than the row: a session would answer with the one it has."""
        return statement.execution_options(identity_token=str(self.known_at)) if self.known_at else statement

    def holds(self, valid: Any) -> ColumnElement[bool]:
        return col(valid).contains(self.as_of) if self.as_of else func.upper_inf(valid)

    def village(self, household: Any) -> Any:
        """The managing one; none before the household began."""
        if self.as_of is None:
            return household.village
        before = self.of(ManagedBefore)
        then = select(col(before.village)).where(
            col(before.household_id) == household.id, col(before.valid).contains(self.as_of)
        )
        here = or_(household.managed_since.is_(None), household.managed_since <= self.as_of)
        return case((here, household.village), else_=then.scalar_subquery())

    def lives(self, household: Any) -> Any:
        """It had begun, and not ended."""
        if self.as_of is None:
            return household.ended_on.is_(None)
        begun = self.village(household).is_not(None)
        return begun & or_(household.ended_on.is_(None), household.ended_on > self.as_of)


NOW_KNOWN = Past()


async def asked_past(as_of: AsOf = None, known_at: KnownAt = None) -> Past:
    return Past(as_of, known_at)


PastDep = Annotated[Past, Depends(asked_past)]


def as_known(model: type[Kept], moment: datetime, household: UUID | None, row: UUID | None = None) -> type[Kept]:
    """The form each row had then: the one that stands, if it was written by then, else the one kept in history."""
    table = table_of(model)
    names = ", ".join(f"was.{column.name}" for column in table.columns)
    narrowed = " AND h.household_id = :household" if household and model is not Household else ""
    one = " AND h.row_id = :row" if row else ""
    kept = text(
        f"SELECT {names} FROM history h, jsonb_populate_record(NULL::{table.name}, h.held) AS was"  # noqa: S608
        f" WHERE h.table_name = '{table.name}' AND h.known_since <= :moment AND h.until > :moment" + narrowed + one
    )
    told = {"moment": moment} | ({"household": household} if narrowed else {}) | ({"row": row} if one else {})
    earlier = kept.bindparams(**told).columns(*(column._copy() for column in table.columns))
    standing = select(*table.columns).where(table.c.known_since <= moment)
    known = union_all(standing, earlier).subquery(f"{table.name}_known")
    return aliased(model, known, adapt_on_names=True)
