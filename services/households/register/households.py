"""The register: which households a village has, and who lives in one."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.households.masks import shown_id_number, shown_name, shown_phone
from services.households.models.facts import HouseholdFacts
from services.households.models.register import ID_NUMBER, PHONE, Household, Membership, Person
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS, reachable
from services.kit.store.db import SessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scoped
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/households", tags=["register"])


class HouseholdLine(BaseModel):
    id: UUID
    number: str
    village: str
    group_name: str
    head_name: str


class MemberOut(BaseModel):
    """Of the ID number only the region is shown; the whole of it is asked for with a reason."""

    person_id: UUID
    name: str
    relation: str
    birth_date: date
    sex: str
    has_id_number: bool
    id_number_masked: str | None
    since: date | None


class HouseholdOut(HouseholdLine):
    housing_grade: str | None
    safe_water: bool | None
    phone_masked: str | None
    members: list[MemberOut]
    facts: dict[str, object] | None


@router.get("", dependencies=[allow("household:read")])
def list_households(
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    number: Annotated[str | None, Query(max_length=40, title="户编号")] = None,
) -> Page[HouseholdLine]:
    """`village` may be any place of the county. By number."""
    wanted = scoped(session, select(Household).where(col(Household.village).startswith(village)), HOUSEHOLDS)
    if number:
        wanted = wanted.where(col(Household.number) == number)
    rows, following = paging.read(session, wanted, col(Household.number))
    return Page(rows=[line(caller, row) for (row,) in rows], next=following)


@router.get("/{household_id}", dependencies=[allow("household:read")])
def get_household(household_id: UUID, request: Request, session: SessionDep, caller: CallerDep) -> HouseholdOut:
    household, seal = reachable(session, household_id), request.app.state.seal
    facts = session.get(HouseholdFacts, household_id)
    told = facts.model_dump(mode="json", exclude={"subject", "division", "changed"}) if facts else None
    phone = seal.open(household.sealed_phone, PHONE.place(household_id)) if household.sealed_phone else None
    return HouseholdOut(
        **line(caller, household).model_dump(),
        housing_grade=household.housing_grade,
        safe_water=household.safe_water,
        phone_masked=shown_phone(caller, phone),
        members=members(session, seal, caller, household_id),
        facts=told,
    )


def line(caller: Caller, household: Household) -> HouseholdLine:
    shown = household.model_dump() | {"head_name": shown_name(caller, household.head_name)}
    return HouseholdLine(**shown)


def members(session: Session, seal: Seal, caller: Caller, household_id: UUID) -> list[MemberOut]:
    rows = session.execute(
        select(Membership, Person)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.household_id) == household_id, func.upper_inf(col(Membership.valid)))
        .order_by(col(Person.birth_date))
    )
    return [
        MemberOut(
            person_id=person.id,
            name=shown_name(caller, person.name),
            relation=membership.relation,
            birth_date=person.birth_date,
            sex=person.sex,
            has_id_number=person.id_index is not None,
            id_number_masked=shown_id_number(id_number_of(seal, person)),
            since=membership.valid.lower,
        )
        for membership, person in rows
    ]


def id_number_of(seal: Seal, person: Person) -> str | None:
    return seal.open(person.sealed_id_number, ID_NUMBER.place(person.id)) if person.sealed_id_number else None
