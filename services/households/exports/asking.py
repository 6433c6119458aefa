"""A list is taken out as a file: asked for, agreed to by a second person where it is large, made by the worker."""

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.cases.cases import State as CaseState
from services.households.exports.kinds import KINDS
from services.households.exports.lists import Chosen
from services.households.exports.making import EXPORT, KEPT
from services.households.exports.sheets import LAST_ROW
from services.households.models.exports import FILE, Export, ExportPiece
from services.households.models.register import HouseholdSet
from services.households.pieces import read_file
from services.households.policy import allow, may
from services.households.register.household_sets import filter_of, reachable_sets
from services.households.register.tags import TagKey
from services.households.search.filters import DueWithin, HouseholdFilter, Place, refuse_cases
from services.kit.store.answers import reach_of
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.reference import StandardKey, standard
from services.kit.store.scope import Placed, scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotAllowed, NotThere, found
from services.kit.web.operations import accepted
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=Repeatable)

ALONE = StandardKey(
    "export_rows_alone",
    "number",
    "行",
    "每人每日无需第二人批准的导出行数上限",
    "Rows one person may take out alone in a day",
)
IN_PLACES = Placed(division=col(Export.village))
SEEN = ("name:read", "phone:recognise", "issue:confidential")
ExportKind = Literal[
    "households", "members", "statements", "cases", "measures", "received", "plans", "tags", "insurances",
    "work_months", "phones", "issues", "ledger_lines", "self_declarations", "quality_findings", "duplicate_persons",
    "claimed_persons", "policy_gaps", "changes", "corrections", "paper_checks", "stated_figures", "conditions",
    "village_records", "checklist_verdicts",
]  # fmt: skip
State = Literal["waiting_for_approval", "waiting", "done", "refused", "expired"]


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


class ExportedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份导出。"
    en = "That id stands for another export already."


class MoreRowsThanASheetHolds(DomainError):
    status = 409
    zh = "行数超过一个工作表所能容纳，请缩小范围，或导出为 CSV。"
    en = "A worksheet does not hold so many rows. Ask for a smaller place, or for CSV."


class ExportNotMade(DomainError):
    status = 409
    zh = "导出的文件还没有生成。"
    en = "The file of this export has not been made yet."


@router.post(
    "", status_code=202, dependencies=[allow("household:export")], openapi_extra=repeatable("body.id", KEPT_FOR)
)
def create_export(
    body: ExportIn, request: Request, response: Response, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> ExportOut:
    """Made by the worker, unless a second person must agree first: then when they have. All that somebody takes out
    alone in a day counts together."""
    take_turn(session, f"export:{caller.subject}")
    chosen = chosen_of(session, body)
    refuse_cases(caller, chosen)
    kind = KINDS[body.kind]
    if not may(caller, kind.right):
        raise NotAllowed
    rows = kind.count(Chosen(session, scope_of(session), chosen, caller))
    refuse_what_no_sheet_holds(body.format, rows)
    in_all = rows + taken_alone(session, caller.subject, now)
    export = Export(
        **body.model_dump(include={"id", "kind", "format"}),
        **chosen.model_dump(),
        asked_by=caller.subject,
        roles=sorted(session.info["binding"].asked().roles),
        rights=[right for right in SEEN if may(caller, right)],
        reach=reach_of(session),
        rows=rows,
        approval_wanted=in_all > standard(session, ALONE, body.village, today),
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
    return shown(export, now)


@router.get("/{export_id}", dependencies=[allow("household:export")])
def get_export(export_id: UUID, session: SessionDep, now: Now) -> ExportOut:
    """Of whoever asked for it; of somebody else's the answer is 404."""
    return shown(own(session, export_id), now)


@router.get("/{export_id}/file", dependencies=[allow("household:export")], response_class=TableFile)
def get_export_file(export_id: UUID, request: Request, session: SessionDep, now: Now) -> TableFile:
    """For a week, and for whoever asked for it alone, while their grants reach the same as then. Each fetching is in
    the audit."""
    export, seal = own(session, export_id), request.app.state.seal
    if export.reach != reach_of(session) or (export.done_at and export.done_at < now - KEPT):
        raise NotThere
    if state_of(export, now) in ("waiting", "waiting_for_approval"):
        raise ExportNotMade
    content = read_file(session, seal, FILE, ExportPiece, export_id=export.id)
    if not content:
        raise NotThere
    tell(request, division=export.village, rows=export.rows)
    name = f'attachment; filename="export-{export.number}.{export.format}"'
    return TableFile(content, headers={"Content-Disposition": name})


def chosen_of(session: Session, body: ExportIn) -> HouseholdFilter:
    told = body.model_dump(include=set(HouseholdFilter.model_fields), exclude_none=True)
    if body.saved is None:
        return HouseholdFilter.model_validate(told)
    found(session.scalar(reachable_sets(session).where(col(HouseholdSet.id) == body.saved)))
    return HouseholdFilter.model_validate(found(filter_of(session, body.saved)).model_dump() | told)


def refuse_what_no_sheet_holds(form: str, rows: int) -> None:
    if form == "xlsx" and rows >= LAST_ROW:
        raise MoreRowsThanASheetHolds


def ask_for_it(session: Session, export: Export, now: datetime, response: Response | None = None) -> None:
    operation = enqueue(session, EXPORT, str(export.id), now, asked_by=export.asked_by)
    if response:
        accepted(response, "households", operation)


def taken_alone(session: Session, subject: str, now: datetime) -> int:
    """Rows that somebody has asked for today without anybody's approval."""
    begun = datetime.combine(now.date(), time.min, now.tzinfo)
    mine = (col(Export.asked_by) == subject, col(Export.created_at) >= begun, ~col(Export.approval_wanted))
    return session.scalar(select(func.coalesce(func.sum(col(Export.rows)), 0)).where(*mine)) or 0


def is_over(export: Export, now: datetime) -> bool:
    return export.approval_wanted and export.approved_by is None and export.created_at < now - KEPT


def own(session: Session, export_id: UUID) -> Export:
    mine = select(Export).where(col(Export.id) == export_id, col(Export.asked_by) == scope_of(session).holder)
    return found(session.scalar(mine))


def shown(export: Export, now: datetime) -> ExportOut:
    return ExportOut.model_validate(export.model_dump() | {"state": state_of(export, now)})


def state_of(export: Export, now: datetime) -> State:
    if export.done_at:
        return "refused" if export.problem else "done"
    if is_over(export, now):
        return "expired"
    return "waiting_for_approval" if export.approval_wanted and export.approved_by is None else "waiting"
