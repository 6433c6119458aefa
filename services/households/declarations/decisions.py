"""An office takes a declaration up for a household, or refuses it with the reason the villager then reads."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.households.declarations.queue import DeclarationOut, declared, shown
from services.households.models.register import Household
from services.households.models.voices import REASON, SelfDeclaration
from services.households.policy import allow
from services.households.reach import reachable
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/self-declarations/{declaration_id}/decision", tags=["self-declarations"])

ACCEPTED, REFUSED = "self_declaration.accepted", "self_declaration.refused"


class DecisionIn(BaseModel):
    """`household_id` where the declaration has found none, or another than it found."""

    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[Literal["accepted", "refused"], Field(title="决定")]
    household_id: Annotated[UUID | None, Field(title="所属农户")] = None
    reason: Annotated[str | None, Field(min_length=4, max_length=500, title="不予受理的理由")] = None


class HouseholdWanting(DomainError):
    zh = "受理前须写明属于哪一户。"
    en = "Say which household it is of before it is accepted."


class ReasonWanting(DomainError):
    zh = "不予受理须写明理由，申报人可以看到。"
    en = "A refusal has a reason, which the declarant reads."


class DeclarationOver(DomainError):
    status = 409
    zh = "这份申报保存期已满，内容已删除；请申报人重新申报。"
    en = "It was kept for its days and its words are gone. The declarant may declare anew."


class DecidedAlready(DomainError):
    status = 409
    zh = "这份申报已有决定，不能更改；可由申报人重新申报。"
    en = "It has been decided, and that stands. The declarant may declare anew."


@router.put("", dependencies=[allow("voice:answer")], openapi_extra=repeatable("path"))
def put_declaration_decision(
    declaration_id: UUID, body: DecisionIn, request: Request, session: SessionDep, caller: CallerDep,
    today: Today, now: Now,
) -> DeclarationOut:  # fmt: skip
    """The same decision sent again changes nothing. Nothing is ever overwritten, so no ETag is asked for."""
    seal, row = request.app.state.seal, declared(session, declaration_id, lock=True)
    if row.state != "received":
        refuse_another(seal, row, body)
    elif row.purged_at:
        raise DeclarationOver
    else:
        decide(session, seal, row, body, caller.subject, now)
    return shown(seal, row, today)


def decide(
    session: Session, seal: Seal, row: SelfDeclaration, body: DecisionIn, decided_by: str, now: datetime
) -> None:
    if body.outcome == "accepted":
        wanted = body.household_id or row.household_id
        if wanted is None:
            raise HouseholdWanting
        accept(session, row, reachable(session, wanted), decided_by, now)
    elif body.reason is None:
        raise ReasonWanting
    else:
        refuse(session, row, decided_by, now)
    if body.reason:
        row.sealed_reason = seal.close(body.reason, REASON.place(row.id))


def refuse(session: Session, row: SelfDeclaration, decided_by: str, now: datetime) -> None:
    row.state, row.decided_by, row.decided_at = "refused", decided_by, now
    emit(session, REFUSED, row.id, now, division=row.village, data={})


def accept(session: Session, row: SelfDeclaration, household: Household, decided_by: str, now: datetime) -> None:
    row.state, row.decided_by, row.decided_at = "accepted", decided_by, now
    row.household_id = household.id
    told = {"declaration_id": str(row.id), "household_id": str(household.id)}
    emit(session, ACCEPTED, household.id, now, division=household.village, data=told)


def refuse_another(seal: Seal, row: SelfDeclaration, body: DecisionIn) -> None:
    reason = seal.open(row.sealed_reason, REASON.place(row.id)) if row.sealed_reason else None
    same_household = body.household_id in (None, row.household_id)
    if row.purged_at or (row.state, reason) != (body.outcome, body.reason) or not same_household:
        raise DecidedAlready
