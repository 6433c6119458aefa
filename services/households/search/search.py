"""Finding households: by a name, initials, place, tag, case, clock; by a kept filter; or by an ID number in a body."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import col

from services.households.cases.cases import State
from services.households.models.register import Household, Membership, Person
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.households.register.households import HouseholdLine, line
from services.households.register.id_numbers import IdNumberUnsound, NotAnIdNumber, read_id_number
from services.households.register.tags import TagKey
from services.households.search.filters import DueWithin, HouseholdFilter, Place, Sought, letters_alone, refuse_cases
from services.households.search.statements import SAVED, statement
from services.kit.store.db import SessionDep, now_here
from services.kit.store.scope import scoped
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import found
from services.kit.web.limits import GUESS
from services.kit.web.paging import Cursor, Limit, Page, paging_of
from services.kit.web.repeat import repeatable
from services.kit.web.straight import Awaited

router = APIRouter(prefix="/v1/household-search", tags=["search"])
glances = APIRouter(prefix="/v1/household-search", tags=["search"], route_class=Awaited)


# What a page goes on from: of initials, of a name, of neither.
KEYS: Mapping[bool | None, tuple[str, ...]] = {
    True: ("initials", "matched", "id"), False: ("matched", "id"), None: ("number",),
}  # fmt: skip


class FoundHousehold(HouseholdLine):
    """`matched` is the name it was found by, without dots; empty where no name was asked for."""

    matched: str | None = None


class NumberAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id_number: Annotated[str, Field(pattern=r"^([0-9]{15}|[0-9]{17}[0-9Xx])$", title="证件号码")]


@glances.get("", dependencies=[allow("name:read")])
async def search_households(
    request: Request,
    q: Annotated[Sought | None, Query()] = None,
    village: Annotated[Place | None, Query()] = None,
    tag: Annotated[TagKey | None, Query(title="标签")] = None,
    case_state: Annotated[State | None, Query(title="案卷状态")] = None,
    overdue: Annotated[bool | None, Query(title="有环节超期")] = None,
    due_within: Annotated[DueWithin | None, Query()] = None,
    saved: Annotated[UUID | None, Query(title="所存筛选条件的农户集合")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[FoundHousehold]:
    """`q` is how a name begins, dots and spaces left out or not, or its pinyin initials. By that name, or by its
    initials and then it; without `q`, by number. A household of several such names stands once for each. `saved` asks
    the filter kept with a household set anew, as of today; what is asked beside it takes the place of what it says."""
    today = now_here(request).date()
    asked = {"q": q, "village": village, "tag": tag, "case_state": case_state, "overdue": overdue,
             "due_within": due_within}  # fmt: skip
    chosen = await chosen_of(request, today, asked, saved)
    refuse_cases(request.state.caller, chosen)
    paging = paging_of(request, request.state.caller.subject, cursor, limit)
    letters = letters_alone(chosen.q)
    keys = KEYS[letters]
    due = chosen.due(today)
    told = chosen.model_dump() | dict(zip(("due_from", "due_until"), due or (), strict=False)) | paging.told(*keys)
    query = statement(
        letters=letters, place=len(chosen.village or ""), tagged=bool(chosen.tag),
        in_state=bool(chosen.case_state), due=due is not None, later=bool(cursor),
    )  # fmt: skip
    rows = await request.app.state.glances.rows(request.state.asked, today, query, told)
    page, following = paging.cut(rows, lambda row: [row[key] for key in keys])
    return Page(rows=[FoundHousehold(**row) for row in page], next=following)


async def chosen_of(request: Request, today: date, asked: Mapping[str, object], saved: UUID | None) -> HouseholdFilter:
    told = {key: value for key, value in asked.items() if value is not None}
    if saved is None:
        return HouseholdFilter.model_validate(told)
    glances = request.app.state.glances
    held = await glances.rows(request.state.asked, today, SAVED, {"saved": str(saved)})
    return HouseholdFilter.model_validate(found(held[0] if held else None) | told)


@router.post(
    "/id-number", dependencies=[allow("name:read")], openapi_extra=repeatable("nothing is stored") | {GUESS: True}
)
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
    tell(request, home.id, division=home.village)
    return line(caller, home, home.village)
