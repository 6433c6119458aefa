"""Work that goes on after its answer: 202, and an address where who asked, and the offices, see how far it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.kit.post.events import source_of
from services.kit.store.db import SessionDep
from services.kit.store.tables import Job
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere

READ_ALL = "operation:read"

State = Literal["waiting", "under_way", "done", "dead"]


class OperationOut(BaseModel):
    """`progress` in per cent, where the work can tell. `problem` is the code of what stopped the last try, or
    of what it ended with."""

    id: UUID
    kind: str
    state: State
    progress: Annotated[int | None, Field(title="进度（%）")]
    problem: Annotated[str | None, Field(title="最近一次失败的原因代码")]
    due_at: datetime
    done_at: datetime | None
    dead_at: datetime | None


def operations(service: str, rights: Mapping[str, frozenset[str]]) -> APIRouter:
    router = APIRouter(prefix=f"{source_of(service)}/operations", tags=["operations"])

    @router.get("/{operation_id}")
    def get_operation(operation_id: UUID, session: SessionDep, caller: CallerDep) -> OperationOut:
        """Of somebody else's, and of what never was, the same 404. What the work is about is not told."""
        job = session.get(Job, operation_id)
        sees_all = READ_ALL in caller.scopes or not rights[READ_ALL].isdisjoint(caller.roles)
        if job is None or not (sees_all or job.asked_by == caller.subject):
            raise NotThere
        told = job.model_dump(include=set(OperationOut.model_fields) - {"state"})
        return OperationOut(**told, state=state_of(job))

    return router


def state_of(job: Job) -> State:
    if job.done_at:
        return "done"
    if job.dead_at:
        return "dead"
    return "under_way" if job.attempts else "waiting"


def accepted(response: Response, service: str, operation_id: UUID) -> None:
    """What the endpoint answers with its 202: where to look."""
    response.status_code = 202
    response.headers["Location"] = f"{source_of(service)}/operations/{operation_id}"
