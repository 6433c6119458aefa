"""Measures of a household, measures of a place, and how one came to stand where it stands."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.households.help.measures import MeasureOut, State, measure_of
from services.households.models.help import Measure, MeasureStep
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS, reachable
from services.kit.store.db import SessionDep
from services.kit.store.scope import scoped
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import WrittenDay

router = APIRouter(tags=["help"])
OF_A_HOUSEHOLD = "/v1/households/{household_id}/measures"


class StepOut(BaseModel):
    state: State
    recorded_by: str
    at: datetime


@router.get(OF_A_HOUSEHOLD + "/{measure_id}/steps", dependencies=[allow("household:read")])
def list_measure_steps(household_id: UUID, measure_id: UUID, session: SessionDep) -> list[StepOut]:
    measure = measure_of(session, household_id, measure_id)
    steps = select(MeasureStep).where(col(MeasureStep.measure_id) == measure.id).order_by(col(MeasureStep.seq))
    return [StepOut.model_validate(step.model_dump()) for step in session.scalars(steps)]


@router.get(OF_A_HOUSEHOLD, dependencies=[allow("household:read")])
def list_measures_of_a_household(household_id: UUID, session: SessionDep, paging: PagingDep) -> Page[MeasureOut]:
    reachable(session, household_id)
    mine = select(Measure).where(col(Measure.household_id) == household_id)
    rows, following = paging.read(session, mine, col(Measure.due), col(Measure.id))
    return Page(rows=[MeasureOut.of(row) for (row,) in rows], next=following)


@router.get("/v1/measures", dependencies=[allow("household:read")])
def list_measures(
    session: SessionDep,
    paging: PagingDep,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    state: Annotated[State | None, Query(title="状态")] = None,
    policy: Annotated[str | None, Query(max_length=160, title="政策代码")] = None,
    due_by: Annotated[WrittenDay | None, Query(title="计划完成日不晚于")] = None,
) -> Page[MeasureOut]:
    """`village` may be any place of the county. By the day they are due."""
    placed = select(Measure).join(Household, col(Household.id) == col(Measure.household_id))
    wanted = scoped(session, placed.where(col(Household.village).startswith(village)), HOUSEHOLDS)
    if state:
        wanted = wanted.where(col(Measure.state) == state)
    if policy:
        wanted = wanted.where(col(Measure.policy_key) == policy)
    if due_by:
        wanted = wanted.where(col(Measure.due) <= due_by)
    rows, following = paging.read(session, wanted, col(Measure.due), col(Measure.id))
    return Page(rows=[MeasureOut.of(row) for (row,) in rows], next=following)
