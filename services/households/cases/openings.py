"""A suspicion that somebody confirmed in another of our services, upon a visit, opens its case here: asked for by that
service with its own credentials, in the name of who confirmed it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.cases.cases import CaseIn, OpenedBefore, open_case
from services.households.models.cases import Case
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import HouseholdEnded
from services.kit.post.events import source_of
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.web.errors import found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix=f"{source_of('households')}/case-openings", tags=["cases"])


class OpeningIn(CaseIn):
    """`opened_by` is the account of who confirmed it."""

    opened_by: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", title="核实人")]


class OpeningOut(BaseModel):
    """`opened` is false where the household had a case already: what was confirmed belongs to that one."""

    case_id: UUID
    opened: bool


@router.post("", dependencies=[allow("case:open")], openapi_extra=repeatable("body.id"))
def create_case_opening(body: OpeningIn, session: UnboundSessionDep, today: Today, now: Now) -> OpeningOut:
    """Asked again under the same id it answers with the same case, whatever has become of it since."""
    mine = select(Household).where(col(Household.id) == body.household_id).with_for_update()
    household = found(session.scalar(mine))
    held = session.get(Case, body.id)
    if held and held.ground_id != body.ground.id:
        raise OpenedBefore
    if held:
        return OpeningOut(case_id=held.id, opened=True)
    if household.ended_on:
        raise HouseholdEnded
    running = open_one(session, household.id)
    if running:
        return OpeningOut(case_id=running, opened=False)
    asked = CaseIn.model_validate(body.model_dump(exclude={"opened_by"}))
    return OpeningOut(
        case_id=open_case(session, household, asked, opened_by=body.opened_by, today=today, now=now).id, opened=True
    )


def open_one(session: Session, household_id: UUID) -> UUID | None:
    return session.scalar(
        select(col(Case.id)).where(col(Case.household_id) == household_id, col(Case.closed_on).is_(None))
    )
