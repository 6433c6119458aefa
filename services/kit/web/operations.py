"""Work that goes on after its answer: 202, and an address where who asked, and the offices, see how far it is."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import Engine
from sqlmodel import Session

from services.kit.post.events import source_of
from services.kit.store.db import SessionDep, open_session
from services.kit.store.scope import unbind
from services.kit.store.tables import Job
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import NotThere

READ_ALL = "operation:read"

BETWEEN_LOOKS = 0.5  # seconds
HEARTBEAT = 15.0  # seconds; proxies take a silence of a minute for the end
LONGEST = 600.0  # seconds, the life of a token

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


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


def operations(service: str, rights: Mapping[str, frozenset[str]]) -> APIRouter:
    router = APIRouter(prefix=f"{source_of(service)}/operations", tags=["operations"])

    def look(session: Session, operation_id: UUID, caller: Caller) -> OperationOut:
        job = session.get(Job, operation_id, populate_existing=True)
        sees_all = READ_ALL in caller.scopes or not rights[READ_ALL].isdisjoint(caller.roles)
        if job is None or not (sees_all or job.asked_by == caller.subject):
            raise NotThere
        told = job.model_dump(include=set(OperationOut.model_fields) - {"state"})
        return OperationOut(**told, state=state_of(job))

    @router.get("/{operation_id}")
    def get_operation(operation_id: UUID, session: SessionDep, caller: CallerDep) -> OperationOut:
        """Of somebody else's, and of what never was, the same 404. What the work is about is not told."""
        return look(session, operation_id, caller)

    @router.get("/{operation_id}/stream", response_class=EventStream)
    def stream_operation(
        operation_id: UUID, request: Request, session: SessionDep, caller: CallerDep
    ) -> StreamingResponse:
        """Server-sent events: `operation` as it is read by GET, now and at each change, until it is done or dead; a
        comment every 15 seconds. It ends after ten minutes, as tokens do."""
        look(session, operation_id, caller)
        engine: Engine = request.app.state.engine

        def look_again() -> OperationOut:
            with open_session(engine) as own:
                unbind(own)
                return look(own, operation_id, caller)

        return EventStream(changes(look_again), headers={"X-Accel-Buffering": "no"})

    return router


async def changes(look: Callable[[], OperationOut], heartbeat: float = HEARTBEAT) -> AsyncIterator[str]:
    """Between two looks it holds neither a connection nor a thread."""
    before, since, until = None, time.monotonic(), time.monotonic() + LONGEST
    while time.monotonic() < until:
        operation = await to_thread.run_sync(look)
        if operation != before:
            before, since = operation, time.monotonic()
            yield f"event: operation\ndata: {operation.model_dump_json()}\n\n"
        elif time.monotonic() - since >= heartbeat:
            since = time.monotonic()
            yield ": still here\n\n"
        if operation.state in ("done", "dead"):
            return
        await asyncio.sleep(BETWEEN_LOOKS)


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
