"""Housing, water, schooling and medical insurance of a household: 三保障 and safe water, as somebody has seen them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.facts import facts_changed
from services.households.models.register import Household, Membership, Person
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.past import NOW_KNOWN, Past, PastDep
from services.kit.store.db import Now, SessionDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/households/{household_id}/safeguards", tags=["safeguards"])

Schooling = Literal["in_school", "not_in_school", "dropped_out"]
MOST = 1_000  # members told of at once: more than any household has


class MemberSafeguards(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person_id: UUID
    schooling: Annotated[Schooling | None, Field(title="学业状况")] = None
    insured: Annotated[bool | None, Field(strict=True, title="参加基本医保")] = None


class Safeguards(BaseModel):
    """Of every member, however many a household has. Grades A and B are safe."""

    housing_grade: Annotated[Literal["A", "B", "C", "D"] | None, Field(title="住房等级")] = None
    safe_water: Annotated[bool | None, Field(strict=True, title="饮水安全")] = None
    members: Annotated[list[MemberSafeguards], Field(title="成员")] = []


class SafeguardsIn(Safeguards):
    """The whole of it: what is empty, and who is left out, is unknown from now on."""

    model_config = ConfigDict(extra="forbid")

    members: Annotated[list[MemberSafeguards], Field(max_length=MOST, title="成员")] = []


class NotAMember(DomainError):
    zh = "名单中有人不是这户的成员。"
    en = "Somebody on the list is not a member of this household."


@router.put("", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_safeguards(household_id: UUID, body: SafeguardsIn, session: SessionDep, edit: EditDep, now: Now) -> Safeguards:
    household = reachable(session, household_id, lock=True)
    members = {person.id: person for person in members_of(session, household_id)}
    if any(told.person_id not in members for told in body.members):
        raise NotAMember
    told_of = {told.person_id: told for told in body.members}
    everybody = [told_of.get(one) or MemberSafeguards(person_id=one) for one in members]
    wanted = Safeguards(housing_grade=body.housing_grade, safe_water=body.safe_water, members=everybody)
    edit.check(shown(session, household), wanted)
    household.housing_grade, household.safe_water = wanted.housing_grade, wanted.safe_water
    for told in wanted.members:
        members[told.person_id].schooling, members[told.person_id].insured = told.schooling, told.insured
    facts_changed(session, [household_id], now)
    edit.told(wanted)
    return wanted


@router.get("", dependencies=[allow("household:read")], responses=SEEN)
def get_safeguards(household_id: UUID, session: SessionDep, edit: EditDep, past: PastDep) -> Safeguards:
    """On a day: of who was a member then, as far as we know it. What was is no version to edit: it has no ETag."""
    household = reachable(session, household_id)
    if past:
        held = past.of(Household)
        row = session.scalar(past.told(select(held).where(col(held.id) == household_id)))
        return shown(session, found(row), past)
    safeguards = shown(session, household)
    edit.told(safeguards)
    return safeguards


def shown(session: Session, household: Household, past: Past = NOW_KNOWN) -> Safeguards:
    members = [
        MemberSafeguards.model_validate({"person_id": p.id, "schooling": p.schooling, "insured": p.insured})
        for p in members_of(session, household.id, past)
    ]
    return Safeguards.model_validate(
        {"housing_grade": household.housing_grade, "safe_water": household.safe_water, "members": members}
    )


def members_of(session: Session, household_id: UUID, past: Past = NOW_KNOWN) -> list[Person]:
    membership, person = past.of(Membership, household_id), past.of(Person)
    there = select(col(membership.person_id)).where(
        col(membership.household_id) == household_id, past.holds(membership.valid)
    )
    wanted = select(person).where(col(person.id).in_(there)).order_by(col(person.birth_date))
    return list(session.scalars(past.told(wanted)))
