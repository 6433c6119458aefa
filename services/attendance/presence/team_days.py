"""Which teams were on duty on a day. Nothing here ranks, rates or counts what a person has sent in."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import text

from services.attendance.policy import allow
from services.kit.store.db import Today, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/team-days", tags=["days"])

FEWEST = 3  # in a cell, for who may read figures only

TEAM_DAYS = text(
    """
    SELECT t.id AS team_id, t.name, t.village,
           count(p.id) AS members,
           count(*) FILTER (WHERE d.status = 'present') AS present,
           count(*) FILTER (WHERE d.status = 'uncertain') AS uncertain,
           count(*) FILTER (WHERE d.status = 'outside') AS outside
    FROM team t
    LEFT JOIN posting p ON p.team_id = t.id AND p.valid @> CAST(:day AS date)
    LEFT JOIN day_status d ON d.cadre_id = p.cadre_id AND d.day = :day
    WHERE starts_with(t.village, :place) AND t.village ^@ ANY (CAST(:within AS text[]))
    GROUP BY t.id
    ORDER BY t.village, t.name
    """
)


class TeamDay(BaseModel):
    """Members as posted on that day. `outside`: seen that day, and only elsewhere. Of whoever is none of the three
    nothing is known, which is not absence."""

    team_id: UUID
    name: str
    village: str
    members: int
    present: int
    uncertain: int
    outside: int


class Totals(BaseModel):
    """`on_duty`: teams of which somebody was present. Empty where there are too few teams to hide behind."""

    teams: int | None
    on_duty: int | None


class TeamDaysOut(BaseModel):
    day: date
    totals: Totals
    teams: list[TeamDay]


@router.get("", dependencies=[allow("team:read")])
def list_team_days(
    session: UnboundSessionDep,
    today: Today,
    village_prefix: Annotated[str, Query(pattern=r"^([0-9]{6}([0-9]{3}([0-9]{3})?)?)?$", title="区划代码")] = "",
    day: Annotated[WrittenDay | None, Query(title="日期")] = None,
) -> TeamDaysOut:
    """The teams of the caller's places by name, and totals that count those of which the caller may read figures;
    everywhere and today, unless a place and a day are named."""
    scope, day = scope_of(session), day or today
    asked = {"day": day, "place": village_prefix, "within": [*scope.divisions, *scope.figures]}
    counted = [TeamDay.model_validate(dict(row)) for row in session.execute(TEAM_DAYS, asked).mappings()]
    teams = [team for team in counted if scope.covers(team.village)]
    return TeamDaysOut(day=day, totals=totals_of(counted, teams), teams=teams)


def totals_of(counted: Sequence[TeamDay], named: Sequence[TeamDay]) -> Totals:
    """Of one or two teams that are not named, a total would be about somebody."""
    if 0 < len(counted) - len(named) < FEWEST:
        return Totals(teams=None, on_duty=None)
    return Totals(teams=len(counted), on_duty=sum(team.present > 0 for team in counted))
