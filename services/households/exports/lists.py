"""What a list that is taken out says of itself; how its rows are counted and read: by households, or as one query."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlmodel import Session, col

from services.households.exports.columns import Labels, Reader
from services.households.models.register import Household
from services.households.reach import HOUSEHOLDS
from services.households.search.filters import HouseholdFilter, lies_in, meant
from services.kit.store.scope import Placed, Scope, within
from services.kit.web.auth import Caller

AT_ONCE = 2_000  # households, or rows, that are read together


@dataclass(frozen=True)
class Chosen:
    """Which rows somebody may take out: of the places within `scope`, by a filter, as `caller` sees them."""

    session: Session
    scope: Scope
    filter: HouseholdFilter
    caller: Caller

    @property
    def village(self) -> str:
        return self.filter.village or ""

    @property
    def homes(self) -> Select[UUID]:
        here = (*meant(self.filter, self.scope.today), within(self.scope, HOUSEHOLDS))
        return select(col(Household.id)).where(*here).correlate(None)

    def placed(self, division: Any, household: Any, placed: Placed) -> list[Any]:
        """Of rows that lie in a place and may be of no household: those are in it while nothing but the place is asked
        for."""
        conditions = [*lies_in(division, self.filter.village), within(self.scope, placed)]
        if self.filter.model_dump(exclude={"village"}, exclude_defaults=True):
            conditions.append(household.in_(self.homes))
        return conditions

    def home_of(self, household: Any) -> ColumnElement[bool]:
        """Joins a row to its household where that is within reach: of one that has moved away since nothing is told."""
        return and_(col(Household.id) == household, within(self.scope, HOUSEHOLDS))


Wanted: TypeAlias = Select[*tuple[Any, ...]]
Rows: TypeAlias = Callable[[Reader, Sequence[Any]], Iterator[Sequence[str]]]


@dataclass(frozen=True)
class Kind:
    """`rows` of households, read by number, a page at a time: a county's register is not held in memory twice.
    `counted` counts the rows of some households. `right`: what of the rows one must be allowed to see at all. What is
    masked bears another header than in a file that is taken in: a mask that came back would overwrite what it hides."""

    headers: Sequence[str]
    choices: Mapping[str, Labels]
    rows: Rows
    counted: Callable[[Select[UUID]], Select[int]]
    right: str = "household:read"

    def count(self, chosen: Chosen) -> int:
        return chosen.session.scalar(self.counted(chosen.homes)) or 0

    def pages(self, chosen: Chosen) -> Iterator[Sequence[Any]]:
        after = ""
        wanted = select(Household).where(col(Household.id).in_(chosen.homes)).order_by(col(Household.number))
        while page := chosen.session.scalars(wanted.where(col(Household.number) > after).limit(AT_ONCE)).all():
            yield page
            after = page[-1].number


@dataclass(frozen=True)
class Listing:
    """`wanted` is the whole list, in its order. A row of it is a line, written by `rows`, a page at a time."""

    headers: Sequence[str]
    choices: Mapping[str, Labels]
    rows: Rows
    wanted: Callable[[Chosen], Wanted]
    right: str = "household:read"

    def count(self, chosen: Chosen) -> int:
        every = self.wanted(chosen).order_by(None).subquery()
        return chosen.session.scalar(select(func.count()).select_from(every)) or 0

    def pages(self, chosen: Chosen) -> Iterator[Sequence[Any]]:
        found = chosen.session.execute(self.wanted(chosen), execution_options={"yield_per": AT_ONCE})
        yield from found.partitions()
