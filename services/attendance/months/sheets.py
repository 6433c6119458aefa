"""考勤月报: how many days of a month each cadre of a team was present, away on duty, on leave, at rest; and of how many
nothing is known. As it stands, or as it was frozen. No score and no order of persons."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlmodel import Session, col

from services.attendance.models.months import MonthLine, MonthSheet
from services.attendance.models.teams import Team
from services.attendance.months.reckoning import DIGESTS, LINES, OF_THE_MONTH
from services.attendance.policy import allow, may
from services.attendance.presence.cadre_days import DaysByStatus
from services.attendance.presence.day_rule import STATUSES, month_end, refuse_unless_known
from services.attendance.reach import TEAMS
from services.attendance.teams.cadres import cadre_with_account
from services.attendance.visits.contents import Moment
from services.kit.store.db import Today, UnboundSessionDep
from services.kit.store.scope import scope_of, within
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import MONTH, ToldMonth

router = APIRouter(prefix="/v1/month-sheets/{month}", tags=["months"])

MonthPath: TypeAlias = Annotated[str, Path(pattern=MONTH, title="月份")]
SheetState: TypeAlias = Literal["open", "confirmed", "changed", "frozen"]


class MonthNotOver(DomainError):
    status = 409
    zh = "这个月还没有结束。"
    en = "That month is not over yet."


class MonthLineOut(DaysByStatus):
    """Days. Of another month than the sheet's: by how many that month differs from what was told of it before."""

    cadre_id: UUID
    name: str
    unit: str
    of_month: ToldMonth


class TeamMonth(BaseModel):
    """`changed`: confirmed, and no longer so. `total` is of this month alone."""

    team_id: UUID
    village: str
    month: ToldMonth
    state: SheetState
    confirmed_by: str | None
    confirmed_at: Moment | None
    frozen_by: str | None
    frozen_at: Moment | None
    total: DaysByStatus


class MonthSheetOut(TeamMonth):
    """`digest` stands for the lines: whoever confirms sends it back. Differences of earlier months are told once the
    sheet is frozen."""

    digest: str
    lines: list[MonthLineOut]
    differences: list[MonthLineOut]


AS_IT_STANDS = text(
    "WITH "  # noqa: S608  # our own words
    + OF_THE_MONTH
    + ", "
    + LINES
    + ", "
    + DIGESTS
    + " SELECT line.*, digest FROM line JOIN digested USING (team_id) ORDER BY team_id, cadre_id"
)


def month_of(written: str) -> date:
    return date.fromisoformat(f"{written}-01")


def last_of(month: date) -> date:
    return month_end(month)


def refuse_unless_over(session: Session, month: date, today: date) -> None:
    if today <= last_of(month):
        raise MonthNotOver
    refuse_unless_known(session, month, last_of(month))


@router.get("", dependencies=[allow("month:read")])
def list_month_sheets(
    month: MonthPath,
    session: UnboundSessionDep,
    caller: CallerDep,
    paging: PagingDep,
    today: Today,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
) -> Page[TeamMonth]:
    """Of the teams in one's places, by village."""
    if not may(caller, "month:read-all"):
        raise NotThere
    wanted = select(Team).where(within(scope_of(session), TEAMS), col(Team.village).startswith(village_prefix))
    rows, following = paging.read(session, wanted, col(Team.village), col(Team.id))
    told = sheets_of(session, [team for (team,) in rows], month_of(month), today)
    return Page(rows=[TeamMonth.model_validate(one.model_dump(include=LISTED)) for one in told], next=following)


LISTED = set(TeamMonth.model_fields)


@router.get("/teams/{team_id}", dependencies=[allow("month:read")])
def get_month_sheet(
    month: MonthPath, team_id: UUID, session: UnboundSessionDep, caller: CallerDep, today: Today
) -> MonthSheetOut:
    """A member reads the own line; a captain and an office all of them."""
    return its_sheet(session, caller, team_id, month_of(month), today)


def its_sheet(session: Session, caller: Caller, team_id: UUID, month: date, today: date) -> MonthSheetOut:
    here = within(scope_of(session), TEAMS)
    team = found(session.scalar(select(Team).where(col(Team.id) == team_id, here)))
    (sheet,) = sheets_of(session, [team], month, today)
    if may(caller, "month:read-all"):
        return sheet
    own = cadre_with_account(session, caller.subject)
    mine = {name: [one for one in getattr(sheet, name) if own and one.cadre_id == own.id] for name in PERSONAL}
    return sheet.model_copy(update=mine | {"total": summed(mine["lines"])})


PERSONAL = ("lines", "differences")


def sheets_of(session: Session, teams: Sequence[Team], month: date, today: date) -> list[MonthSheetOut]:
    """Frozen ones as they were frozen; the others as they stand, up to today."""
    ids, last = [team.id for team in teams], min(last_of(month), today)
    said = select(MonthSheet).where(col(MonthSheet.team_id).in_(ids), col(MonthSheet.month) == month)
    sheets = {sheet.team_id: sheet for sheet in session.scalars(said)}
    frozen = [one for one in ids if one in sheets and sheets[one].frozen_at]
    live = [one for one in ids if one not in frozen]
    if live and month <= last:
        refuse_unless_known(session, month, last)
    kept = select(MonthLine).where(col(MonthLine.team_id).in_(frozen), col(MonthLine.month) == month)
    keys = (col(MonthLine.team_id), col(MonthLine.of_month), col(MonthLine.cadre_id))
    rows: list[Mapping[str, Any]] = [row.model_dump() for row in session.scalars(kept.order_by(*keys))]
    asked = {"month": month, "last": max(last, month), "teams": live}
    rows += [dict(row) for row in session.execute(AS_IT_STANDS, asked).mappings()] if live and month <= today else []
    return [sheet_of(team, month, sheets.get(team.id), [r for r in rows if r["team_id"] == team.id]) for team in teams]


def sheet_of(team: Team, month: date, held: MonthSheet | None, rows: Iterable[Mapping[str, Any]]) -> MonthSheetOut:
    rows = list(rows)
    lines = [MonthLineOut.model_validate(row) for row in rows]
    own = [one for one in lines if one.of_month == month]
    frozen = bool(held and held.frozen_at)
    digest = held.digest if held and frozen else str(rows[0]["digest"]) if rows else ""
    state: SheetState = "frozen" if frozen else "open" if held is None else "confirmed"
    if state == "confirmed" and held and held.digest != digest:
        state = "changed"
    names = ("confirmed_by", "confirmed_at", "frozen_by", "frozen_at")
    said = {name: getattr(held, name, None) for name in names}
    return MonthSheetOut(
        team_id=team.id, village=team.village, month=month, state=state, total=summed(own), digest=digest, lines=own,
        differences=[one for one in lines if one.of_month != month], **said,
    )  # fmt: skip


def summed(lines: Sequence[DaysByStatus]) -> DaysByStatus:
    return DaysByStatus(**{status: sum(getattr(one, status) for one in lines) for status in STATUSES})
