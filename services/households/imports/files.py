"""Households, members, statements and help as files: a verdict per row, sound rows stored in sets, twice is harmless.

A small file is answered at once. A larger one is kept under seal and taken in by the worker (import_job.py), with the
same code, part by part.
"""

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from sqlmodel import Session

from services.households.imports.batches import headers_of, rows_left, take_part
from services.households.imports.job import IMPORT
from services.households.imports.mapping import read_mapping
from services.households.imports.outcomes import BatchOut, shown
from services.households.imports.remembered import with_its_mapping
from services.households.imports.upload import Upload
from services.households.models.imports import FILE_PIECE, ImportBatch, ImportPiece
from services.households.pieces import keep_file
from services.households.policy import allow
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.operations import accepted
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable
from services.kit.web.sheets import LARGEST, FileTooLarge, read_lines

router = APIRouter(prefix="/v1/household-imports", tags=["imports"], route_class=Repeatable)

AT_ONCE = 256 * 1024  # bytes of a file: two or three thousand rows


@router.post(
    "/{kind}",
    status_code=201,
    dependencies=[allow("household:import")],
    openapi_extra=repeatable(HEADER, KEPT_FOR),
    responses={202: {"model": BatchOut}},
)
def create_import(
    kind: Literal["households", "members", "statements", "received", "measures", "cases"],
    file: Annotated[UploadFile, File()],
    request: Request,
    response: Response,
    session: UnboundSessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
    mapping: Annotated[str | None, Form(max_length=8_000, title="列对应关系（JSON）")] = None,
) -> BatchOut:
    """XLSX or CSV (UTF-8, GB18030) with the Chinese headers of docs/operations.md, or with those that `mapping` names:
    once, since the next file of that kind with the same header is taken by it too. A small file is answered at once,
    all in one transaction; a larger one with 202 and where to look. Rows of places outside the caller's are refused by
    row."""
    content = file.file.read()
    scope = scope_of(session)
    batch = ImportBatch(
        kind=kind,
        asked_by=caller.subject,
        roles=sorted(session.info["binding"].asked().roles),
        sha256=sha256(content).hexdigest(),
        mapping={} if mapping is None else read_mapping(mapping, headers_of(kind)).model_dump(),
        created_at=now,
    )
    tell(request, batch.id)
    seal, demo = request.app.state.seal.pinned(), request.app.state.settings.demo_people
    if len(content) > AT_ONCE:
        tell(request, bytes=len(content))
        ask_for_it(session, seal, batch, content, response)
    else:
        take_at_once(Upload(session, scope, seal, caller.subject, today, now, demo), batch, content)
        tell(request, rows=batch.reached - 1)
    tell(request, sha256=batch.sha256)  # of a table alone: the digest of a file that is but a number would tell it
    return shown(session, batch)


def take_at_once(upload: Upload, batch: ImportBatch, content: bytes) -> None:
    rows = list(rows_left(batch, with_its_mapping(upload.session, batch, read_lines(content))))
    upload.session.add(batch)
    upload.session.flush()
    if rows:
        take_part(upload, batch, rows)
    batch.done_at = upload.now


def ask_for_it(session: Session, seal: Seal, batch: ImportBatch, content: bytes, response: Response) -> None:
    if len(content) > LARGEST:
        raise FileTooLarge
    session.add(batch)
    session.flush()
    keep_file(session, seal, FILE_PIECE, ImportPiece, content, batch_id=batch.id)
    operation = enqueue(session, IMPORT, str(batch.id), batch.created_at, asked_by=batch.asked_by)
    accepted(response, "households", operation)
