"""A list is taken out as a file: asked for, agreed to by a second person where it is large, made by the worker."""

import base64
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.cases.cases import State as CaseState
from services.households.exports.making import EXPORT, count_rows
from services.households.models.exports import FILE, Export, ExportPiece
from services.households.models.register import HouseholdSet
from services.households.policy import allow, may
from services.households.register.household_sets import filter_of, reachable_sets
from services.households.register.tags import TagKey
from services.households.search.filters import DueWithin, HouseholdFilter, Place, refuse_cases
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.reference import StandardKey, standard
from services.kit.store.scope import Placed, scope_of, scoped
from services.kit.web.audited import tell
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotAllowed, NotThere, found
from services.kit.web.operations import accepted
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=Repeatable)

ALONE = StandardKey(
    "export_rows_alone", "number", "行", "无需第二人批准的导出行数上限", "Rows one person may take out alone"
)
IN_PLACES = Placed(division=col(Export.village))
SEEN_OF_PERSONS = ("name:read", "phone:recognise")
ExportKind = Literal["households", "members", "statements", "cases", "measures", "received"]
State = Literal["waiting_for_approval", "waiting", "done", "refused"]


class ExportIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. `village` is any place of the county. `saved` names a
    set by whose filter the file is made; what stands beside it takes the place of what that says."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    kind: Annotated[ExportKind, Field(title="内容")]
    format: Annotated[Literal["xlsx", "csv"], Field(title="格式")] = "xlsx"
    village: Place
    tag: Annotated[TagKey | None, Field(title="标签")] = None
    case_state: Annotated[CaseState | None, Field(title="案卷状态")] = None
    overdue: Annotated[bool | None, Field(title="有环节超期")] = None
    due_within: DueWithin | None = None
    saved: Annotated[UUID | None, Field(title="所存筛选条件的农户集合")] = None


class ExportOut(BaseModel):
    """`number` stands on the file. `rows` as they were when it was asked for."""

    id: UUID
    number: int
    kind: str
    format: str
    village: str
    asked_by: str
    rows: int
    state: Annotated[State, Field(title="办理状态")]
    approved_by: str | None
    created_at: datetime


class TableFile(Response):
    media_type = "application/octet-stream"


class OwnExport(DomainError):
    status = 403
    zh = "不能批准自己的导出，须由另一账号批准。"
    en = "Nobody agrees to an export of their own."


class NoApprovalWanted(DomainError):
    status = 409
    zh = "这份导出不需要批准。"
    en = "This export wants no approval."


class ExportedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份导出。"
    en = "That id stands for another export already."


@router.post(
    "", status_code=202, dependencies=[allow("household:export")], openapi_extra=repeatable("body.id", KEPT_FOR)
)
def create_export(
    body: ExportIn, request: Request, response: Response, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> ExportOut:
    """Made by the worker, unless a second person must agree first: then when they have."""
    chosen = chosen_of(session, body)
    refuse_cases(caller, chosen)
    if body.kind == "cases" and not may(caller, "case:read"):
        raise NotAllowed
    rows = count_rows(session, scope_of(session), body.kind, chosen)
    export = Export(
        **body.model_dump(include={"id", "kind", "format"}),
        **chosen.model_dump(),
        asked_by=caller.subject,
        roles=sorted(session.info["binding"].asked().roles),
        rights=[right for right in SEEN_OF_PERSONS if may(caller, right)],
        rows=rows,
        approval_wanted=rows > standard(session, ALONE, body.village, today),
        created_at=now,
    )
    session.add(export)
    try:
        session.flush()
    except IntegrityError as error:
        raise ExportedBefore from error
    session.refresh(export)  # its number
    tell(request, export.id, division=body.village, rows=rows)
    if not export.approval_wanted:
        ask_for_it(session, export, now, response)
    return shown(export)


@router.get("", dependencies=[allow("export:approve")])
def list_exports(session: SessionDep, paging: PagingDep, village: Annotated[Place, Query()]) -> Page[ExportOut]:
    """Those of a place that wait for a second person. The oldest first."""
    waiting = (col(Export.approval_wanted), col(Export.approved_by).is_(None))
    wanted = select(Export).where(*waiting, col(Export.village).startswith(village))
    rows, following = paging.read(session, scoped(session, wanted, IN_PLACES), col(Export.created_at), col(Export.id))
    return Page(rows=[shown(row) for (row,) in rows], next=following)


@router.put("/{export_id}/approval", dependencies=[allow("export:approve")], openapi_extra=repeatable("path"))
def put_export_approval(
    export_id: UUID, response: Response, session: SessionDep, caller: CallerDep, now: Now
) -> ExportOut:
    """Once, by another account than asked for it. Sent again it changes nothing."""
    mine = scoped(session, select(Export).where(col(Export.id) == export_id), IN_PLACES)
    export = found(session.scalar(mine.with_for_update()))
    refuse_approval(export, caller)
    if export.approved_by is None:
        export.approved_by, export.approved_at = caller.subject, now
        ask_for_it(session, export, now)
    return shown(export)


@router.get("/{export_id}", dependencies=[allow("household:export")])
def get_export(export_id: UUID, session: SessionDep) -> ExportOut:
    """Of whoever asked for it; of somebody else's the answer is 404."""
    return shown(own(session, export_id))


@router.get("/{export_id}/file", dependencies=[allow("household:export")], response_class=TableFile)
def get_export_file(export_id: UUID, request: Request, session: SessionDep) -> TableFile:
    """For a week, and for whoever asked for it alone. Each fetching is in the audit."""
    export, seal = own(session, export_id), request.app.state.seal
    pieces = select(ExportPiece).where(col(ExportPiece.export_id) == export.id).order_by(col(ExportPiece.seq))
    told = [seal.open(piece.sealed_content, FILE.place(piece.id)) for piece in session.scalars(pieces)]
    if not told:
        raise NotThere
    tell(request, division=export.village, rows=export.rows)
    name = f'attachment; filename="export-{export.number}.{export.format}"'
    return TableFile(b"".join(map(base64.b64decode, told)), headers={"Content-Disposition": name})


def chosen_of(session: Session, body: ExportIn) -> HouseholdFilter:
    told = body.model_dump(include=set(HouseholdFilter.model_fields), exclude_none=True)
    if body.saved is None:
        return HouseholdFilter.model_validate(told)
    found(session.scalar(reachable_sets(session).where(col(HouseholdSet.id) == body.saved)))
    return HouseholdFilter.model_validate(found(filter_of(session, body.saved)).model_dump() | told)


def ask_for_it(session: Session, export: Export, now: datetime, response: Response | None = None) -> None:
    operation = enqueue(session, EXPORT, str(export.id), now, asked_by=export.asked_by)
    if response:
        accepted(response, "households", operation)


def refuse_approval(export: Export, caller: Caller) -> None:
    if not export.approval_wanted:
        raise NoApprovalWanted
    if export.asked_by == caller.subject:
        raise OwnExport


def own(session: Session, export_id: UUID) -> Export:
    mine = select(Export).where(col(Export.id) == export_id, col(Export.asked_by) == scope_of(session).holder)
    return found(session.scalar(mine))


def shown(export: Export) -> ExportOut:
    return ExportOut.model_validate(export.model_dump() | {"state": state_of(export)})


def state_of(export: Export) -> State:
    if export.done_at:
        return "refused" if export.problem else "done"
    return "waiting_for_approval" if export.approval_wanted and export.approved_by is None else "waiting"
