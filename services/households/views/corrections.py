"""A household says that its record is wrong, or complains. It reads the answer by the same code."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.declarations.due import CORRECTION_DAYS, due_day, written_day
from services.households.declarations.hearing import HEARD, VILLAGER, WrittenCode
from services.households.models.register import Household
from services.households.models.voices import ANSWER, ASKED, Correction
from services.households.views.codes import household_of
from services.kit.post.events import emit
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.sealed import take_turn
from services.kit.web.audited import acts, tell
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/household-views/corrections", tags=["household views"])

Kind = Literal["correction", "complaint"]
FILED = "correction.filed"


class CorrectionIn(BaseModel):
    """`id` is the household's own and makes the write repeatable."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    code: WrittenCode
    kind: Annotated[Kind, Field(title="更正或投诉")]
    text: Annotated[str, Field(min_length=2, max_length=1_000, title="内容")]


class CorrectionOut(BaseModel):
    """`answer` is the office's reason, whatever the outcome."""

    id: UUID
    kind: Kind
    text: str
    due_on: Annotated[date | None, Field(title="最迟答复日")]
    outcome: Literal["granted", "declined"] | None
    answer: str | None


class FiledBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份内容不同的更正或投诉。"
    en = "That id stands for another correction or complaint already."


@router.post("", status_code=201, dependencies=[HEARD], openapi_extra=repeatable("body.id"))
def create_correction(
    body: CorrectionIn, request: Request, session: UnboundSessionDep, today: Today, now: Now
) -> CorrectionOut:
    """A wrong code stands in the audit too."""
    acts(request, VILLAGER)
    seal = request.app.state.seal
    household = household_of(session, seal, body.code, today)
    tell(request, household.id, body.id, division=household.village)
    take_turn(session, f"correction:{body.id}")
    if held := session.get(Correction, body.id):
        return told_again(seal, held, household, body)
    filed = Correction(
        id=body.id,
        household_id=household.id,
        kind=body.kind,
        sealed_text=seal.close(body.text, ASKED.place(body.id)),
        filed_at=now,
        due_on=due_day(session, CORRECTION_DAYS, household.village, today),
    )
    session.add(filed)
    told = {"kind": filed.kind, "due_on": written_day(filed.due_on)}
    emit(session, FILED, filed.id, now, division=household.village, data=told)
    return shown(seal, filed)


def told_again(seal: Seal, held: Correction, household: Household, body: CorrectionIn) -> CorrectionOut:
    said = shown(seal, held)
    if (held.household_id, said.kind, said.text) != (household.id, body.kind, body.text):
        raise FiledBefore
    return said


def shown(seal: Seal, row: Correction) -> CorrectionOut:
    told = {
        "text": seal.open(row.sealed_text, ASKED.place(row.id)),
        "answer": seal.open(row.sealed_answer, ANSWER.place(row.id)) if row.sealed_answer else None,
    }
    return CorrectionOut.model_validate(row.model_dump(include={"id", "kind", "due_on", "outcome"}) | told)


def corrections_of(session: Session, seal: Seal, household_id: UUID) -> list[CorrectionOut]:
    mine = select(Correction).where(col(Correction.household_id) == household_id)
    return [shown(seal, row) for row in session.scalars(mine.order_by(col(Correction.filed_at)).limit(60))]
