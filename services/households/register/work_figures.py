"""How many of a place are at work in a month, and which households with labour have somebody in steady work."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Subquery, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from services.households.models.people import PersonCircumstances, WorkMonth
from services.households.models.register import Household, Membership
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.households.register.work_months import Area, come
from services.kit.store.db import SessionDep, Today
from services.kit.store.reference import StandardKey, StandardMissing, ruling
from services.kit.store.scope import scoped
from services.kit.web.written import MONTH, ToldMonth

router = APIRouter(prefix="/v1/work-figures", tags=["work"])

STEADY = StandardKey(
    "steady_work_months", "number", "月", "稳定就业最少月数（十二个月内）", "months of twelve that are steady work"
)
ABLE = ("ordinary", "skilled", "weak")  # codes of labour_capacity; who is not able is lost or none


class AtWork(BaseModel):
    """`area` is empty of those of whom it was not told."""

    area: Area | None
    persons: int


class LabourHouseholds(BaseModel):
    """Households with a member who is able to work; `unknown`: of nobody there is it known that he is, and not of all
    that they are not. `steady`: those where somebody worked in so many of the twelve months until the month; empty
    where the county has no `steady_work_months`."""

    households: int
    unknown: int
    steady: int | None
    months: int | None
    document_no: str | None


class WorkFigures(BaseModel):
    """`told`: of how many members it is known whether they worked in the month."""

    village: str
    month: ToldMonth
    members: int
    told: int
    at_work: int
    areas: list[AtWork]
    labour: LabourHouseholds


@router.get("", dependencies=[allow("household:read")])
def get_work_figures(
    session: SessionDep,
    today: Today,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    month: Annotated[str, Query(pattern=MONTH, title="月份")],
) -> WorkFigures:
    """Of those who are members now, as far as the caller sees the place: three statements for any number."""
    first = come(month, today)
    members, worked = members_of(session, village), months_told(first)
    of_month = (
        select(worked.c.working, worked.c.area, func.count().label("persons"))
        .join(members, members.c.person_id == worked.c.person_id)
        .where(worked.c.month == first)
        .group_by(worked.c.working, worked.c.area)
        .order_by(worked.c.area)
    )
    rows = session.execute(of_month).all()
    return WorkFigures(
        village=village,
        month=first,
        members=session.scalar(select(func.count()).select_from(members)) or 0,
        told=sum(row.persons for row in rows),
        at_work=sum(row.persons for row in rows if row.working),
        areas=[AtWork(area=row.area, persons=row.persons) for row in rows if row.working],
        labour=labour_of(session, village, first, today, members, worked),
    )


def members_of(session: Session, village: str) -> Subquery:
    wanted = (
        select(col(Membership.person_id), col(Membership.household_id))
        .join(Household, col(Household.id) == col(Membership.household_id))
        .where(
            func.upper_inf(col(Membership.valid)),
            col(Household.ended_on).is_(None),
            col(Household.village).startswith(village),
        )
    )
    return scoped(session, wanted, HOUSEHOLDS).subquery("members")


def months_told(last: date) -> Subquery:
    """What counts of each person and month, of the twelve until the last."""
    since = last.replace(year=last.year - 1)
    newest = select(WorkMonth).ext(distinct_on(col(WorkMonth.person_id), col(WorkMonth.month)))
    wanted = newest.where(col(WorkMonth.month) > since, col(WorkMonth.month) <= last)
    order = (col(WorkMonth.person_id), col(WorkMonth.month), col(WorkMonth.seq).desc())
    return wanted.order_by(*order).subquery("worked")


def labour_of(
    session: Session, village: str, month: date, today: date, members: Subquery, worked: Subquery
) -> LabourHouseholds:
    steady = steady_months(session, village, month)
    told = PersonCircumstances
    newest = (
        select(told)
        .ext(distinct_on(col(told.person_id)))
        .where(col(told.since) <= today)
        .order_by(col(told.person_id), col(told.since).desc(), col(told.seq).desc())
        .subquery("told")
    )
    months = (
        select(worked.c.person_id, func.count().label("months"))
        .where(worked.c.working)
        .group_by(worked.c.person_id)
        .subquery("months")
    )
    capacity = newest.c.labour_capacity
    homes = (
        select(
            func.bool_or(capacity.in_(ABLE)).label("able"),
            func.bool_or(capacity.is_(None)).label("unknown"),
            func.coalesce(func.max(months.c.months), 0).label("most"),
        )
        .select_from(members)
        .outerjoin(newest, newest.c.person_id == members.c.person_id)
        .outerjoin(months, months.c.person_id == members.c.person_id)
        .group_by(members.c.household_id)
        .subquery("homes")
    )
    nobody = or_(homes.c.able.is_(None), homes.c.able.is_(False))
    counted = (
        session.execute(
            select(
                func.count().filter(homes.c.able).label("households"),
                func.count().filter(nobody, homes.c.unknown).label("unknown"),
                func.count().filter(homes.c.able, homes.c.most >= (steady["months"] or 0)).label("steady"),
            )
        )
        .mappings()
        .one()
    )
    return LabourHouseholds.model_validate(dict(counted) | steady | ({} if steady["months"] else {"steady": None}))


def steady_months(session: Session, village: str, month: date) -> dict[str, Any]:
    """By the nearest place's word on the month's first day; nothing where it has none."""
    try:
        row = ruling(session, STEADY, village, month)
    except StandardMissing:
        return {"months": None, "document_no": None}
    return {"months": int(row.value), "document_no": row.document_no}
