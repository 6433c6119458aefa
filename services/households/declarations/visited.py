"""A visit that alerts has sent out has answered a declaration: told by it with its own credentials, in the name of who
said what the visit has shown."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import col

from services.households.declarations.decisions import accept, refuse
from services.households.declarations.status import State
from services.households.models.register import Household
from services.households.models.voices import REASON, SelfDeclaration
from services.households.policy import allow
from services.kit.post.events import source_of
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.web.errors import found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix=f"{source_of('households')}/declaration-outcomes", tags=["self-declarations"])

NOT_SO = "入户核实后认为与申报的情况不符。情况有变化的，可重新申报。 / A visit found otherwise. You may declare anew."


class DeclarationOutcomeIn(BaseModel):
    """`decided_by` is the account of who judged it."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[UUID, Field(title="申报编号")]
    outcome: Annotated[Literal["confirmed", "dismissed"], Field(title="核实结果")]
    decided_by: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", title="核实人")]


class DeclarationOutcomeOut(BaseModel):
    """How it stands now."""

    id: UUID
    state: State


@router.post("", dependencies=[allow("case:open")], openapi_extra=repeatable("body.id"))
def create_declaration_outcome(
    body: DeclarationOutcomeIn, request: Request, session: UnboundSessionDep, now: Now
) -> DeclarationOutcomeOut:
    """What an office has decided, and what has ended undecided, stays as it is."""
    row = found(session.scalar(select(SelfDeclaration).where(col(SelfDeclaration.id) == body.id).with_for_update()))
    if row.state == "received" and row.household_id and not row.purged_at:
        if body.outcome == "confirmed":
            accept(session, row, session.get_one(Household, row.household_id), body.decided_by, now)
        else:
            refuse(session, row, body.decided_by, now)
            row.sealed_reason = request.app.state.seal.close(NOT_SO, REASON.place(row.id))
    return DeclarationOutcomeOut.model_validate(row.model_dump(include={"id", "state"}))
