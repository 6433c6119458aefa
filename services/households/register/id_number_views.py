"""A person's whole ID number, shown to whoever may see it and says why. Each view is kept."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import col

from services.households.models.register import ID_NUMBER, IdNumberView, Membership, Person
from services.households.policy import allow
from services.households.reach import reachable
from services.kit.store.db import Now, SessionDep
from services.kit.web.auth import CallerDep
from services.kit.web.errors import found
from services.kit.web.repeat import HEADER, Repeatable, repeatable

router = APIRouter(
    prefix="/v1/households/{household_id}/members/{person_id}/id-number-views",
    tags=["register"],
    route_class=Repeatable,
)


class ViewIn(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=4, max_length=200, title="查看事由")]


class ViewOut(BaseModel):
    id: UUID
    id_number: str


@router.post(
    "", status_code=201, dependencies=[allow("id-number:read")], openapi_extra=repeatable(HEADER, timedelta(minutes=10))
)
def create_id_number_view(
    household_id: UUID,
    person_id: UUID,
    body: ViewIn,
    request: Request,
    response: Response,
    session: SessionDep,
    caller: CallerDep,
    now: Now,
) -> ViewOut:
    """Of a present member of that household. Whoever has no number on record is not found either."""
    reachable(session, household_id)
    member = select(Person).where(col(Person.id) == person_id).join(Membership, col(Membership.person_id) == Person.id)
    here = (col(Membership.household_id) == household_id, func.upper_inf(col(Membership.valid)))
    person = found(session.scalar(member.where(*here)))
    number = request.app.state.seal.open(found(person.sealed_id_number), ID_NUMBER.place(person.id))
    view = IdNumberView(person_id=person.id, seen_by=caller.subject, reason=body.reason, at=now)
    session.add(view)
    response.headers["Cache-Control"] = "no-store"
    return ViewOut(id=view.id, id_number=number)
