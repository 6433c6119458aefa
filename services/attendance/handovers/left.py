"""What a posting left behind: pairings that still hold of somebody who is no longer there."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Select, and_, func, lateral, or_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Posting, Team
from services.attendance.pairings.pairings import PairingOut
from services.attendance.policy import allow
from services.attendance.reach import reachable_pairings
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scope_of
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/left-pairings", tags=["pairings"])


class LeftPairing(BaseModel):
    """A pairing, and the posting that ended under it."""

    pairing: PairingOut
    posting_id: Annotated[UUID, Field(title="已结束的任职")]
    team_id: Annotated[UUID, Field(title="原工作队")]
    posted_until: Annotated[date, Field(title="离任日")]  # the first day it no longer held


@router.get("", dependencies=[allow("pairing:read")])
def list_left_pairings(
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    cadre_id: UUID | None = None,
    team_id: UUID | None = None,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
    day: Annotated[WrittenDay | None, Query(title="截至日期")] = None,
) -> Page[LeftPairing]:
    """As of today, unless a day is named. Computed, and gone from it once somebody else is paired."""
    wanted, ended = left_on(day or today)
    wanted = wanted.where(reachable_pairings(scope_of(session)), col(Pairing.village).startswith(village_prefix))
    if cadre_id:
        wanted = wanted.where(col(Pairing.cadre_id) == cadre_id)
    if team_id:
        wanted = wanted.where(ended.c.team_id == team_id)
    rows, following = paging.read(session, wanted, col(Pairing.cadre_id), col(Pairing.id))
    return Page(rows=[told(*row) for row in rows], next=following)


def left_on(day: date) -> tuple[Select[Any], Any]:
    """Held by somebody who was paired while posted, and is posted nowhere now; or elsewhere now, when the household is
    of the village they left. Whoever was paired after leaving was meant, and whoever was never posted left nothing."""
    ended = ended_by(day)
    now, there = aliased(Posting), aliased(Team)
    in_place = or_(col(there.village) == col(Pairing.village), ended.c.village != col(Pairing.village))
    still = select(col(now.id)).join(there, col(there.id) == col(now.team_id))
    still = still.where(col(now.cadre_id) == col(Pairing.cadre_id), col(now.valid).contains(day), in_place)
    columns = (ended.c.id, ended.c.team_id, ended.c.until)
    wanted = select(Pairing, *columns).select_from(Pairing).join(ended, true())
    return wanted.where(col(Pairing.valid).contains(day), ~still.correlate(Pairing, ended).exists()), ended


def ended_by(day: date) -> Any:
    """The posting in the household's own village if there was one, else the last."""
    posting, until = col(Posting.valid), func.upper(col(Posting.valid))
    held = and_(col(Posting.cadre_id) == col(Pairing.cadre_id), posting.op("&&")(col(Pairing.valid)), until <= day)
    columns = (col(Posting.id), col(Posting.team_id), col(Team.village), until.label("until"))
    past = select(*columns).join(Team, col(Team.id) == col(Posting.team_id)).where(held)
    nearest = past.order_by((col(Team.village) == col(Pairing.village)).desc(), until.desc()).limit(1)
    return lateral(nearest.correlate(Pairing)).alias("ended")


def told(pairing: Pairing, posting_id: UUID, team_id: UUID, until: date) -> LeftPairing:
    return LeftPairing(pairing=PairingOut.of(pairing), posting_id=posting_id, team_id=team_id, posted_until=until)
