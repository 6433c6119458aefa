"""A large export waits a week for a second person, who agrees to so many rows and no more."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlmodel import col

from services.households.exports.asking import IN_PLACES, ExportOut, ask_for_it, is_over, shown
from services.households.exports.making import KEPT
from services.households.models.exports import Export
from services.households.policy import allow
from services.households.search.filters import Place
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scoped
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/exports", tags=["exports"])


class OwnExport(DomainError):
    status = 403
    zh = "不能批准自己的导出，须由另一账号批准。"
    en = "Nobody agrees to an export of their own."


class NoApprovalWanted(DomainError):
    status = 409
    zh = "这份导出不需要批准。"
    en = "This export wants no approval."


class ExportExpired(DomainError):
    status = 409
    zh = "这份导出等待批准已逾七日，请重新申请。"
    en = "It has waited for an approval for more than a week. Ask for it anew."


@router.get("", dependencies=[allow("export:approve")])
def list_exports(
    session: SessionDep, paging: PagingDep, village: Annotated[Place, Query()], now: Now
) -> Page[ExportOut]:
    """Those of a place that wait for a second person, for a week. The oldest first."""
    recent = col(Export.created_at) >= now - KEPT
    waiting = (col(Export.approval_wanted), col(Export.approved_by).is_(None), recent)
    wanted = select(Export).where(*waiting, col(Export.village).startswith(village))
    rows, following = paging.read(session, scoped(session, wanted, IN_PLACES), col(Export.created_at), col(Export.id))
    return Page(rows=[shown(row, now) for (row,) in rows], next=following)


@router.put("/{export_id}/approval", dependencies=[allow("export:approve")], openapi_extra=repeatable("path"))
def put_export_approval(export_id: UUID, session: SessionDep, caller: CallerDep, now: Now) -> ExportOut:
    """Once, by another account than asked for it. Sent again it changes nothing."""
    mine = scoped(session, select(Export).where(col(Export.id) == export_id), IN_PLACES)
    export = found(session.scalar(mine.with_for_update()))
    refuse_approval(export, caller, now)
    if export.approved_by is None:
        export.approved_by, export.approved_at = caller.subject, now
        ask_for_it(session, export, now)
    return shown(export, now)


def refuse_approval(export: Export, caller: Caller, now: datetime) -> None:
    if not export.approval_wanted:
        raise NoApprovalWanted
    if export.asked_by == caller.subject:
        raise OwnExport
    if is_over(export, now):
        raise ExportExpired
