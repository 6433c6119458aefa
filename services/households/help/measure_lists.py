"""Measures as they are read, or were on a day: one, those of a household, those of a place, and how one came to stand
where it stands."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.households.cases.as_they_were import homes_then
from services.households.help.as_they_were import measure_shown, measures_then, steps_by
from services.households.help.measures import MeasureOut, State, measure_of
from services.households.models.help import MeasureStep
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS, reachable
from services.households.register.past import PastDep
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scoped
from services.kit.web.edits import SEEN, EditDep
from services.kit.web.errors import found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import WrittenDay

router = APIRouter(tags=["help"])
OF_A_HOUSEHOLD = "/v1/households/{household_id}/measures"


class StepOut(BaseModel):
    state: State
    recorded_by: str
    at: datetime


@router.get(OF_A_HOUSEHOLD + "/{measure_id}/steps", dependencies=[allow("household:read")])
def list_measure_steps(
    household_id: UUID, measure_id: UUID, session: SessionDep, past: PastDep, now: Now
) -> list[StepOut]:
    measure = measure_of(session, household_id, measure_id)
    steps = select(MeasureStep).where(col(MeasureStep.measure_id) == measure.id, *steps_by(past, now.tzinfo))
    return [StepOut.model_validate(step.model_dump()) for step in session.scalars(steps.order_by(col(MeasureStep.seq)))]


@router.get(OF_A_HOUSEHOLD + "/{measure_id}", dependencies=[allow("household:read")], responses=SEEN)
def get_measure(
    household_id: UUID, measure_id: UUID, session: SessionDep, edit: EditDep, past: PastDep, now: Now
) -> MeasureOut:
    """As it stood on a day it has no ETag: nothing is done to the past."""
    if not past:
        measure = MeasureOut.of(measure_of(session, household_id, measure_id))
        edit.told(measure)
        return measure
    reachable(session, household_id)
    wanted, held, _ = measures_then(past, now.tzinfo, household_id)
    mine = wanted.where(col(held.id) == measure_id, col(held.household_id) == household_id)
    row, state = found(session.execute(mine).first())
    return measure_shown(row, state, past)


@router.get(OF_A_HOUSEHOLD, dependencies=[allow("household:read")])
def list_measures_of_a_household(
    household_id: UUID, session: SessionDep, paging: PagingDep, past: PastDep, now: Now
) -> Page[MeasureOut]:
    reachable(session, household_id)
    wanted, measure, _ = measures_then(past, now.tzinfo, household_id)
    mine = wanted.where(col(measure.household_id) == household_id)
    rows, following = paging.read(session, mine, col(measure.due), col(measure.id))
    return Page(rows=[measure_shown(row, state, past) for row, state in rows], next=following)


@router.get("/v1/measures", dependencies=[allow("household:read")])
def list_measures(
    session: SessionDep,
    paging: PagingDep,
    past: PastDep,
    now: Now,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    state: Annotated[State | None, Query(title="状态")] = None,
    policy: Annotated[str | None, Query(max_length=160, title="政策代码")] = None,
    due_by: Annotated[WrittenDay | None, Query(title="计划完成日不晚于")] = None,
) -> Page[MeasureOut]:
    """`village` may be any place of the county. By the day they are due."""
    rows, measure, standing = measures_then(past, now.tzinfo)
    lay: Any = col(Household.village)
    if past:
        home, lay = homes_then(past)
        rows = rows.join(home, col(home.id) == col(measure.household_id))
    placed = rows.join(Household, col(Household.id) == col(measure.household_id)).where(lay.startswith(village))
    wanted = scoped(session, placed, HOUSEHOLDS)
    if state:
        wanted = wanted.where(standing == state.value)
    if policy:
        wanted = wanted.where(col(measure.policy_key) == policy)
    if due_by:
        wanted = wanted.where(col(measure.due) <= due_by)
    told, following = paging.read(session, wanted, col(measure.due), col(measure.id))
    return Page(rows=[measure_shown(row, stood, past) for row, stood in told], next=following)
