"""A household's drinking water by its four indicators: quantity, quality, convenience, reliability (T/CHES 18-2018,
农村饮水安全评价准则). Each threshold is a standard of the county; what is unknown stays unknown."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.households.facts import facts_changed
from services.households.models.living import WaterFinding
from services.households.models.register import Household
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
from services.kit.store.reference import StandardKey, standard
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WRITTEN_NUMBER

router = APIRouter(prefix="/v1/households/{household_id}/water", tags=["living"])

LITRES = StandardKey("water_litres", "number", "升/人·日", "饮水水量下限", "Least water a person and day")
MINUTES = StandardKey(
    "water_fetch_minutes", "number", "分钟", "取水往返时间上限", "Longest way to fetch water and back"
)
METRES = StandardKey("water_fetch_metres", "number", "米", "取水水平距离上限", "Farthest water to fetch")
CLIMB = StandardKey("water_fetch_climb", "number", "米", "取水垂直距离上限", "Highest climb to fetch water")
OUTAGE = StandardKey("water_outage_days", "number", "天/年", "累计断水天数上限", "Most days without water a year")
STANDARDS = (LITRES, MINUTES, METRES, CLIMB, OUTAGE)

Count = Annotated[int, Field(ge=0, le=10_000), WRITTEN_NUMBER]
Days = Annotated[int, Field(ge=0, le=366), WRITTEN_NUMBER]


class Water(BaseModel):
    """Quality is what a laboratory reported or, of scattered supplies, what was seen, asked, smelled and tasted."""

    model_config = ConfigDict(extra="forbid")

    litres: Annotated[Count | None, Field(title="水量（升/人·日）")] = None
    quality: Annotated[bool | None, Field(strict=True, title="水质达标")] = None
    quality_basis: Annotated[Literal["report", "senses"] | None, Field(title="水质依据（检测报告、望闻问尝）")] = None
    quality_report: Annotated[str | None, Field(min_length=1, max_length=100, title="检测报告编号")] = None
    piped: Annotated[bool | None, Field(strict=True, title="自来水入户")] = None
    fetch_minutes: Annotated[Count | None, Field(title="取水往返时间（分钟）")] = None
    fetch_metres: Annotated[Count | None, Field(title="取水水平距离（米）")] = None
    fetch_climb: Annotated[Count | None, Field(title="取水垂直距离（米）")] = None
    outage_days: Annotated[Days | None, Field(title="一年累计断水天数")] = None


class WaterIn(Water, ToldIn):
    pass


class WaterOut(Water, ToldOut):
    """`enough`, `near`, `reliable`, `safe`: by the standards of the day it was seen."""

    enough: bool | None = None
    near: bool | None = None
    reliable: bool | None = None
    safe: bool | None = None


@router.put("", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_water(household_id: UUID, body: WaterIn, telling: TellingDep) -> WaterOut:
    """Of an earlier day than the newest it is kept, and changes nothing of what holds today."""
    household, of = reachable(telling.session, household_id, lock=True), {"household_id": household_id}
    judged = judge(telling.session, household, body)
    row = record(telling, WaterFinding, of, body, WaterOut.of, **judged)
    if row and holds(telling, WaterFinding, of, row):
        household.safe_water = row.safe
        facts_changed(telling.session, [household_id], telling.now)
    stands = shown(telling.session, household_id, Asked(telling.today))
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("household:read")], responses=SEEN)
def get_water(household_id: UUID, asked: AskedDep, session: SessionDep, edit: EditDep) -> WaterOut:
    reachable(session, household_id)
    told = shown(session, household_id, asked)
    edit.told(told if told.since else None)
    return told


def shown(session: Session, household_id: UUID, asked: Asked) -> WaterOut:
    return WaterOut.of(newest(session, WaterFinding, {"household_id": household_id}, asked))


def judge(session: Session, household: Household, body: WaterIn) -> dict[str, bool | None]:
    """Asks the county for those standards alone that something was measured for."""

    def within(measured: int | None, most: StandardKey) -> bool | None:
        return None if measured is None else measured <= standard(session, most, household.village, body.since)

    enough = None
    if body.litres is not None:
        enough = body.litres >= standard(session, LITRES, household.village, body.since)
    ways = (within(body.fetch_minutes, MINUTES), within(body.fetch_metres, METRES), within(body.fetch_climb, CLIMB))
    near = any_holds((body.piped, *ways))
    reliable = within(body.outage_days, OUTAGE)
    safe = all_hold((enough, body.quality, near, reliable))
    return {"enough": enough, "near": near, "reliable": reliable, "safe": safe}


def all_hold(verdicts: Sequence[bool | None]) -> bool | None:
    """One that fails decides; else one that is unknown leaves it unknown."""
    return False if False in verdicts else None if None in verdicts else True


def any_holds(verdicts: Sequence[bool | None]) -> bool | None:
    """One that holds decides; else one that is unknown leaves it unknown."""
    return True if True in verdicts else None if None in verdicts else False
