"""A leave is decided about, level by level; or taken back by who asked for it before anybody has gone."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import literal, or_, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.leave.contents import LeaveOut
from services.attendance.leave.reading import holds, its_cadre, seen_by, shown
from services.attendance.leave.requests import LeaveOverlaps
from services.attendance.leave.telling import tell_leave
from services.attendance.leave.words import (
    HELD,
    Code,
    CodeOfARefusal,
    DecisionStands,
    Level,
    NotYourLevel,
    Outcome,
    YourOwn,
)
from services.attendance.models.leave import Leave, LeaveDecision
from services.attendance.policy import allow, may
from services.attendance.reach import LEAVES
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of, within
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/leaves/{leave_id}", tags=["leaves"])


class DecisionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[Outcome, Field(title="审批结果")]
    code: Annotated[Code | None, Field(title="不同意的原因")] = None


class LeaveBegun(DomainError):
    status = 409
    zh = "假期已开始或已有结果，不能撤销；已回来的请销假。"
    en = "It has begun or was refused: it cannot be taken back. Who is back says so."


@router.put("/decisions/{level}", dependencies=[allow("leave:decide")], openapi_extra=repeatable("path"))
def put_leave_decision(
    leave_id: UUID, level: Level, body: DecisionIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
) -> LeaveOut:
    """By an office of that level over the village, in the order of the chain; never by whose leave it is or who wrote
    it down, and no two levels by one person. What was decided the same way before is answered as it stands."""
    here = within(scope_of(session), LEAVES)
    leave = found(session.scalar(select(Leave).where(col(Leave.id) == leave_id, here).with_for_update()))
    if (body.outcome == "refused") != (body.code is not None):
        raise CodeOfARefusal
    before = session.get(LeaveDecision, (leave_id, level))
    if before is None:
        refuse_decision(session, caller, leave, level)
        decide(session, leave, LeaveDecision(leave_id=leave_id, level=level, decided_by=caller.subject,
                                             decided_at=now, **body.model_dump()), now)  # fmt: skip
    elif (before.outcome, before.code) != (body.outcome, body.code):
        raise DecisionStands
    return shown(session, request.app.state.seal, caller, leave, now.date())


def refuse_decision(session: Session, caller: Caller, leave: Leave, level: str) -> None:
    scope = scope_of(session)
    asked = select(holds(scope, level), its_cadre(scope.holder)).where(col(Leave.id) == leave.id)
    held, own = session.execute(asked).one()
    said = select(col(LeaveDecision.leave_id)).where(
        col(LeaveDecision.leave_id) == leave.id, col(LeaveDecision.decided_by) == scope.holder
    )
    if own or leave.requested_by == scope.holder or session.scalar(said):
        raise YourOwn
    if leave.state != "requested":
        raise DecisionStands
    if not caller.roles or not held or leave.chain[leave.approvals] != level:
        raise NotYourLevel(leave.chain[leave.approvals])


def decide(session: Session, leave: Leave, said: LeaveDecision, now: datetime) -> None:
    """The last approval makes it hold, and what it corrects gives way. The database refuses a day covered twice."""
    session.add(said)
    leave.changed_at = now
    if said.outcome == "refused":
        leave.state = "refused"
    else:
        leave.approvals += 1
    if leave.approvals == len(leave.chain):
        give_way(session, leave, now)
        leave.state = "approved"
        try:
            session.flush()
        except IntegrityError as error:
            raise LeaveOverlaps from error
    tell_leave(session, leave, "passed_on" if leave.state == "requested" else leave.state, now)


def give_way(session: Session, leave: Leave, now: datetime) -> None:
    if leave.corrects is None:
        return
    corrected = found(session.get(Leave, leave.corrects, with_for_update=True))
    if corrected.state in HELD:
        corrected.state, corrected.changed_at = "replaced", now
        session.flush()


@router.put("/cancellation", dependencies=[allow("leave:write")], openapi_extra=repeatable("path"))
def put_leave_cancellation(
    leave_id: UUID, request: Request, session: SessionDep, caller: CallerDep, now: Now
) -> LeaveOut:
    """By the cadre, by who wrote it down, or by the office; until it begins. Sent again it changes nothing."""
    scope = scope_of(session)
    theirs = or_(its_cadre(scope.holder), col(Leave.requested_by) == scope.holder, literal(may(caller, "leave:record")))
    wanted = select(Leave).where(col(Leave.id) == leave_id, seen_by(caller, scope), theirs)
    leave = found(session.scalar(wanted.with_for_update()))
    if leave.state == "requested" or (leave.state == "approved" and now.date() < leave.first_day):
        leave.state, leave.cancelled_by, leave.changed_at = "cancelled", caller.subject, now
        tell_leave(session, leave, "cancelled", now)
    elif leave.state != "cancelled":
        raise LeaveBegun
    session.flush()
    return shown(session, request.app.state.seal, caller, leave, now.date())
