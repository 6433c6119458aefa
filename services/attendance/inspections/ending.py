"""An inspection is closed when every village that was drawn has its finding, and then read in those villages; or it is
withdrawn before anything was found. Its number and its draw stay."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.attendance.inspections.contents import InspectionClosed, InspectionNotDrawn, InspectionOut, NotHeld
from services.attendance.inspections.inspections import governed
from services.attendance.inspections.issues import ask_when_closed
from services.attendance.models.inspections import Inspection, InspectionFinding
from services.attendance.policy import allow
from services.kit.post.events import emit
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/inspections/{inspection_id}", tags=["inspections"])

CLOSED = "inspection.closed"


class InspectionWithdrawalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    because: Annotated[NotHeld, Field(title="撤销原因")]


class VillagesWithoutFinding(DomainError):
    """`detail`: how many."""

    status = 409
    zh = "还有抽到的村没有督查记录；没有去的也要写明。"
    en = "A village that was drawn has no finding yet. One that was not inspected has one that says so."


class InspectionHasFindings(DomainError):
    status = 409
    zh = "已有督查记录，不能撤销，请办结。"
    en = "Something was found already. It is closed, not withdrawn."


@router.put("/closing", dependencies=[allow("inspection:write")], openapi_extra=repeatable("path"))
def put_inspection_closing(
    inspection_id: UUID, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> InspectionOut:
    """For good. From now on the villages read what was found there, and what is still to be asked of the register is.
    Sent again it changes nothing."""
    one = governed(session, inspection_id)
    if one.withdrawn_at:
        raise InspectionClosed
    if one.drawn_at is None:
        raise InspectionNotDrawn
    if one.closed_at is None:
        missing = len(one.villages) - inspected(session, one)
        if missing:
            raise VillagesWithoutFinding(str(missing))
        one.closed_by, one.closed_at = caller.subject, now
        session.flush()
        ask_when_closed(session, one, now)
        told = {"kind": one.kind, "number": one.number, "villages": len(one.villages)}
        emit(session, CLOSED, one.id, now, division=one.division, data=told)
    return InspectionOut.of(one)


@router.put("/withdrawal", dependencies=[allow("inspection:write")], openapi_extra=repeatable("path"))
def put_inspection_withdrawal(
    inspection_id: UUID, body: InspectionWithdrawalIn, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> InspectionOut:
    """It is not held after all. For good; sent again it changes nothing."""
    one = governed(session, inspection_id)
    if one.closed_at or one.withdrawn_because not in (None, body.because):
        raise InspectionClosed
    if one.withdrawn_at is None:
        if inspected(session, one):
            raise InspectionHasFindings
        one.withdrawn_because, one.withdrawn_by, one.withdrawn_at = body.because, caller.subject, now
    return InspectionOut.of(one)


def inspected(session: Session, one: Inspection) -> int:
    """Villages with a finding: each that was corrected has a later one."""
    villages = func.count(func.distinct(col(InspectionFinding.village)))
    return session.scalars(select(villages).where(col(InspectionFinding.inspection_id) == one.id)).one()
