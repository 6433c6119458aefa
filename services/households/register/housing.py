"""A house appraised on a day: its grade and its size. Grades A and B are safe, C is to be repaired, D to be rebuilt."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.households.facts import facts_changed
from services.households.models.living import HousingAppraisal
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.told import (
    Asked,
    AskedDep,
    TellingDep,
    ToldIn,
    ToldOut,
    holds,
    newest,
    record,
)
from services.kit.store.db import SessionDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WRITTEN_NUMBER

router = APIRouter(prefix="/v1/households/{household_id}/housing", tags=["living"])


class Housing(BaseModel):
    """`since` is the day of the appraisal and `doer` who made it."""

    model_config = ConfigDict(extra="forbid")

    grade: Annotated[Literal["A", "B", "C", "D"] | None, Field(title="住房等级")] = None
    area: Annotated[
        Annotated[int, Field(ge=0, le=10**7), WRITTEN_NUMBER] | None, Field(title="面积（百分之一平方米）")
    ] = None
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="鉴定文号")] = None


class HousingIn(Housing, ToldIn):
    pass


class HousingOut(Housing, ToldOut):
    pass


@router.put("", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_housing(household_id: UUID, body: HousingIn, telling: TellingDep) -> HousingOut:
    """An appraisal of an earlier day than the newest is kept, and changes nothing of what holds today."""
    household, of = reachable(telling.session, household_id, lock=True), {"household_id": household_id}
    row = record(telling, HousingAppraisal, of, body, HousingOut.of)
    if row and holds(telling, HousingAppraisal, of, row):
        household.housing_grade = row.grade
        facts_changed(telling.session, [household_id], telling.now)
    stands = shown(telling.session, household_id, Asked(telling.today))
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("household:read")], responses=SEEN)
def get_housing(household_id: UUID, asked: AskedDep, session: SessionDep, edit: EditDep) -> HousingOut:
    reachable(session, household_id)
    told = shown(session, household_id, asked)
    edit.told(told if told.since else None)
    return told


def shown(session: Session, household_id: UUID, asked: Asked) -> HousingOut:
    return HousingOut.of(newest(session, HousingAppraisal, {"household_id": household_id}, asked))
