"""A household comes into the register with its members, by hand or from another system. Others come as files."""

import json
from contextlib import nullcontext
from datetime import date

from fastapi import APIRouter, Request

from services.households.policy import allow
from services.households.register.arrivals import Arrival
from services.households.register.guesses import guessing
from services.households.register.id_numbers import IdNumberUnsound, NotAnIdNumber, read_id_number
from services.households.register.newcomers import BornWhen, HouseholdMade, MemberElsewhere, NewHousehold, Told
from services.kit.store.db import now_here
from services.kit.web.audited import line_of
from services.kit.web.errors import DomainError
from services.kit.web.repeat import KEPT_FOR, repeatable
from services.kit.web.straight import Straight
from services.kit.web.strict_json import READ

router = APIRouter(prefix="/v1/households", tags=["register"], route_class=Straight)


@router.post(
    "", status_code=201, dependencies=[allow("household:write")], openapi_extra=repeatable("body.id", KEPT_FOR)
)
async def create_household(request: Request, body: NewHousehold) -> HouseholdMade:
    """A refusal names every member it holds for, by a pointer into the body. Of a village beyond the caller's places
    the answer is 404. That a number is taken must be told, by whom is not; being told costs a guess. It goes with the
    next group (kit/store/lanes.py)."""
    state, now = request.app.state, now_here(request)
    members = [member.id for member in body.members]
    made = HouseholdMade(id=body.id, number=body.number, village=body.village, members=members)
    sent = json.dumps([request.url.path, request.url.query, request.scope[READ]], sort_keys=True)
    arrival = Arrival(
        asked=request.state.asked,
        now=now,
        household=body,
        members=read_or_refused(body, now.date(), demo=state.settings.demo_people),
        seal=state.seal.pinned(),
        said=str(request.scope[READ]["id"]).lower(),
        sent=sent,
        answer=made.model_dump_json(),
        line=line_of(request.scope, 201),  # here: in the lane another request's id would be the current one
    )
    with guessing(request, arrival.asked.holder, MemberElsewhere) if arrival.numbers() else nullcontext():
        if refusal := await state.arrivals.carried(arrival):
            raise refusal
    request.scope["audited_done"] = True
    return made


def read_or_refused(body: NewHousehold, today: date, *, demo: bool) -> list[Told] | DomainError:
    """Told after whether the caller's places hold the village."""
    try:
        return read_members(body, today, demo=demo)
    except DomainError as refusal:
        return refusal


def read_members(body: NewHousehold, today: date, *, demo: bool) -> list[Told]:
    """Refuses unsound numbers, all at once; then those of whom too little is said, or what cannot be."""
    told, unsound, wanting = [], [], []
    for place, member in enumerate(body.members):
        try:
            number = read_id_number(member.id_number, demo=demo) if member.id_number else None
        except NotAnIdNumber:
            unsound.append(f"/members/{place}/id_number")
            continue
        born, sex = (number.birth_date, number.sex) if number else (member.birth_date, member.sex)
        if born is None or sex is None or born > today:
            wanting.append(f"/members/{place}")
        else:
            told.append(Told(number.text if number else None, born, sex))
    if unsound:
        raise IdNumberUnsound(" ".join(unsound))
    if wanting:
        raise BornWhen(" ".join(wanting))
    return told
