"""A file taken back: what it brought goes, what it changed is as before. All of it, or nothing and the rows that stand
in the way: somebody may have built on a row since."""

import json
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.facts import facts_changed_in_bulk
from services.households.imports import undo_cases, undo_help, undo_households, undo_members, undo_statements
from services.households.imports.batches import written
from services.households.imports.outcomes import BatchOut, own_batch, shown
from services.households.imports.upload import Brought, State, Upload, one_at_a_time
from services.households.models.imports import STATE_BEFORE, ImportBatch, ImportRow
from services.households.policy import allow
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.operations import accepted
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/household-import-batches", tags=["imports"])

KINDS: Mapping[str, Any] = {
    "households": undo_households,
    "members": undo_members,
    "statements": undo_statements,
    "received": undo_help.RECEIVED,
    "measures": undo_help.MEASURES,
    "cases": undo_cases,
}
NAMED = 100  # rows in the refusal
UNDO = "undo-import"
BY_THE_WORKER = {"cases"}  # whatever their number: an API may delete no entry of a case
AT_ONCE = 10_000  # rows that are taken back within a request


class UndoneIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    undone: Annotated[bool, Field(strict=True, title="撤销")]


class ImportUnderWay(DomainError):
    status = 409
    zh = "这个文件还在导入，请等它完成后再撤销。"
    en = "The file is still being taken in. Wait until it is done."


class BuiltUponSince(DomainError):
    """`detail` names the rows."""

    status = 409
    zh = "有些行的内容此后又有变化，整个文件没有撤销。"
    en = "Some rows have been changed or built upon since. Nothing of the file was taken back."


class NothingElse(DomainError):
    zh = "只能写 true：撤销后不能恢复，请重新导入文件。"
    en = "It can only be true: what was taken back is sent again as a file."


@router.put(
    "/{batch_id}/undone",
    dependencies=[allow("household:import")],
    openapi_extra=repeatable("path"),
    responses={202: {"model": BatchOut}},
)
def put_import_undone(
    batch_id: UUID,
    body: UndoneIn,
    request: Request,
    response: Response,
    session: UnboundSessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
) -> BatchOut:
    """By who sent it, within the places that are that person's now. The verdicts stay to be read. More than ten
    thousand rows, and cases, are taken back by the worker: 202, and where to look."""
    if not body.undone:
        raise NothingElse
    batch = own_batch(session, batch_id, lock=True)
    if batch.done_at is None:
        raise ImportUnderWay
    if batch.undone_at is None and (batch.stored > AT_ONCE or batch.kind in BY_THE_WORKER):
        operation = enqueue(session, UNDO, str(batch.id), now, asked_by=caller.subject)
        accepted(response, "households", operation)
    elif batch.undone_at is None:
        seal, demo = request.app.state.seal.pinned(), request.app.state.settings.demo_people
        tell(request, rows=batch.stored)
        take_back(Upload(session, scope_of(session), seal, caller.subject, today, now, demo), batch)
    return shown(session, batch)


def take_back(upload: Upload, batch: ImportBatch) -> None:
    one_at_a_time(upload.session, batch.kind)
    kind = KINDS[batch.kind]
    brought = brought_by(upload.session, upload.seal, batch)
    kind.lock(upload, [one.subject for one in brought])
    held: Mapping[UUID, State] = kind.states(upload, [one.subject for one in brought])
    news = {one.subject for one in brought if one.before is None}
    in_the_way = kind.built_upon(upload, sorted(news))
    numbers = [
        one.number
        for one in brought
        if one.subject in in_the_way or not as_left(upload.seal, held.get(one.subject), one.after)
    ]
    if numbers:
        raise BuiltUponSince(", ".join(map(str, numbers[:NAMED])))
    changed = kind.restore(upload, brought)
    if changed:
        facts_changed_in_bulk(upload.session, changed, upload.now)
    batch.undone_at = upload.now


def brought_by(session: Session, seal: Seal, batch: ImportBatch) -> list[Brought]:
    wanted = select(ImportRow).where(col(ImportRow.batch_id) == batch.id, col(ImportRow.outcome) == "stored")
    return [
        Brought(row.number, row.subject, row.after or b"", before_of(seal, row))
        for row in session.scalars(wanted.order_by(col(ImportRow.number)))
        if row.subject
    ]


def before_of(seal: Seal, row: ImportRow) -> State | None:
    if row.sealed_before is None:
        return None
    before: State = json.loads(seal.open(row.sealed_before, STATE_BEFORE.place(row.id)))
    return before


def as_left(seal: Seal, held: State | None, after: bytes) -> bool:
    """Whether it still holds what the file left there. Under a key that was retired since, nobody can tell."""
    return held is not None and after in seal.indexes(written(held))
