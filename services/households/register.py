"""The register: which households a village has, and who lives in one."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.households.models import Household, HouseholdFacts, Membership, Person
from services.households.policy import allow
from services.kit.store.db import SessionDep
from services.kit.web.errors import found
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/households", tags=["register"])


class HouseholdLine(BaseModel):
    id: UUID
    number: str
    village: str
    group_name: str
    head_name: str


class MemberOut(BaseModel):
    """The ID number is kept sealed and is not shown."""

    person_id: UUID
    name: str
    relation: str
    birth_date: date
    sex: str
    has_id_number: bool
    since: date | None


class HouseholdOut(HouseholdLine):
    housing_grade: str | None
    safe_water: bool | None
    members: list[MemberOut]
    facts: dict[str, object] | None


@router.get("", dependencies=[allow("household:read")])
def list_households(
    session: SessionDep,
    paging: PagingDep,
    village: Annotated[str, Query(pattern=r"^\d{6}(\d{3}(\d{3})?)?$", title="区划代码")],
    number: Annotated[str | None, Query(max_length=40, title="户编号")] = None,
) -> Page[HouseholdLine]:
    """`village` may be any place of the county. By number."""
    wanted = select(Household).where(col(Household.village).startswith(village))
    if number:
        wanted = wanted.where(col(Household.number) == number)
    rows, following = paging.read(session, wanted, col(Household.number))
    return Page(rows=[HouseholdLine(**row.model_dump()) for (row,) in rows], next=following)


@router.get("/{household_id}", dependencies=[allow("household:read")])
def get_household(household_id: UUID, session: SessionDep) -> HouseholdOut:
    household = found(session.get(Household, household_id))
    facts = session.get(HouseholdFacts, household_id)
    told = facts.model_dump(mode="json", exclude={"subject", "division", "changed"}) if facts else None
    return HouseholdOut(**household.model_dump(), members=members(session, household_id), facts=told)


def members(session: Session, household_id: UUID) -> list[MemberOut]:
    rows = session.execute(
        select(Membership, Person)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.household_id) == household_id, func.upper_inf(col(Membership.valid)))
        .order_by(col(Person.birth_date))
    )
    return [
        MemberOut(
            person_id=person.id,
            name=person.name,
            relation=membership.relation,
            birth_date=person.birth_date,
            sex=person.sex,
            has_id_number=person.id_index is not None,
            since=membership.valid.lower,
        )
        for membership, person in rows
    ]
