"""A cadre's month, day by day, each with its reason."""

from collections import Counter
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlmodel import Session, col

from services.attendance.models.teams import Cadre
from services.attendance.policy import allow, may
from services.attendance.presence.day_rule import RULE, STATUSES, WORDS, DayIs, Why, month_end, refuse_unless_known
from services.attendance.reach import OF_A_UNIT, reachable_cadre
from services.attendance.teams.cadres import cadre_with_account
from services.kit.store.db import Today, UnboundSessionDep
from services.kit.store.scope import scope_of, within
from services.kit.store.tables import CalendarDate
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import NotThere, language_of
from services.kit.web.written import MONTH, ToldMonth

router = APIRouter(prefix="/v1/cadre-days", tags=["days"])

OF_A_CADRE = text(
    """
    WITH asked AS (
        SELECT team_id, cadre_id, role, CAST(:first AS date) AS of_month,
               greatest(lower(valid), CAST(:first AS date)) AS first,
               least(upper(valid) - 1, CAST(:last AS date)) AS last
        FROM posting WHERE cadre_id = :cadre
    )"""  # noqa: S608  # our own words
    + RULE
    + "ORDER BY d.date"
)


class CadreDay(BaseModel):
    """`why` is the reason, also in words; by which leave or correction, where it is one."""

    day: CalendarDate
    team_id: UUID
    village: str
    status: DayIs
    why: Why
    words: str
    leave_id: UUID | None
    correction_id: UUID | None


class DaysByStatus(BaseModel):
    """Days."""

    present: int = 0
    official: int = 0
    leave: int = 0
    rest: int = 0
    uncertain: int = 0
    no_evidence: int = 0


class CadreDaysOut(BaseModel):
    """The days with a posting, up to today."""

    cadre_id: UUID
    month: ToldMonth
    days: list[CadreDay]
    total: DaysByStatus


@router.get("", dependencies=[allow("month:read")])
def list_cadre_days(
    request: Request,
    session: UnboundSessionDep,
    caller: CallerDep,
    today: Today,
    cadre_id: UUID | None = None,
    month: Annotated[str | None, Query(pattern=MONTH, title="月份")] = None,
) -> CadreDaysOut:
    """One's own, wherever they were; of others the days in the caller's places, or all of an office's own people."""
    first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    asked, everywhere = whose(session, caller, cadre_id)
    last = min(month_end(first), today)
    if first <= last:
        refuse_unless_known(session, first, last)
    told = session.execute(OF_A_CADRE, {"cadre": asked, "first": first, "last": last}).mappings().all()
    scope, words = scope_of(session), WORDS[language_of(request)]
    seen = [row for row in told if everywhere or scope.covers(row["village"])]
    if not seen and not everywhere:
        reachable_cadre(session, asked, lock=False)
    days = [CadreDay.model_validate(dict(row) | {"words": words[row["why"]]}) for row in seen]
    count = Counter[str](day.status for day in days)
    total = DaysByStatus(**{status: count[status] for status in STATUSES if status in count})
    return CadreDaysOut(cadre_id=asked, month=first, days=days, total=total)


def whose(session: Session, caller: Caller, named: UUID | None) -> tuple[UUID, bool]:
    """And whether every day of theirs may be seen."""
    own = cadre_with_account(session, caller.subject)
    if own and named in (None, own.id):
        return own.id, True
    if named is None or not may(caller, "month:read-all"):
        raise NotThere
    of_the_unit = select(col(Cadre.id)).where(col(Cadre.id) == named, within(scope_of(session), OF_A_UNIT))
    return named, session.scalar(of_the_unit) is not None
