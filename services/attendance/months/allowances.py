"""驻村补助: what the frozen month sheets come to, in fen: by cadre, with what earlier months have turned out to differ;
by team and by unit. It pays nobody; it is the statement by which an office pays."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlmodel import Session, col

from services.attendance.models.months import AllowanceLine
from services.attendance.models.teams import Cadre
from services.attendance.months.sheets import MonthPath, month_of
from services.attendance.policy import allow, may
from services.attendance.reach import OF_A_UNIT
from services.kit.store.db import SessionDep
from services.kit.store.scope import Placed, Scope, scope_of, within
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import ToldMonth

router = APIRouter(prefix="/v1/allowances/{month}", tags=["months"])

ALLOWANCES = Placed(division=col(AllowanceLine.village))
Village = Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")]


class AllowanceOut(BaseModel):
    """Fen. `days` at one rate of one document. `of_month` earlier than the statement's: more or less than what was told
    of that month before."""

    cadre_id: UUID
    name: str
    unit: str
    team_id: UUID
    village: str
    of_month: ToldMonth
    rate: int
    document_no: str
    days: int
    amount: int


class AllowanceSum(BaseModel):
    """`days` of this month, and `amount` of them in fen; `earlier`: fen more or less for earlier months."""

    cadres: int
    days: int
    amount: int
    earlier: int


class TeamSum(AllowanceSum):
    team_id: UUID
    village: str


class UnitSum(AllowanceSum):
    unit: str


class AllowanceSums(BaseModel):
    """Of the sheets that are frozen, within the caller's places and units. Teams and units each add up to the total."""

    month: ToldMonth
    total: AllowanceSum
    teams: list[TeamSum]
    units: list[UnitSum]


@router.get("", dependencies=[allow("month:read")])
def get_allowances(
    month: MonthPath, session: SessionDep, caller: CallerDep, village_prefix: Village = ""
) -> AllowanceSums:
    first = month_of(month)
    here = (col(AllowanceLine.month) == first, col(AllowanceLine.village).startswith(village_prefix))
    where = (*here, seen_by(caller, scope_of(session)))
    teams = session.execute(sums(first, col(AllowanceLine.team_id), col(AllowanceLine.village)).where(*where))
    units = session.execute(sums(first, col(AllowanceLine.unit)).where(*where)).mappings().all()
    total = {name: sum(row[name] for row in units) for name in AllowanceSum.model_fields}
    return AllowanceSums(
        month=first,
        total=AllowanceSum.model_validate(total | {"cadres": cadres_in(session, where)}),
        teams=[TeamSum.model_validate(dict(row)) for row in teams.mappings()],
        units=[UnitSum.model_validate(dict(row)) for row in units],
    )


def cadres_in(session: Session, where: Any) -> int:
    """Once each: somebody may have been in two teams, or have changed units."""
    return session.scalar(select(func.count(func.distinct(col(AllowanceLine.cadre_id)))).where(*where)) or 0


def sums(month: date, *by: Any) -> Select[Any]:
    own, amount = col(AllowanceLine.of_month) == month, col(AllowanceLine.amount)
    told = {
        "cadres": func.count(func.distinct(col(AllowanceLine.cadre_id))),
        "days": func.coalesce(func.sum(col(AllowanceLine.days)).filter(own), 0),
        "amount": func.coalesce(func.sum(amount).filter(own), 0),
        "earlier": func.coalesce(func.sum(amount).filter(~own), 0),
    }
    columns = [value.label(name) for name, value in told.items()]
    return select(*by, *columns).group_by(*by).order_by(*reversed(by))


@router.get("/lines", dependencies=[allow("month:read")])
def list_allowance_lines(
    month: MonthPath,
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    team_id: UUID | None = None,
    cadre_id: UUID | None = None,
    village_prefix: Village = "",
) -> Page[AllowanceOut]:
    """Cadre by cadre, earlier months before this one. A member reads the own lines, an office those of its places and
    of its own people."""
    here = (col(AllowanceLine.month) == month_of(month), col(AllowanceLine.village).startswith(village_prefix))
    wanted = select(AllowanceLine).where(*here, seen_by(caller, scope_of(session)))
    if team_id:
        wanted = wanted.where(col(AllowanceLine.team_id) == team_id)
    if cadre_id:
        wanted = wanted.where(col(AllowanceLine.cadre_id) == cadre_id)
    keys = [col(getattr(AllowanceLine, name)) for name in KEYS]
    rows, following = paging.read(session, wanted, *keys)
    return Page(rows=[AllowanceOut.model_validate(row.model_dump()) for (row,) in rows], next=following)


KEYS = ("village", "team_id", "cadre_id", "of_month", "rate", "document_no")


def seen_by(caller: Caller, scope: Scope) -> ColumnElement[bool]:
    mine = exists().where(col(Cadre.id) == col(AllowanceLine.cadre_id))
    own = mine.where(col(Cadre.account) == scope.holder)
    if not may(caller, "month:read-all"):
        return own
    return or_(within(scope, ALLOWANCES), own, mine.where(within(scope, OF_A_UNIT)))
