"""A record of what was received, withdrawn: it was a mistake. It stays to be read, with the reason."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import col

from services.households.help.received import ReceivedOut
from services.households.models.help import Received
from services.households.policy import allow
from services.households.reach import reachable
from services.kit.store.db import Now, SessionDep
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/households/{household_id}/received", tags=["help"])


class WithdrawnIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    because: Annotated[str, Field(min_length=4, max_length=200, title="撤回原因")]


class WithdrawnBefore(DomainError):
    status = 409
    zh = "这条记录已因另一原因撤回。"
    en = "That record has been withdrawn for another reason."


@router.put("/{received_id}/withdrawn", dependencies=[allow("household:write")], openapi_extra=repeatable("path"))
def put_received_withdrawn(
    household_id: UUID,
    received_id: UUID,
    body: WithdrawnIn,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    now: Now,
) -> ReceivedOut:
    reachable(session, household_id, lock=True)
    mine = select(Received).where(col(Received.id) == received_id, col(Received.household_id) == household_id)
    row = found(session.scalar(mine))
    if row.withdrawn_because not in (None, body.because):
        raise WithdrawnBefore
    if row.withdrawn_because is None:
        row.withdrawn_at, row.withdrawn_by, row.withdrawn_because = now, caller.subject, body.because
    return ReceivedOut.of(row, request.app.state.seal)
