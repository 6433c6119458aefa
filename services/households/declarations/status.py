"""How far a declaration is: for whoever holds its receipt. Number and secret stand in the body, never in an address."""

import hmac
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import col

from services.households.declarations.hearing import HEARD, VILLAGER, WrittenCode
from services.households.declarations.outcome import told_of
from services.households.models.voices import REASON, SECRET, SelfDeclaration
from services.kit.store.db import UnboundSessionDep
from services.kit.web.audited import acts
from services.kit.web.errors import NotThere
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/self-declaration-status", tags=["self-declarations"])

State = Literal["received", "accepted", "refused"]


class StatusAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, Field(pattern=r"^[0-9]{12}$", title="回执号")]
    secret: WrittenCode


class StatusOut(BaseModel):
    """`reason` is why it was refused, as the office wrote it; `came_of_it`: of one that was
    accepted, how far its case is."""

    number: str
    state: Annotated[State, Field(title="办理状态")]
    received_on: date
    due_on: Annotated[date | None, Field(title="最迟答复日")]
    decided_on: date | None
    reason: Annotated[str | None, Field(title="不予受理的理由")]
    came_of_it_zh: Annotated[str | None, Field(title="办理进展")]
    came_of_it_en: str | None


@router.post("", dependencies=[HEARD], openapi_extra=repeatable("nothing is stored"))
def read_self_declaration_status(body: StatusAsked, request: Request, session: UnboundSessionDep) -> StatusOut:
    """A wrong number, a wrong secret and what has been purged are answered alike, and stand in the audit."""
    acts(request, VILLAGER)
    seal, zone = request.app.state.seal, request.app.state.settings.timezone
    held = session.scalar(select(SelfDeclaration).where(col(SelfDeclaration.number) == body.number))
    if held is None or held.sealed_secret is None:
        raise NotThere
    if not hmac.compare_digest(seal.open(held.sealed_secret, SECRET.place(held.id)), body.secret.upper()):
        raise NotThere
    came = told_of(session, held) or (None, None)
    return StatusOut.model_validate(
        {
            "number": held.number,
            "state": held.state,
            "received_on": held.received_at.astimezone(zone).date(),
            "due_on": held.due_on,
            "decided_on": held.decided_at.astimezone(zone).date() if held.decided_at else None,
            "reason": seal.open(held.sealed_reason, REASON.place(held.id)) if held.sealed_reason else None,
            "came_of_it_zh": came[0],
            "came_of_it_en": came[1],
        }
    )
