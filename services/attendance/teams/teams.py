"""The teams: where each is stationed, and who is in it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.attendance.models.facts import TeamFacts
from services.attendance.models.teams import Team
from services.attendance.policy import allow
from services.attendance.reach import reachable_team, reachable_teams
from services.attendance.teams.cadres import CadreOut, members
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/teams", tags=["teams"])


class TeamLine(BaseModel):
    id: UUID
    name: str
    village: str


class TeamOut(TeamLine):
    members: list[CadreOut]
    facts: dict[str, object] | None


@router.get("", dependencies=[allow("team:read")])
def list_teams(
    session: SessionDep,
    paging: PagingDep,
    village_prefix: Annotated[str | None, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")] = None,
    name: Annotated[str | None, Query(max_length=60, title="工作队")] = None,
) -> Page[TeamLine]:
    """`village_prefix` may be any place of the county. By name."""
    wanted = select(Team).where(reachable_teams(scope_of(session)))
    if village_prefix:
        wanted = wanted.where(col(Team.village).startswith(village_prefix))
    if name:
        wanted = wanted.where(col(Team.name) == name)
    rows, following = paging.read(session, wanted, col(Team.name))
    return Page(rows=[TeamLine(**team.model_dump()) for (team,) in rows], next=following)


@router.get("/{team_id}", dependencies=[allow("team:read")])
def get_team(team_id: UUID, session: SessionDep) -> TeamOut:
    team = reachable_team(session, team_id)
    facts = session.get(TeamFacts, team_id)
    told = facts.model_dump(mode="json", exclude={"subject", "division", "changed"}) if facts else None
    return TeamOut(**team.model_dump(), members=members(session, team_id), facts=told)
