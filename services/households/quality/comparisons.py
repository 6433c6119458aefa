"""The register against the national system's export, household by household and field by field; and a file of what to
correct there, in its own columns."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.imports.mapping import read_mapping
from services.households.models.imports import FILE_PIECE, ImportBatch, ImportPiece
from services.households.models.quality import THEIRS, RegisterDifference
from services.households.models.register import Household
from services.households.pieces import keep_file
from services.households.policy import allow
from services.households.quality.comparing import COMPARE, KIND, OF_MEMBERS
from services.households.quality.fields import FIELDS, NUMBER, Held, alike, held_of
from services.households.quality.member_fields import MEMBER_COLUMNS
from services.households.reach import HOUSEHOLDS
from services.households.search.filters import Place, lies_in
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, SessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of, scoped
from services.kit.web.audited import tell
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import found
from services.kit.web.limits import GUESS
from services.kit.web.operations import accepted
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable
from services.kit.web.sheets import LARGEST, FileTooLarge

router = APIRouter(
    prefix="/v1/comparison-imports",
    tags=["quality"],
    dependencies=[allow("household:import")],
    route_class=Repeatable,
)


COLUMNS = {"households": tuple(FIELDS), "members": MEMBER_COLUMNS}


class ComparisonOut(BaseModel):
    """Rows that agree, rows that differ, rows whose number is of no household within the caller's places or stands in
    an earlier row. `mapping_of`: as with imports."""

    id: UUID
    state: Literal["waiting", "done", "refused"]
    problem: Annotated[str | None, Field(title="文件不能比对的原因代码")]
    created_at: datetime
    agree: Annotated[int, Field(title="一致的行数")]
    differ: Annotated[int, Field(title="不一致的行数")]
    unknown: Annotated[int, Field(title="户编号未登记或重复的行数")]
    mapping_of: Annotated[UUID | None, Field(title="沿用了哪一次比对的列对应关系")]


class DifferenceOut(BaseModel):
    """Ours as it is now; `settled` where both agree by now."""

    household_id: UUID
    number: Annotated[str, Field(title="户编号")]
    row: Annotated[int, Field(title="文件行号")]
    field: Annotated[str, Field(title="字段")]
    ours: Annotated[str, Field(title="本系统")]
    theirs: Annotated[str, Field(title="对方系统")]
    settled: bool


@router.post("", status_code=202, openapi_extra=repeatable(HEADER, KEPT_FOR) | {GUESS: True})
def create_register_comparison(
    file: Annotated[UploadFile, File()],
    request: Request,
    response: Response,
    session: SessionDep,
    caller: CallerDep,
    now: Now,
    mapping: Annotated[str | None, Form(max_length=8_000, title="列对应关系（JSON）")] = None,
    about: Annotated[Literal["households", "members"], Form(title="每行所述：户或成员")] = "households",
) -> ComparisonOut:
    """XLSX or CSV with a column 户编号, ours or the national system's, and any of the others (docs/quality.md), or what
    `mapping` names, once for a header. Compared by the worker; nothing of the register changes. It tells of each
    household whether a telephone is the one that is held: of each one row counts, and a file costs a guess."""
    content = file.file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise FileTooLarge
    batch = ImportBatch(
        kind=OF_MEMBERS if about == "members" else KIND,
        asked_by=caller.subject,
        roles=sorted(session.info["binding"].asked().roles),
        sha256=sha256(content).hexdigest(),
        mapping={} if mapping is None else read_mapping(mapping, (NUMBER, *COLUMNS[about])).model_dump(),
        created_at=now,
    )
    scope_of(session)
    session.add(batch)
    session.flush()
    seal = request.app.state.seal.pinned()
    keep_file(session, seal, FILE_PIECE, ImportPiece, content, batch_id=batch.id)
    tell(request, batch.id, bytes=len(content))
    accepted(response, "households", enqueue(session, COMPARE, str(batch.id), now, asked_by=caller.subject))
    return shown(batch)


@router.get("/{comparison_id}")
def get_register_comparison(comparison_id: UUID, session: SessionDep) -> ComparisonOut:
    """Of whoever sent the file; of somebody else's the answer is 404."""
    return shown(own(session, comparison_id, None))


@router.get("/{comparison_id}/differences")
def list_register_differences(
    comparison_id: UUID,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    village: Annotated[Place | None, Query()] = None,
    field: Annotated[str | None, Query(max_length=20, title="字段")] = None,
) -> Page[DifferenceOut]:
    """In the order of the file."""
    batch, seal = own(session, comparison_id), request.app.state.seal
    wanted = of_batch(session, batch, village)
    if field:
        wanted = wanted.where(col(RegisterDifference.field) == field)
    rows, following = paging.read(session, wanted, col(RegisterDifference.number), col(RegisterDifference.field))
    held = held_of(session, seal, list({home.id: home for _, home in rows}.values()))
    return Page(rows=[line(seal, caller, row, held[home.id]) for row, home in rows], next=following)


def of_batch(session: Session, batch: ImportBatch, village: str | None) -> Any:
    wanted = select(RegisterDifference, Household).join(Household, col(Household.id) == RegisterDifference.household_id)
    narrowed = wanted.where(col(RegisterDifference.batch_id) == batch.id, *lies_in(col(Household.village), village))
    return scoped(session, narrowed, HOUSEHOLDS)


def line(seal: Seal, caller: Caller, row: RegisterDifference, held: Held) -> DifferenceOut:
    field = FIELDS[row.field]
    ours, theirs = field.ours(held), seal.open(row.sealed_theirs, THEIRS.place(row.id))
    return DifferenceOut(
        household_id=row.household_id,
        number=held.household.number,
        row=row.number,
        field=row.field,
        ours=field.shown(caller, ours),
        theirs=field.shown(caller, theirs),
        settled=alike(ours, theirs),
    )


def own(session: Session, comparison_id: UUID, kind: str | None = KIND) -> ImportBatch:
    """Of either kind where none is named."""
    kinds = [kind] if kind else [KIND, OF_MEMBERS]
    mine = (col(ImportBatch.kind).in_(kinds), col(ImportBatch.asked_by) == scope_of(session).holder)
    return found(session.scalar(select(ImportBatch).where(col(ImportBatch.id) == comparison_id, *mine)))


def shown(batch: ImportBatch) -> ComparisonOut:
    return ComparisonOut(
        id=batch.id,
        state="waiting" if batch.done_at is None else "refused" if batch.problem else "done",
        problem=batch.problem,
        created_at=batch.created_at,
        agree=batch.unchanged,
        differ=batch.stored,
        unknown=batch.refused,
        mapping_of=batch.mapping_of,
    )
