"""What was stated last, offered for the new period: who asks a family need not ask everything again."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.income.items import ITEMS
from services.households.income.lines import LineOut
from services.households.income.periods import INCOME_YEAR_ENDS, Purpose, income_year, rolling_year
from services.households.income.statements import StatementOut, shown
from services.households.models.income import Statement
from services.households.policy import allow
from services.households.reach import reachable
from services.kit.store.db import SessionDep, Today
from services.kit.store.reference import StandardMissing, standard
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/households/{household_id}/statements", tags=["income"])

EARLIEST = date(2000, 1, 1)


class DraftOut(BaseModel):
    """Nothing is stored. `last` is the statement the lines are taken from, none when nothing was stated before."""

    purpose: Purpose
    period_from: date
    period_to: date
    last: UUID | None
    lines: list[LineOut]


class NoPeriodForThatDay(DomainError):
    zh = "日期须在 2000 年之后，且不晚于今天。"
    en = "The day lies after the year 2000 and not after today."


@router.get("/draft", dependencies=[allow("household:read")])
def get_statement_draft(
    household_id: UUID,
    session: SessionDep,
    today: Today,
    purpose: Annotated[Purpose, Query(title="填报目的")],
    on: Annotated[WrittenDay | None, Query(title="线索或申请之日")] = None,
) -> DraftOut:
    """New identification: the twelve months before the month of the clue or application (`on`, else today). Yearly
    update: the newest income year that has ended. Items that have left the form are left out."""
    household = reachable(session, household_id)
    day = on or today
    if not EARLIEST <= day <= today:
        raise NoPeriodForThatDay
    first, last = rolling_year(day)
    if purpose is Purpose.YEARLY_UPDATE:
        first, last = income_year(day, year_end(session, household.village, day))
    said = last_said(session, household_id)
    lines = [line for line in said.lines if still_listed(line, last)] if said else []
    return DraftOut(purpose=purpose, period_from=first, period_to=last, last=said.id if said else None, lines=lines)


def year_end(session: Session, village: str, day: date) -> int:
    month = standard(session, INCOME_YEAR_ENDS, village, day)
    if month not in range(1, 13):
        raise StandardMissing(f"{INCOME_YEAR_ENDS.key} · 1–12")
    return int(month)


def last_said(session: Session, household_id: UUID) -> StatementOut | None:
    mine = select(Statement).where(col(Statement.household_id) == household_id)
    newest = session.scalar(mine.order_by(col(Statement.period_to).desc(), col(Statement.seq).desc()).limit(1))
    return shown(session, newest) if newest else None


def still_listed(line: LineOut, day: date) -> bool:
    return line.kind not in ITEMS or ITEMS[line.kind].listed_on(day)
