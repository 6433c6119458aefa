"""Whether a member is entered with the family, lives with it, and usually lives there: who counts as its persons."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.households.facts import facts_changed
from services.households.models.people import PersonResidence
from services.households.policy import allow
from services.households.register.members import member_of
from services.households.register.told import Asked, AskedDep, TellingDep, ToldIn, ToldOut, newest, record, standing
from services.kit.store.db import SessionDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/households/{household_id}/members/{person_id}/residence", tags=["members"])


class Residence(BaseModel):
    model_config = ConfigDict(extra="forbid")

    registered: Annotated[bool | None, Field(strict=True, title="户籍在本户")] = None
    lives_together: Annotated[bool | None, Field(strict=True, title="共同生活")] = None
    usually_resident: Annotated[bool | None, Field(strict=True, title="常住")] = None


class ResidenceIn(Residence, ToldIn):
    pass


class ResidenceOut(Residence, ToldOut):
    pass


@router.put("", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_residence(household_id: UUID, person_id: UUID, body: ResidenceIn, telling: TellingDep) -> ResidenceOut:
    """By the standard `income_divisor` it says among how many income is divided (docs/income.md)."""
    of = {"person_id": person_id}
    member_of(telling.session, Asked(telling.today), household_id, person_id, lock=True)
    if record(telling, PersonResidence, of, body, ResidenceOut.of):
        facts_changed(telling.session, [household_id], telling.now)
    stands = ResidenceOut.of(standing(telling, PersonResidence, of))
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("household:read")], responses=SEEN)
def get_residence(
    household_id: UUID, person_id: UUID, asked: AskedDep, session: SessionDep, edit: EditDep
) -> ResidenceOut:
    member_of(session, asked, household_id, person_id)
    held = newest(session, PersonResidence, {"person_id": person_id}, asked)
    edit.told(ResidenceOut.of(held) if held else None)
    return ResidenceOut.of(held)
