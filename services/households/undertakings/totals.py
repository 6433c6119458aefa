"""What projects, loans, agreements and memberships of a place come to on a day: how many, of how much, what of it is
paid, still owed, overdue. In one statement."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Integer, Subquery, and_, case, cast, extract, func, or_, select
from sqlmodel import col

from services.households.models.ledgers import LedgerEntry
from services.households.models.undertakings import Undertaking, UndertakingStep
from services.households.policy import allow
from services.households.register.past import AsOf
from services.households.undertakings.contents import LAST, Kind, Paid
from services.households.undertakings.undertakings import UNDERTAKINGS, Division
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.store.tables import CalendarDate

router = APIRouter(prefix="/v1/undertaking-totals", tags=["undertakings"])


class UndertakingTotal(BaseModel):
    """`amount`: planned, lent, of a year or in shares. `running`: those that have neither ended nor been repaid.
    `owed`, `overdue` and `overdue_amount` are of loans. `with_labour`: of memberships."""

    kind: Kind
    what: str | None
    number: int
    households: int
    running: int
    amount: int
    owed: int | None
    overdue: int | None
    overdue_amount: int | None
    with_labour: int


class PaidTotal(Paid):
    kind: Kind


class UndertakingTotals(BaseModel):
    """`paid`: by calendar year, nature and fund, of the entries that name them."""

    division: str
    as_of: CalendarDate
    totals: list[UndertakingTotal]
    paid: list[PaidTotal]


@router.get("", dependencies=[allow("ledger:read")])
def get_undertaking_totals(
    session: SessionDep,
    today: Today,
    division: Division,
    kind: Annotated[Kind | None, Query(title="种类")] = None,
    as_of: AsOf = None,
) -> UndertakingTotals:
    """As far as the caller sees the place. By key, in no order of merit."""
    day = as_of or today
    here = [col(Undertaking.division).startswith(division), col(Undertaking.since) <= day]
    here += [col(Undertaking.kind) == kind] if kind else []
    each = scoped(session, standing(day).where(*here), UNDERTAKINGS).subquery()
    totals = session.execute(totals_of(each, day)).mappings()
    paid = session.execute(scoped(session, paid_until(day).where(*here), UNDERTAKINGS)).mappings()
    return UndertakingTotals(
        division=division,
        as_of=day,
        totals=[UndertakingTotal.model_validate(dict(row)) for row in totals],
        paid=[PaidTotal.model_validate(dict(row)) for row in paid],
    )


def standing(day: date) -> Any:
    """The last day as extended, what ended, and what was repaid, each of one row."""
    one, step, entry = Undertaking, UndertakingStep, LedgerEntry
    mine = (col(step.undertaking_id) == col(one.id), col(step.day) <= day)
    extended = (
        select(col(step.until)).where(*mine, col(step.until).is_not(None)).order_by(col(step.number).desc()).limit(1)
    )
    until = func.coalesce(extended.correlate(one).scalar_subquery(), col(one.until))
    over = select(col(step.id)).where(*mine, col(step.step).in_(LAST)).correlate(one).exists()
    repaid = select(func.coalesce(func.sum(entry.amount), 0)).where(
        col(entry.undertaking_id) == col(one.id), col(entry.nature) == "repaid", col(entry.day) <= day
    )
    return select(
        col(one.kind), col(one.what), col(one.household_id), col(one.amount), col(one.labour), until.label("until"),
        over.label("over"),
        case((col(one.kind) == "loan", col(one.amount) - repaid.correlate(one).scalar_subquery())).label("owed"),
    )  # fmt: skip


def totals_of(each: Subquery, day: date) -> Any:
    """A project runs until it is closed, a loan while something is owed, anything else until its last day."""
    on = each.c
    lasts = and_(or_(on.kind == "project", on.kind == "loan", on.until.is_(None), on.until >= day),
                 func.coalesce(on.owed > 0, True))  # fmt: skip
    running = and_(~on.over, lasts)
    late = and_(running, on.kind == "loan", on.until < day)

    def of_loans(value: Any) -> Any:
        return case((on.kind == "loan", value))

    return (
        select(
            on.kind, on.what, func.count().label("number"), func.count(on.household_id.distinct()).label("households"),
            func.count().filter(running).label("running"), func.coalesce(func.sum(on.amount), 0).label("amount"),
            of_loans(func.coalesce(func.sum(on.owed).filter(~on.over), 0)).label("owed"),
            of_loans(func.count().filter(late)).label("overdue"),
            of_loans(func.coalesce(func.sum(on.owed).filter(late), 0)).label("overdue_amount"),
            func.count().filter(on.labour).label("with_labour"),
        )
        .group_by(on.kind, on.what)
        .order_by(on.kind, on.what)
    )  # fmt: skip


def paid_until(day: date) -> Any:
    one, entry, year = Undertaking, LedgerEntry, cast(extract("year", col(LedgerEntry.day)), Integer)
    keys: list[Any] = [col(one.kind), year, col(entry.nature), col(entry.fund_source)]
    return (
        select(keys[0], year.label("year"), *keys[2:], func.sum(entry.amount).label("amount"))
        .join(entry, and_(col(entry.undertaking_id) == col(one.id), col(entry.day) <= day, col(entry.unit) == "fen"))
        .group_by(*keys)
        .order_by(*keys)
    )
