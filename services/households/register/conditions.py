"""What a household produces with and lives among: land, road, power, fuel, cooperative."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.households.models.living import HouseholdConditions
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.code_sets import Coded
from services.households.register.told import Asked, AskedDep, TellingDep, ToldIn, ToldOut, newest, record
from services.kit.store.db import SessionDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WRITTEN_NUMBER

router = APIRouter(prefix="/v1/households/{household_id}/conditions", tags=["living"])

Road = Annotated[str, Coded("road")]
Fuel = Annotated[str, Coded("fuel")]
Land = Annotated[int, Field(ge=0, le=10**7), WRITTEN_NUMBER]


class Conditions(BaseModel):
    """Land in hundredths of a mu, the distance in metres."""

    model_config = ConfigDict(extra="forbid")

    farmland: Annotated[Land | None, Field(title="耕地面积（百分之一亩）")] = None
    forest_land: Annotated[Land | None, Field(title="林地面积（百分之一亩）")] = None
    grassland: Annotated[Land | None, Field(title="牧草地面积（百分之一亩）")] = None
    water_surface: Annotated[Land | None, Field(title="水面面积（百分之一亩）")] = None
    road: Annotated[Road | None, Field(title="入户路类型")] = None
    distance_to_road: Annotated[Land | None, Field(title="与村主干路距离（米）")] = None
    electricity: Annotated[bool | None, Field(strict=True, title="生活用电")] = None
    broadband: Annotated[bool | None, Field(strict=True, title="通宽带或广播电视")] = None
    sanitary_toilet: Annotated[bool | None, Field(strict=True, title="卫生厕所")] = None
    fuel: Annotated[Fuel | None, Field(title="主要燃料类型")] = None
    in_cooperative: Annotated[bool | None, Field(strict=True, title="加入农民专业合作社")] = None
    with_leading_firm: Annotated[bool | None, Field(strict=True, title="有龙头企业带动")] = None


class ConditionsIn(Conditions, ToldIn):
    pass


class ConditionsOut(Conditions, ToldOut):
    pass


@router.put("", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_conditions(household_id: UUID, body: ConditionsIn, telling: TellingDep) -> ConditionsOut:
    reachable(telling.session, household_id, lock=True)
    record(telling, HouseholdConditions, {"household_id": household_id}, body, ConditionsOut.of)
    stands = shown(telling.session, household_id, Asked(telling.today))
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("household:read")], responses=SEEN)
def get_conditions(household_id: UUID, asked: AskedDep, session: SessionDep, edit: EditDep) -> ConditionsOut:
    reachable(session, household_id)
    told = shown(session, household_id, asked)
    edit.told(told if told.since else None)
    return told


def shown(session: Session, household_id: UUID, asked: Asked) -> ConditionsOut:
    return ConditionsOut.of(newest(session, HouseholdConditions, {"household_id": household_id}, asked))
