"""Who qualifies for a policy and does not receive it, and who receives it and does not qualify: computed in sets.

What nobody has told us counts neither way: a child whose schooling is unknown is not said to be left out, and one who
receives is not said to be wrong.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, except_, exists, func, literal, or_, select, true, union_all
from sqlmodel import Session, col

from services.households.help.policies import KEY, policy_on
from services.households.models.help import Policy, Received
from services.households.models.register import Household, Membership, Person, Tag
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.web.errors import found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/policies", tags=["help"])


class PolicyGap(BaseModel):
    """`person_id` is empty where the policy is for households."""

    household_id: UUID
    person_id: UUID | None
    gap: Literal["not_received", "not_qualified"]


@router.get("/{key}/gaps", dependencies=[allow("household:read")])
def list_policy_gaps(
    key: Annotated[str, InPath(pattern=KEY, title="政策代码")],
    session: SessionDep,
    today: Today,
    paging: PagingDep,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    as_of: Annotated[WrittenDay | None, Query(title="截至日")] = None,
) -> Page[PolicyGap]:
    """`village` may be any place of the county. By what the register and the list of what was received say of a day."""
    day = as_of or today
    policy = found(policy_on(session, key, day))
    gap = gaps(policy, village, day).subquery()
    wanted = select(gap.c.household_id, gap.c.subject, gap.c.gap).join(
        Household, col(Household.id) == gap.c.household_id
    )
    rows, following = paging.read(session, scoped(session, wanted, HOUSEHOLDS), gap.c.household_id, gap.c.subject)
    told = [
        PolicyGap(household_id=home, person_id=subject if policy.given_to == "person" else None, gap=which)
        for home, subject, which in rows
    ]
    return Page(rows=told, next=following)


def policies_on(session: Session, day: date) -> Sequence[Policy]:
    return session.scalars(select(Policy).where(col(Policy.valid).contains(day)).order_by(col(Policy.key))).all()


def gaps(policy: Policy, village: str, day: date) -> Any:
    """Rows of household, subject (the person, or the household again) and gap."""
    missing = except_(qualifying(policy, village, day), receiving(policy, village, day)).subquery()
    undue = except_(receiving(policy, village, day), qualifying(policy, village, day, or_unknown=True)).subquery()
    return union_all(
        select(missing.c.household_id, missing.c.subject, literal("not_received").label("gap")),
        select(undue.c.household_id, undue.c.subject, literal("not_qualified").label("gap")),
    )


def receiving(policy: Policy, village: str, day: date) -> Any:
    of_persons = policy.given_to == "person"
    subject = col(Received.person_id) if of_persons else col(Received.household_id)
    wanted: Any = select(col(Received.household_id).label("household_id"), subject.label("subject")).join(
        Household, col(Household.id) == col(Received.household_id)
    )
    return wanted.where(
        col(Received.policy_key) == policy.key,
        col(Received.withdrawn_at).is_(None),
        col(Received.valid).contains(day),
        subject.is_not(None),
        col(Household.village).startswith(village),
    )


def qualifying(policy: Policy, village: str, day: date, *, or_unknown: bool = False) -> Any:
    here = and_(
        col(Household.village).startswith(village),
        col(Household.village).startswith(policy.division),
        or_(col(Household.ended_on).is_(None), col(Household.ended_on) > day),
        of_household(policy, day),
    )
    member: Any = (
        select(col(Membership.household_id).label("household_id"), col(Membership.person_id).label("subject"))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.valid).contains(day), of_person(policy, day, or_unknown))
    )
    if policy.given_to == "person":
        return member.join(Household, col(Household.id) == col(Membership.household_id)).where(here)
    home: Any = select(col(Household.id).label("household_id"), col(Household.id).label("subject")).where(here)
    if policy.age_from is None and policy.age_to is None and policy.in_school is None:
        return home
    return home.where(member.where(col(Membership.household_id) == col(Household.id)).exists())


def of_household(policy: Policy, day: date) -> ColumnElement[bool]:
    asked: list[ColumnElement[bool]] = [true()]
    if policy.tag is not None:
        asked.append(tagged(policy.tag, day))
    if policy.monitored is not None:
        asked.append(tagged("monitored", day) if policy.monitored else ~tagged("monitored", day))
    return and_(*asked)


def tagged(key: str, day: date) -> ColumnElement[bool]:
    return exists().where(col(Tag.household_id) == col(Household.id), col(Tag.key) == key, col(Tag.valid).contains(day))


def of_person(policy: Policy, day: date, or_unknown: bool) -> ColumnElement[bool]:
    age = func.date_part("year", func.age(day, col(Person.birth_date)))
    asked: list[ColumnElement[bool]] = [true()]
    if policy.age_from is not None:
        asked.append(age >= policy.age_from)
    if policy.age_to is not None:
        asked.append(age <= policy.age_to)
    if policy.in_school is not None:
        in_school = (col(Person.schooling) == "in_school") == literal(policy.in_school)
        asked.append(or_(in_school, col(Person.schooling).is_(None)) if or_unknown else in_school)
    return and_(*asked)
