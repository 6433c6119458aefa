"""How many households and persons a place has, in all and by label, on any day and as it was known."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Subquery, func, select
from sqlmodel import Session, col

from services.households.models.register import Household, Membership, Tag
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.households.register.past import Past, PastDep
from services.kit.store.db import SessionDep
from services.kit.store.scope import scoped

router = APIRouter(prefix="/v1/household-figures", tags=["register"])


class Number(BaseModel):
    """`unknown`: of how many of the households nobody has told the members; `persons` is then without theirs."""

    households: int
    persons: int
    unknown: int


class OfLabel(Number):
    tag: str


class HouseholdFiguresOut(BaseModel):
    """A household with several labels is in each of theirs: labels are never added up. By key, in no order of merit."""

    village: str
    as_of: date | None
    known_at: datetime | None
    total: Number
    tags: list[OfLabel]


@router.get("", dependencies=[allow("household:read")])
def get_household_figures(
    session: SessionDep,
    past: PastDep,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
) -> HouseholdFiguresOut:
    """As far as the caller sees the place: two statements for any number."""
    homes = those_there(session, past, village)
    (total,) = session.execute(past.told(select(*counted(homes)))).mappings().all()
    held = past.of(Tag)
    labelled = (
        select(col(held.key).label("tag"), *counted(homes))
        .join(held, (col(held.household_id) == homes.c.id) & past.holds(held.valid))
        .group_by(col(held.key))
        .order_by(col(held.key))
    )
    rows = session.execute(past.told(labelled)).mappings()
    return HouseholdFiguresOut(
        village=village,
        as_of=past.as_of,
        known_at=past.known_at,
        total=Number(**total),
        tags=[OfLabel(**row) for row in rows],
    )


def those_there(session: Session, past: Past, village: str) -> Subquery:
    """The households of the place with the number of their members: none where nobody has told of any."""
    held, member = past.of(Household), past.of(Membership)
    wanted = select(col(held.id)).where(past.village(held).startswith(village), past.lives(held))
    if past.known_at:  # what is within reach hangs on where it lies now
        wanted = wanted.join(Household, col(Household.id) == col(held.id))
    homes = scoped(session, wanted, HOUSEHOLDS).subquery()
    members = (
        select(col(member.household_id), func.count().label("number"))
        .where(past.holds(member.valid))
        .group_by(col(member.household_id))
        .subquery()
    )
    with_members = select(homes.c.id, members.c.number)
    return with_members.outerjoin(members, members.c.household_id == homes.c.id).subquery()


def counted(homes: Subquery) -> list[Any]:
    return [
        func.count(homes.c.id).label("households"),
        func.coalesce(func.sum(homes.c.number), 0).label("persons"),
        func.count().filter(homes.c.number.is_(None)).label("unknown"),
    ]
