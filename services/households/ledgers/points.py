"""爱心超市积分: what villagers earned, what they took for it, and what is left. Of villagers alone, never of cadres.

Points are entries of ledgers like any other: of the natures `earned` and `redeemed`, in points. An account is a
household's: what one of its members earns or takes is its own. Nobody takes more than is left.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel import Session, col

from services.households.ledgers.contents import Division
from services.households.ledgers.terms import EARNED, REDEEMED
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.households.register.past import AsOf, KnownAt
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.store.sealed import take_turn
from services.kit.store.sets import among
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/point-balances", tags=["ledgers"])


class PointBalance(BaseModel):
    """Whole points. `balance` is below nought where what had been taken for already was a mistake, and reversed."""

    household_id: UUID
    village: str
    earned: int
    redeemed: int
    balance: int


class PointsOfNobody(DomainError):
    """`detail` names the line."""

    zh = "兑换积分的每条明细须写明登记册中的户或人。"
    en = "Points are taken by households and persons of the register, each named."


class NotEnoughPoints(DomainError):
    """`detail` names the line."""

    status = 409
    zh = "该户的积分不够兑换。"
    en = "The household has fewer points than that."


@router.get("", dependencies=[allow("ledger:read")])
def list_point_balances(
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    division: Division,
    household_id: Annotated[UUID | None, Query(title="某一户")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Page[PointBalance]:
    """Of each household of the place that ever had points, within reach: in no order of merit. Where it lives today."""
    until = [col(LedgerEntry.day) <= (as_of or today)]
    until += [col(LedgerEntry.recorded_at) <= known_at] if known_at else []
    sums = sums_of(until, {EARNED: of_nature(EARNED), REDEEMED: of_nature(REDEEMED)}).subquery()
    wanted = (
        select(sums.c.household_id, col(Household.village), sums.c.earned, sums.c.redeemed)
        .join(sums, sums.c.household_id == col(Household.id))
        .where(col(Household.village).startswith(division))
    )
    if household_id:
        wanted = wanted.where(col(Household.id) == household_id)
    rows, following = paging.read(session, scoped(session, wanted, HOUSEHOLDS), col(Household.id))
    return Page(rows=[balance_of(*row) for row in rows], next=following)


def balance_of(household: UUID, village: str, earned: int, redeemed: int) -> PointBalance:
    said = {"household_id": household, "village": village, "earned": earned, "redeemed": redeemed}
    return PointBalance.model_validate(said | {"balance": earned - redeemed})


def refuse_overspent(session: Session, entry: LedgerEntry, lines: Sequence[LedgerLine]) -> None:
    """Neither more than was left on that day, nor more than is left by all that is known since."""
    if entry.nature != REDEEMED:
        return
    taken: dict[UUID, int] = defaultdict(int)
    for line in lines:
        if line.household_id is None:
            raise PointsOfNobody(f"lines.{line.number}")
        taken[line.household_id] += line.amount
    left = left_of(session, taken, entry.day)
    for line in lines:
        if line.household_id and left.get(line.household_id, 0) < taken[line.household_id]:
            raise NotEnoughPoints(f"lines.{line.number}")


def left_of(session: Session, households: Iterable[UUID], day: date) -> Mapping[UUID, int]:
    """Held until the write is done: two clerks do not spend the same points."""
    wanted = sorted(households)
    for household in wanted:
        take_turn(session, f"points:{household}")
    left, then = (of_nature(EARNED, until) - of_nature(REDEEMED, until) for until in (None, day))
    sums = sums_of([among(col(LedgerLine.household_id), wanted)], {"left": func.least(left, then)})
    return {row.household_id: row.left for row in session.execute(sums)}


def of_nature(nature: str, day: date | None = None) -> Any:
    wanted = col(LedgerEntry.nature) == nature
    amounts = func.sum(LedgerLine.amount).filter(wanted & (col(LedgerEntry.day) <= day) if day else wanted)
    return func.coalesce(amounts, 0)


def sums_of(where: Sequence[ColumnElement[bool]], told: Mapping[str, Any]) -> Select[*tuple[Any, ...]]:
    """A reversal's amounts are negative: what was reversed comes to nothing."""
    return (
        select(col(LedgerLine.household_id), *(amount.label(name) for name, amount in told.items()))
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerLine.entry_id))
        .where(col(LedgerEntry.nature).in_([EARNED, REDEEMED]), *where)
        .group_by(col(LedgerLine.household_id))
    )
