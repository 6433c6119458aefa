"""What a phone needs to work where there is no signal: all of it once, and from then on what has changed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.attendance.policy import allow
from services.attendance.sync.cursors import Cursor, Horizon, Mark
from services.attendance.sync.frame import frame_of
from services.attendance.sync.lines import Line, Reading, lines_of
from services.attendance.sync.rows import Kind, SyncLine
from services.attendance.sync.scopes import Held, departed_since, own_cadre, scopes_of, turned
from services.attendance.sync.words import DIGEST
from services.attendance.visits.contents import Moment
from services.kit.store.db import Now, SessionDep
from services.kit.web.auth import CallerDep

router = APIRouter(prefix="/v1/sync", tags=["sync"])

FORM = 1  # of the lines

Kept = Annotated[str, Query(max_length=2_000, pattern=r"^[A-Za-z0-9_=-]+$", title="上次得到的 cursor 或 next")]
Most = Annotated[int, Query(ge=1, le=1000, title="每页条数")]


class LinesFile(Response):
    media_type = "application/x-ndjson"


class Begin(BaseModel):
    op: str = "begin"
    form: int = FORM
    day: date
    server_time: Moment


class End(BaseModel):
    """A file without it was cut on the way: nothing of it counts."""

    op: str = "end"
    lines: int
    cursor: str


class ChangesOut(BaseModel):
    """Apply the lines in their order. `more`: ask at once for the rest with `next`; else keep `next` for the next
    time."""

    server_time: Moment
    day: date
    lines: Annotated[list[SyncLine], Field(title="变更")]
    more: bool
    next: str


@router.get("/snapshot", dependencies=[allow("sync:read")], response_class=LinesFile)
def get_sync_snapshot(request: Request, session: SessionDep, caller: CallerDep, now: Now) -> LinesFile:
    """JSON lines: `begin`, the scopes that hold today, their rows, and `end` with the cursor of what follows."""
    horizon, today = Horizon.now(session), now.date()
    cadre = own_cadre(session, caller.subject).id
    held = [one for one in scopes_of(session, cadre, horizon) if one.holds(today)]
    reading = Reading(session, horizon, today, cadre, held)
    rows = [row_of(line) for line in (*frame_of(reading), *lines_of(reading)) if line.row]
    lines = sorted((*map(joined, held), *rows), key=lambda line: line.key)
    mark = Cursor(cadre, horizon.history, DIGEST, Mark(horizon.final, today))
    cursor = mark.closed(request.app.state.seal, caller.subject)
    told: list[BaseModel] = [Begin(day=today, server_time=now), *lines, End(lines=len(lines), cursor=cursor)]
    return LinesFile("".join(f"{one.model_dump_json()}\n" for one in told))


@router.get("/changes", dependencies=[allow("sync:read")])
def get_sync_changes(
    request: Request, session: SessionDep, caller: CallerDep, now: Now, cursor: Kept, limit: Most = 500
) -> ChangesOut:
    """What has changed since the cursor was given, by whomever, and what joined or left the caller's scope meanwhile. A
    line may be told more than once, and none is passed over."""
    horizon, today, seal = Horizon.now(session), now.date(), request.app.state.seal
    kept = Cursor.opened(cursor, seal, caller.subject)
    cadre = own_cadre(session, caller.subject).id
    kept.refuse_unless_it_goes_on(cadre, horizon, today)
    upto = kept.upto or Mark(horizon.final, today)
    lines = sorted(changed_since(session, cadre, kept, horizon, today), key=lambda line: line.key)
    rest = [line for line in lines if line.key > kept.after]
    page, more = rest[:limit], len(rest) > limit
    following = replace(kept, upto=upto, after=page[-1].key) if more else Cursor(cadre, kept.history, DIGEST, upto)
    told = following.closed(seal, caller.subject)
    return ChangesOut(server_time=now, day=today, lines=page, more=more, next=told)


def changed_since(session: Session, cadre: UUID, kept: Cursor, horizon: Horizon, today: date) -> Iterator[SyncLine]:
    since = kept.told
    scopes = scopes_of(session, cadre, horizon)
    moved = [one for one in scopes if one.moved(since, today)]
    yield from (left(one.kind, str(one.id)) for one in moved if not one.holds(today))
    yield from (left("pairing", str(one)) for one in departed_since(session, cadre, since, horizon, scopes))
    fresh = [one for one in moved if one.holds(today)]
    yield from map(joined, fresh)
    reading = Reading(session, horizon, today, cadre, [one for one in scopes if one.holds(today)])
    anew = {str(one.id) for one in fresh}
    for line in (*frame_of(reading), *lines_of(reading)):
        changed = line.changed > since.xid or turned(line.turns, since.day, today)
        of_a_new_place = bool(fresh) and line.kind == "standard"
        new_words = line.kind == "words" and kept.words != DIGEST
        if changed or new_words or ((line.scope in anew or of_a_new_place) and line.row):
            yield row_of(line)


def row_of(line: Line) -> SyncLine:
    return SyncLine(op="row" if line.row else "gone", scope=line.scope, kind=line.kind, id=line.id, row=line.row)


def joined(one: Held) -> SyncLine:
    return SyncLine(op="scope.joined", scope=str(one.id), kind=one.kind, id=str(one.id))


def left(kind: Kind, scope: str) -> SyncLine:
    return SyncLine(op="scope.left", scope=scope, kind=kind, id=scope)
