"""Where a household is registered and where it lives, beside the one village that manages it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.households.models.living import HouseholdPlaces
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.told import Asked, AskedDep, TellingDep, ToldIn, ToldOut, newest, record
from services.kit.store.db import SessionDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/households/{household_id}/places", tags=["living"])

Village = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Short = Annotated[str, Field(min_length=1, max_length=60)]
Long = Annotated[str, Field(min_length=1, max_length=200)]
SAID_BY = {"village": "living_village", "site": "living_site", "away": "living_destination"}


class Places(BaseModel):
    """It lives in a village, on a relocation site or away; `since` says from when."""

    model_config = ConfigDict(extra="forbid")

    registered_village: Annotated[Village | None, Field(title="户籍所在村")] = None
    registered_address: Annotated[Long | None, Field(title="户籍地址")] = None
    living_kind: Annotated[
        Literal["village", "site", "away"] | None, Field(title="居住情况（本村或他村、安置点、外出）")
    ] = None
    living_village: Annotated[Village | None, Field(title="居住村")] = None
    living_site: Annotated[Short | None, Field(title="易地搬迁安置点")] = None
    living_destination: Annotated[Long | None, Field(title="外出去向")] = None
    grid: Annotated[Short | None, Field(title="网格")] = None
    ten_household_unit: Annotated[Short | None, Field(title="十户联保单元")] = None


class PlacesIn(Places, ToldIn):
    pass


class PlacesOut(Places, ToldOut):
    """`managing_village` visits and counts it; moving a household there is an operation of its own."""

    managing_village: str = ""
    group_name: str = ""


class LivingPlaceUnclear(DomainError):
    zh = "居住情况须与居住村、安置点或外出去向中的一项相符，且只填这一项。"
    en = "Of village, site and destination the one is told that the kind of living place names, and no other."


@router.put("", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_places(household_id: UUID, body: PlacesIn, telling: TellingDep) -> PlacesOut:
    household = reachable(telling.session, household_id, lock=True)
    if {kind for kind, field in SAID_BY.items() if getattr(body, field)} != {body.living_kind} - {None}:
        raise LivingPlaceUnclear
    record(telling, HouseholdPlaces, {"household_id": household_id}, body, lambda held: placed(household, held))
    stands = shown(telling.session, household, Asked(telling.today))
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("household:read")], responses=SEEN)
def get_places(household_id: UUID, asked: AskedDep, session: SessionDep, edit: EditDep) -> PlacesOut:
    told = shown(session, reachable(session, household_id), asked)
    edit.told(told if told.since else None)
    return told


def shown(session: Session, household: Household, asked: Asked) -> PlacesOut:
    return placed(household, newest(session, HouseholdPlaces, {"household_id": household.id}, asked))


def placed(household: Household, row: HouseholdPlaces | None) -> PlacesOut:
    here = {"managing_village": household.village, "group_name": household.group_name}
    return PlacesOut.of(row).model_copy(update=here)
