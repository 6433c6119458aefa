"""A code by which a household sees what is held about it: printed or sent by an office, shown once."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlmodel import Session, col

from services.households.declarations.hearing import new_code
from services.households.models.register import Household
from services.households.models.voices import ViewCode
from services.households.policy import allow
from services.households.reach import reachable
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.store.reference import StandardKey, standard
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import Repeatable, repeatable

router = APIRouter(prefix="/v1/households/{household_id}/view-codes", tags=["household views"], route_class=Repeatable)

CODE_DAYS = StandardKey("view_code_days", "number", "日", "农户查询码有效天数", "Days a household's code is valid")
SHOWN_FOR = timedelta(minutes=10)  # a lost answer is told again; then a new code is made


class CodeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID


class CodeOut(BaseModel):
    """To be handed to the household's head and to nobody else. It opens until the end of `last_day`."""

    id: UUID
    code: Annotated[str, Field(title="查询码")]
    last_day: Annotated[date, Field(title="有效期至")]


class CodeShownBefore(DomainError):
    status = 409
    zh = "这个编号的查询码已经给出过，不再显示；请另发一个。"
    en = "The code of that id has been shown, and is shown once. Please make another."


@router.post(
    "", status_code=201, dependencies=[allow("view-code:write")], openapi_extra=repeatable("body.id", SHOWN_FOR)
)
def create_view_code(
    household_id: UUID, body: CodeIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> CodeOut:
    """The one before opens nothing any more."""
    household = reachable(session, household_id, lock=True)
    if session.get(ViewCode, body.id):
        raise CodeShownBefore
    earlier = (col(ViewCode.household_id) == household_id, col(ViewCode.ended_at).is_(None))
    session.execute(update(ViewCode).where(*earlier).values(ended_at=now))
    code, days = new_code(), standard(session, CODE_DAYS, household.village, today)
    issued = ViewCode(
        id=body.id,
        household_id=household_id,
        code_index=request.app.state.seal.index(indexed(code)),
        issued_by=caller.subject,
        issued_at=now,
        last_day=today + timedelta(days=int(days)),
    )
    session.add(issued)
    return CodeOut(id=issued.id, code=code, last_day=issued.last_day)


def indexed(code: str) -> str:
    """Apart from other indexed values."""
    return f"view-code {code.upper()}"


def household_of(session: Session, seal: Seal, code: str, today: date) -> Household:
    """A code that never was, one whose days are over and one another has replaced are answered alike."""
    opening = select(Household).join(ViewCode, col(ViewCode.household_id) == Household.id)
    holds = (col(ViewCode.ended_at).is_(None), col(ViewCode.last_day) >= today)
    return found(session.scalar(opening.where(col(ViewCode.code_index).in_(seal.indexes(indexed(code))), *holds)))
