"""Where a member worked in a month, for whom and for how much. A month in which nothing changed is one tap."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from services.households.models.people import WorkMonth
from services.households.models.register import Membership
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.members import member_of
from services.households.register.told import (
    Asked,
    AskedDep,
    DoneIn,
    DoneOut,
    TellingDep,
    newest_first,
    newest_for,
    record_for,
)
from services.kit.store.db import SessionDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import MONTH, WRITTEN_NUMBER, ToldMonth

router = APIRouter(prefix="/v1/households/{household_id}", tags=["work"])

MEMBER = "/members/{person_id}/work-months"
Month = Annotated[str, Path(pattern=MONTH, title="月份")]
Area = Literal["township", "county", "province", "country", "abroad"]
Short = Annotated[str, Field(min_length=1, max_length=60)]
Fen = Annotated[int, Field(ge=0, le=10**9), WRITTEN_NUMBER]


class WorkIn(DoneIn):
    working: Annotated[bool, Field(strict=True, title="当月务工")]
    area: Annotated[Area | None, Field(title="务工范围（乡内、县内、省内、省外、境外）")] = None
    place: Annotated[Short | None, Field(title="务工地点")] = None
    employer: Annotated[Short | None, Field(title="务工单位")] = None
    occupation: Annotated[Short | None, Field(title="岗位或工种")] = None
    pay: Annotated[Fen | None, Field(title="当月工资（分）")] = None


class WorkOut(DoneOut):
    person_id: UUID
    month: ToldMonth
    working: bool
    area: str | None
    place: str | None
    employer: str | None
    occupation: str | None
    pay: int | None


class MonthNotCome(DomainError):
    zh = "月份不能晚于本月。"
    en = "That month has not come yet."


class PaidWithoutWork(DomainError):
    zh = "当月没有务工的，不填地点、单位、岗位和工资。"
    en = "Who did not work in the month has no place, employer, occupation or pay to tell."


# Of each member the row that counts in the newest month before, unless the month itself has one.
COPY = text(
    """
    INSERT INTO work_month (id, person_id, month, working, area, place, employer, occupation, pay,
                            doer, recorded_by, recorded_at)
    SELECT gen_random_uuid(), last.person_id, :month, working, area, place, employer, occupation, pay,
           :doer, :recorded_by, :recorded_at
    FROM membership m CROSS JOIN LATERAL (
        SELECT * FROM work_month w WHERE w.person_id = m.person_id AND w.month <= :month
        ORDER BY w.month DESC, w.seq DESC LIMIT 1) AS last
    WHERE m.household_id = :household AND upper_inf(m.valid) AND last.month < :month
    """
)


@router.put(
    MEMBER + "/{month}", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED
)
def put_work_month(household_id: UUID, person_id: UUID, month: Month, body: WorkIn, telling: TellingDep) -> WorkOut:
    member_of(telling.session, Asked(telling.today), household_id, person_id, lock=True)
    told_of = {body.area, body.place, body.employer, body.occupation, body.pay} - {None}
    if told_of and not body.working:
        raise PaidWithoutWork
    of = {"person_id": person_id, "month": come(month, telling.today)}
    record_for(telling, WorkMonth, of, body, WorkOut.of)
    stands = WorkOut.of(newest_for(telling.session, WorkMonth, of))
    telling.edit.told(stands)
    return stands


@router.put("/work-months/{month}/as-before", dependencies=[allow("household:write")], openapi_extra=repeatable("path"))
def put_work_as_before(household_id: UUID, month: Month, body: DoneIn, telling: TellingDep) -> list[WorkOut]:
    """Nothing has changed: what is known of each member's newest month holds for this one. Who has a row of the month
    keeps it, and of whom nothing was ever told nothing is."""
    reachable(telling.session, household_id, lock=True)
    meant = come(month, telling.today)
    telling.session.execute(COPY, {"household": household_id, "month": meant} | telling.signed(body.doer))
    return of_household(telling.session, household_id, meant)


@router.get(MEMBER, dependencies=[allow("household:read")])
def list_work_months(household_id: UUID, person_id: UUID, session: SessionDep, asked: AskedDep) -> list[WorkOut]:
    """What counts, the newest month first, of five years until the day."""
    member_of(session, asked, household_id, person_id)
    wanted = newest_first(WorkMonth, {"person_id": person_id}, asked.known_at).order_by(None)
    of_each = wanted.ext(distinct_on(col(WorkMonth.month))).where(col(WorkMonth.month) <= asked.as_of)
    rows = session.scalars(of_each.order_by(col(WorkMonth.month).desc(), col(WorkMonth.seq).desc()).limit(60))
    return [WorkOut.of(row) for row in rows]


@router.get(MEMBER + "/{month}", dependencies=[allow("household:read")], responses=SEEN)
def get_work_month(
    household_id: UUID, person_id: UUID, month: Month, session: SessionDep, asked: AskedDep, edit: EditDep
) -> WorkOut:
    member_of(session, asked, household_id, person_id)
    of = {"person_id": person_id, "month": first_day(month)}
    told = WorkOut.of(found(newest_for(session, WorkMonth, of, asked.known_at)))
    edit.told(told)
    return told


def of_household(session: Session, household_id: UUID, month: date) -> list[WorkOut]:
    here = select(col(Membership.person_id)).where(
        col(Membership.household_id) == household_id, func.upper_inf(col(Membership.valid))
    )
    of = (col(WorkMonth.month) == month, col(WorkMonth.person_id).in_(here))
    wanted = select(WorkMonth).ext(distinct_on(col(WorkMonth.person_id))).where(*of)
    rows = session.scalars(wanted.order_by(col(WorkMonth.person_id), col(WorkMonth.seq).desc()))
    return [WorkOut.of(row) for row in rows]


def first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def come(month: str, today: date) -> date:
    if first_day(month) > today:
        raise MonthNotCome
    return first_day(month)
