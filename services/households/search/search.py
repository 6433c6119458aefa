"""Finding a household: by a member's name, its initials, a place, a tag; or by a whole ID number in a body."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.households.models.names import MemberName
from services.households.models.register import Household, Membership, Person
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.households.register.households import HouseholdLine, line
from services.households.register.id_numbers import IdNumberUnsound, NotAnIdNumber, read_id_number
from services.households.register.tags import TagKey
from services.households.search.filters import Place, Sought, lies_in, named, tagged
from services.kit.store.db import SessionDep
from services.kit.store.scope import Placed, scoped
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import found
from services.kit.web.paging import Page, Paging, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/household-search", tags=["search"])

NAMES = Placed(division=col(MemberName.village), subject=col(MemberName.household_id))


class FoundHousehold(HouseholdLine):
    """`matched` is the name it was found by, without dots; empty where no name was asked for."""

    matched: str | None = None


class NumberAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id_number: Annotated[str, Field(pattern=r"^([0-9]{15}|[0-9]{17}[0-9Xx])$", title="证件号码")]


@router.get("", dependencies=[allow("name:read")])
def search_households(
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    q: Annotated[Sought | None, Query()] = None,
    village: Annotated[Place | None, Query()] = None,
    tag: Annotated[TagKey | None, Query(title="标签")] = None,
) -> Page[FoundHousehold]:
    """`q` is how a name begins, dots and spaces left out or not, or its pinyin initials. By that name; without `q`, by
    number. A household of several such names stands once for each."""
    if q is None:
        return listed(session, caller, paging, village, tag)
    wanted = select(col(MemberName.household_id), col(MemberName.folded)).distinct().where(named(q))
    narrowed = (*lies_in(col(MemberName.village), village), *tagged(col(MemberName.household_id), tag))
    keys = (col(MemberName.folded), col(MemberName.household_id))
    rows, following = paging.read(session, scoped(session, wanted.where(*narrowed), NAMES), *keys)
    return Page(rows=joined_back(session, caller, rows), next=following)


@router.post("/id-number", dependencies=[allow("name:read")], openapi_extra=repeatable("nothing is stored"))
def search_by_id_number(body: NumberAsked, request: Request, session: SessionDep, caller: CallerDep) -> HouseholdLine:
    """The household whose present member has that number, within the caller's reach. By its blind index."""
    state = request.app.state
    try:
        number = read_id_number(body.id_number, demo=state.settings.demo_people).text
    except NotAnIdNumber as error:
        raise IdNumberUnsound from error
    member = select(Household).join(Membership, col(Membership.household_id) == Household.id)
    held = (col(Person.id_index).in_(state.seal.indexes(number)), func.upper_inf(col(Membership.valid)))
    numbered = member.join(Person, col(Person.id) == Membership.person_id).where(*held)
    home = found(session.scalar(scoped(session, numbered, HOUSEHOLDS)))
    return line(caller, home, home.village)


def listed(
    session: Session, caller: Caller, paging: Paging, village: str | None, tag: str | None
) -> Page[FoundHousehold]:
    narrowed = (*lies_in(col(Household.village), village), *tagged(col(Household.id), tag))
    wanted = scoped(session, select(Household).where(*narrowed), HOUSEHOLDS)
    rows, following = paging.read(session, wanted, col(Household.number))
    return Page(rows=[FoundHousehold(**line(caller, row, row.village).model_dump()) for (row,) in rows], next=following)


def joined_back(session: Session, caller: Caller, rows: Sequence[tuple[UUID, str]]) -> list[FoundHousehold]:
    """By id, through the scope once more: the names were but a way in."""
    wanted = select(Household).where(col(Household.id).in_([household_id for household_id, _ in rows]))
    homes = {home.id: home for home in session.scalars(scoped(session, wanted, HOUSEHOLDS))}
    return [
        FoundHousehold(**line(caller, homes[home], homes[home].village).model_dump(), matched=name)
        for home, name in rows
        if home in homes
    ]
