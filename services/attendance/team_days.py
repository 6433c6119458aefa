"""Which teams were on duty on a day. Nothing here ranks, rates or counts what a person has sent in."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import text

from services.attendance.policy import allow
from services.kit.store.db import SessionDep

router = APIRouter(prefix="/v1/team-days", tags=["days"])

TEAM_DAYS = text(
    """
    SELECT t.id AS team_id, t.name, t.village,
           count(p.id) AS members,
           count(*) FILTER (WHERE d.status = 'present') AS present,
           count(*) FILTER (WHERE d.status = 'uncertain') AS uncertain
    FROM team t
    LEFT JOIN posting p ON p.team_id = t.id AND p.valid @> CAST(:day AS date)
    LEFT JOIN day_status d ON d.cadre_id = p.cadre_id AND d.day = :day
    WHERE starts_with(t.village, :place)
    GROUP BY t.id
    ORDER BY t.village, t.name
    """
)


class TeamDay(BaseModel):
    """Members as posted on that day. Who is neither present nor uncertain has left no evidence in the village."""

    team_id: UUID
    name: str
    village: str
    members: int
    present: int
    uncertain: int


class Totals(BaseModel):
    """`on_duty`: teams of which somebody was present."""

    teams: int
    on_duty: int


class TeamDaysOut(BaseModel):
    day: date
    totals: Totals
    teams: list[TeamDay]


@router.get("", dependencies=[allow("team:read")])
def list_team_days(
    session: SessionDep,
    village_prefix: Annotated[str, Query(pattern=r"^\d{6}(\d{3}(\d{3})?)?$", title="区划代码")],
    day: Annotated[date, Query(title="日期")],
) -> TeamDaysOut:
    rows = session.execute(TEAM_DAYS, {"day": day, "place": village_prefix}).mappings()
    teams = [TeamDay.model_validate(dict(row)) for row in rows]
    totals = Totals(teams=len(teams), on_duty=sum(team.present > 0 for team in teams))
    return TeamDaysOut(day=day, totals=totals, teams=teams)
