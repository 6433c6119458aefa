"""A member of a household: who that is to the county, as somebody told it since a day."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.facts import facts_changed
from services.households.masks import shown_name
from services.households.models.people import PersonCircumstances
from services.households.models.register import Membership, Person
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.code_sets import Coded
from services.households.register.told import (
    Asked,
    AskedDep,
    TellingDep,
    ToldIn,
    ToldOut,
    holds,
    newest,
    record,
    standing,
)
from services.kit.store.db import SessionDep
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/households/{household_id}/members/{person_id}", tags=["members"])

Ethnicity = Annotated[str, Coded("ethnicity")]
PoliticalStatus = Annotated[str, Coded("political_status")]
SchoolingLevel = Annotated[str, Coded("schooling")]
SchoolState = Annotated[str, Coded("school_state")]
DropoutReason = Annotated[str, Coded("dropout_reason")]
Marital = Annotated[str, Coded("marital")]
Occupation = Annotated[str, Coded("occupation")]
LabourCapacity = Annotated[str, Coded("labour_capacity")]
NOT_IN_SCHOOL = "not_in_school"


class Circumstances(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ethnicity: Annotated[Ethnicity | None, Field(title="民族")] = None
    political_status: Annotated[PoliticalStatus | None, Field(title="政治面貌")] = None
    schooling_level: Annotated[SchoolingLevel | None, Field(title="文化程度")] = None
    school_state: Annotated[SchoolState | None, Field(title="在校生情况")] = None
    dropout_reason: Annotated[DropoutReason | None, Field(title="失学辍学原因")] = None
    marital: Annotated[Marital | None, Field(title="婚姻状况")] = None
    occupation: Annotated[Occupation | None, Field(title="从业状况")] = None
    labour_capacity: Annotated[LabourCapacity | None, Field(title="劳动技能")] = None


class CircumstancesIn(Circumstances, ToldIn):
    pass


class CircumstancesOut(Circumstances, ToldOut):
    pass


class OneMemberOut(CircumstancesOut):
    person_id: UUID
    name: str
    relation: str
    birth_date: date
    sex: str


class DropoutInSchool(DomainError):
    zh = "只有在校生情况为非在校生时才填失学辍学原因。"
    en = "A reason for having left school is told of somebody who is in none."


@router.put("", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_member(
    household_id: UUID, person_id: UUID, body: CircumstancesIn, telling: TellingDep, caller: CallerDep
) -> OneMemberOut:
    """Where schooling is told, the household's safeguards say the same from then on."""
    reachable(telling.session, household_id, lock=True)
    member, of = present(telling.session, household_id, person_id, telling.today), {"person_id": person_id}
    if body.dropout_reason and body.school_state != NOT_IN_SCHOOL:
        raise DropoutInSchool
    row = record(telling, PersonCircumstances, of, body, lambda held: shown(caller, *member, held))
    if row and row.school_state and holds(telling, PersonCircumstances, of, row):
        member[0].schooling = schooling_of(row.school_state, row.dropout_reason)
        facts_changed(telling.session, [household_id], telling.now)
    stands = shown(caller, *member, standing(telling, PersonCircumstances, of))
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("household:read")], responses=SEEN)
def get_member(
    household_id: UUID, person_id: UUID, asked: AskedDep, session: SessionDep, caller: CallerDep, edit: EditDep
) -> OneMemberOut:
    reachable(session, household_id)
    member = present(session, household_id, person_id, asked.as_of)
    held = newest(session, PersonCircumstances, {"person_id": person_id}, asked)
    told = shown(caller, *member, held)
    edit.told(told if held else None)
    return told


def present(session: Session, household_id: UUID, person_id: UUID, on: date) -> tuple[Person, Membership]:
    """Who is a member of that household on that day; nobody else is found there."""
    wanted = select(Person, Membership).join(Membership, col(Membership.person_id) == Person.id)
    here = (col(Person.id) == person_id, col(Membership.household_id) == household_id)
    row = found(session.execute(wanted.where(*here, col(Membership.valid).contains(on))).one_or_none())
    return row[0], row[1]


def member_of(session: Session, asked: Asked, household_id: UUID, person_id: UUID, *, lock: bool = False) -> Person:
    reachable(session, household_id, lock=lock)
    return present(session, household_id, person_id, asked.as_of)[0]


def shown(caller: Caller, person: Person, membership: Membership, told: PersonCircumstances | None) -> OneMemberOut:
    return OneMemberOut(
        person_id=person.id,
        name=shown_name(caller, person.name),
        relation=membership.relation,
        birth_date=person.birth_date,
        sex=person.sex,
        **CircumstancesOut.of(told).model_dump(),
    )


def schooling_of(school_state: str, dropout_reason: str | None) -> str:
    """As the household's safeguards put it."""
    if school_state != NOT_IN_SCHOOL:
        return "in_school"
    return "dropped_out" if dropout_reason else "not_in_school"
