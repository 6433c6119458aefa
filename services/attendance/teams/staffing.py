"""How a place is staffed, on any day and over any period: figures by team and channel, of nobody by name."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Subquery, and_, distinct, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.policy import allow
from services.attendance.reach import reachable_postings, reachable_teams
from services.kit.store.db import SessionDep, Today
from services.kit.store.reference import StandardKey, StandardRow, standards_on
from services.kit.store.scope import scope_of
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/staffing", tags=["teams"])

STRENGTH = StandardKey("team_strength", "number", "人", "工作队最低人数", "smallest team")

Count = Annotated[int, Field(ge=0)]


class BelowStrength(BaseModel):
    """A village whose teams together have fewer cadres than its standard asks."""

    village: Annotated[str, Field(pattern=r"^[0-9]{12}$", title="村代码")]
    cadres: Annotated[Count, Field(title="人数")]
    least: Annotated[Count, Field(title="最低人数")]
    document_no: Annotated[str, Field(title="依据文号")]


class StaffingOut(BaseModel):
    """The first five as on `day`. `arrived` and `left` are postings that began and ended from `since` up to `day`,
    without those of whoever goes on in the same team; `replaced`, how many of those who left a team had somebody come
    to it in the period. An outcome or channel that nobody has said counts as `not_said`."""

    day: date
    since: date
    teams: Annotated[Count, Field(title="有人在任的工作队")]
    villages: Annotated[Count, Field(title="有工作队的村")]
    units: Annotated[Count, Field(title="派出单位")]
    cadres: Annotated[Count, Field(title="驻村干部")]
    roles: Annotated[dict[str, int], Field(title="按职务")]
    channels: Annotated[dict[str, int], Field(title="按选派层级")]
    arrived: Annotated[Count, Field(title="到任")]
    left: Annotated[Count, Field(title="离任")]
    replaced: Annotated[Count, Field(title="调整更换")]
    outcomes: Annotated[dict[str, int], Field(title="离任去向")]
    below_strength: Annotated[list[BelowStrength], Field(title="低于最低人数的村")]


class StaffedBackwards(DomainError):
    zh = "统计起始日不得晚于统计日。"
    en = "A period begins no later than it ends."


@router.get("", dependencies=[allow("team:read")])
def get_staffing(
    session: SessionDep,
    today: Today,
    division: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    day: Annotated[WrittenDay | None, Query(title="统计日")] = None,
    since: Annotated[WrittenDay | None, Query(title="统计起始日")] = None,
) -> StaffingOut:
    """As of today, unless a day is named; the period begins with that day's year unless `since` says otherwise. A
    place that no standard `team_strength` speaks of on that day has nothing below it."""
    until = day or today
    begin = since or date(until.year, 1, 1)
    if begin > until:
        raise StaffedBackwards
    told = told_of(session, division, begin, until)
    return StaffingOut(
        day=until,
        since=begin,
        **standing(session, told),
        **moved(session, told),
        roles=counts(session, told.c.role, told.c.stands),
        channels=counts(session, told.c.channel, told.c.stands),
        outcomes=counts(session, told.c.outcome, told.c.left),
        below_strength=list(below(session, division, until)),
    )


def told_of(session: Session, place: str, since: date, day: date) -> Subquery:
    """Each posting of the place that the caller reaches: whether it stands on the day, and began or ended before it."""
    earlier, later = aliased(Posting), aliased(Posting)
    begins, ends = func.lower(col(Posting.valid)), func.upper(col(Posting.valid))
    continues = same_team(earlier).where(func.upper(col(earlier.valid)) == begins).exists()
    goes_on = same_team(later).where(func.lower(col(later.valid)) == ends).exists()
    return (
        select(
            col(Posting.team_id), col(Posting.cadre_id), col(Team.village), col(Cadre.unit_id), col(Posting.role),
            col(Posting.channel), col(Posting.outcome),
            col(Posting.valid).contains(day).label("stands"),
            and_(begins.between(since, day), ~continues).label("arrived"),
            func.coalesce(and_(ends.between(since, day), ~goes_on), False).label("left"),
        )
        .join(Team, col(Team.id) == col(Posting.team_id))
        .join(Cadre, col(Cadre.id) == col(Posting.cadre_id))
        .where(reachable_postings(scope_of(session)), col(Team.village).startswith(place))
        .subquery("told")
    )  # fmt: skip


def same_team(other: Any) -> Any:
    alike = (col(other.cadre_id) == col(Posting.cadre_id), col(other.team_id) == col(Posting.team_id))
    return select(col(other.id)).where(*alike).correlate(Posting)


def standing(session: Session, told: Subquery) -> Mapping[str, int]:
    """A cadre has one posting at most on a day."""
    each = {"teams": told.c.team_id, "villages": told.c.village, "units": told.c.unit_id, "cadres": told.c.cadre_id}
    wanted = select(*(func.count(distinct(column)).label(name) for name, column in each.items()))
    return dict(session.execute(wanted.where(told.c.stands)).mappings().one())


def moved(session: Session, told: Subquery) -> Mapping[str, int]:
    arrived, left = (func.count().filter(column) for column in (told.c.arrived, told.c.left))
    teams = select(arrived.label("arrived"), left.label("left")).group_by(told.c.team_id).subquery("teams")
    replaced = func.least(teams.c.arrived, teams.c.left)
    sums = {"arrived": teams.c.arrived, "left": teams.c.left, "replaced": replaced}
    wanted = select(*(func.coalesce(func.sum(column), 0).label(name) for name, column in sums.items()))
    return {name: int(value) for name, value in session.execute(wanted).mappings().one().items()}


def counts(session: Session, by: ColumnElement[Any], of: ColumnElement[bool]) -> dict[str, int]:
    said = func.coalesce(by, "not_said")
    wanted = select(said, func.count()).where(of).group_by(said)
    return {str(name): int(number) for name, number in session.execute(wanted)}


def below(session: Session, place: str, day: date) -> Iterator[BelowStrength]:
    """Of each village that has a team, also one in which nobody is."""
    standards = standards_on(session, STRENGTH.key, day)
    held = and_(col(Posting.team_id) == col(Team.id), col(Posting.valid).contains(day))
    wanted = (
        select(col(Team.village), func.count(col(Posting.id)))
        .outerjoin(Posting, held)
        .where(reachable_teams(scope_of(session)), col(Team.village).startswith(place))
        .group_by(col(Team.village))
        .order_by(col(Team.village))
    )
    for village, cadres in session.execute(wanted):
        said = nearest(standards, village)
        if said and cadres < said.value:
            least = -int(-said.value // 1)
            yield BelowStrength(village=village, cadres=cadres, least=least, document_no=said.document_no)


def nearest(standards: Iterable[StandardRow], village: str) -> StandardRow | None:
    return next((one for one in standards if village.startswith(one.division)), None)
