"""四级网格化: who stands for a place on a day, from the county down to its teams, in one answer."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import ColumnElement, distinct, func, select
from sqlmodel import Session, col

from services.attendance.activities.activities import KnownAt
from services.attendance.activities.terms import Division
from services.attendance.charges.charges import AsOf, holding, known, with_successor
from services.attendance.charges.contents import ChargeLine
from services.attendance.charges.kinds import Level
from services.attendance.models.charges import Charge
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.policy import allow
from services.attendance.reach import reachable_charges, reachable_pairings, reachable_postings
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scope_of
from services.kit.store.tables import CalendarDate
from services.kit.web.errors import DomainError

router = APIRouter(prefix="/v1/charge-grid", tags=["charges"])

MOST = 500  # of one place and of those above it: more is a list, and has pages
DIGITS: dict[int, Level] = {6: "county", 9: "township", 12: "village"}


class GridLevel(BaseModel):
    """`place` is the code of the county, the township, the village; the teams are those of the village."""

    level: Level
    place: str
    charges: list[ChargeLine]


class ChargeGrid(BaseModel):
    """`teams`, `cadres` and `paired_households` are of the whole place, on the day, as they are known now."""

    division: str
    as_of: CalendarDate
    levels: list[GridLevel]
    teams: int
    cadres: int
    paired_households: int


class GridTooLarge(DomainError):
    status = 409
    zh = "这个地方的责任过多，请用责任清单分页查询。"
    en = "That place has more charges than one answer holds. Read the list, page by page."


@router.get("", dependencies=[allow("charge:read")])
def get_charge_grid(
    session: SessionDep, today: Today, division: Division, as_of: AsOf = None, known_at: KnownAt = None
) -> ChargeGrid:
    """What stands at the place itself and above it, by level; of a village its teams too. Of places below,
    `/v1/charge-counts` tells how many."""
    day = as_of or today
    above = [division[:digits] for digits in DIGITS if digits <= len(division)]
    wanted = with_successor(known_at).where(
        reachable_charges(scope_of(session)), *known(known_at), holding(day), col(Charge.division).in_(above)
    )
    ordered = wanted.order_by(col(Charge.division), col(Charge.kind), col(Charge.since), col(Charge.charge_id))
    rows: Sequence[Any] = session.execute(ordered.limit(MOST + 1)).all()
    if len(rows) > MOST:
        raise GridTooLarge
    lines = [ChargeLine.of(*row) for row in rows]
    levels = [level_of(lines, DIGITS[len(place)], place) for place in above]
    levels += [level_of(lines, "team", division)] if len(division) == 12 else []
    return ChargeGrid(division=division, as_of=day, levels=levels, **on_the_ground(session, division, day))


def level_of(lines: Sequence[ChargeLine], level: Level, place: str) -> GridLevel:
    of_a_team = level == "team"
    its = [one for one in lines if one.division == place and (one.team_id is not None) == of_a_team]
    return GridLevel(level=level, place=place, charges=its)


def on_the_ground(session: Session, place: str, day: date) -> dict[str, int]:
    scope = scope_of(session)
    posted = (
        select(func.count(distinct(col(Posting.team_id))), func.count(distinct(col(Posting.cadre_id))))
        .join(Team, col(Team.id) == col(Posting.team_id))
        .join(Cadre, col(Cadre.id) == col(Posting.cadre_id))
        .where(reachable_postings(scope), col(Posting.valid).contains(day), col(Team.village).startswith(place))
    )
    here: list[ColumnElement[bool]] = [col(Pairing.valid).contains(day), col(Pairing.village).startswith(place)]
    paired = select(func.count(distinct(col(Pairing.household_id)))).where(reachable_pairings(scope), *here)
    teams, cadres = session.execute(posted).one()
    return {"teams": teams, "cadres": cadres, "paired_households": session.scalars(paired).one()}
