"""销假: who was away is back. From that day on the leave covers nothing; a later word of it is appended."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import literal, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.leave.contents import LeaveOut
from services.attendance.leave.reading import its_cadre, returns_of, seen_by, shown
from services.attendance.leave.requests import LeaveOverlaps
from services.attendance.leave.telling import tell_leave
from services.attendance.leave.words import HELD, Because
from services.attendance.models.leave import Leave, LeaveReturn
from services.attendance.policy import allow, may
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/leaves/{leave_id}/returns", tags=["leaves"])


class ReturnIn(BaseModel):
    """`id` is the client's own. `day` is the first day back; `because` only where a return was recorded before."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    day: Annotated[WrittenDay, Field(title="回岗日")]
    because: Annotated[Because | None, Field(title="更正原因")] = None


class NotAway(DomainError):
    status = 409
    zh = "这份请假没有获批，或已撤销、已更正，不用销假。"
    en = "That leave does not hold: nobody returns from it."


class ReturnOutOfDays(DomainError):
    zh = "回岗日不能早于请假起始日，也不能晚于今天。"
    en = "Nobody is back before they have gone, or on a day that has not come."


class ReturnSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次销假。"
    en = "That id stands for another return already."


class ReturnedAlready(DomainError):
    status = 409
    zh = "已销假。回岗日有误的，写明原因再提交一次；首次销假不写原因。"
    en = "A return was recorded. To put the day right send another with the reason; the first has none."


@router.post("", status_code=201, dependencies=[allow("leave:write")], openapi_extra=repeatable("body.id"))
def create_leave_return(
    leave_id: UUID, body: ReturnIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
) -> LeaveOut:
    """Repeatable by `id`. By the cadre or the office. The leave covers its days up to the first day back; whoever comes
    later than it ends has no leave for the days between."""
    scope = scope_of(session)
    theirs = or_(its_cadre(scope.holder), literal(may(caller, "leave:record")))
    wanted = select(Leave).where(col(Leave.id) == leave_id, seen_by(caller, scope), theirs)
    leave = found(session.scalar(wanted.with_for_update()))
    before = session.get(LeaveReturn, body.id)
    if before is None:
        refuse_return(leave, body, now.date(), returned=bool(returns_of(session, leave_id)))
        append_return(session, leave, body, caller.subject, now)
        tell_leave(session, leave, "returned", now)
    elif (before.leave_id, before.day, before.because) != (leave_id, body.day, body.because):
        raise ReturnSentBefore
    return shown(session, request.app.state.seal, caller, leave, now.date())


def refuse_return(leave: Leave, sent: ReturnIn, today: date, *, returned: bool) -> None:
    if leave.state not in HELD:
        raise NotAway
    if not leave.first_day <= sent.day <= today:
        raise ReturnOutOfDays
    if returned != (sent.because is not None):
        raise ReturnedAlready


def append_return(session: Session, leave: Leave, sent: ReturnIn, who: str, now: datetime) -> None:
    number = len(returns_of(session, leave.id)) + 1
    session.add(LeaveReturn(**sent.model_dump(), leave_id=leave.id, number=number, recorded_by=who, recorded_at=now))
    until = min(leave.last_day + timedelta(days=1), sent.day)
    leave.state, leave.returned_on, leave.changed_at = "returned", sent.day, now
    leave.covers = Range(leave.first_day, until) if until > leave.first_day else Range(empty=True)
    try:
        session.flush()
    except IntegrityError as error:  # a leave that was approved since for the days this one had given up
        raise (ReturnSentBefore if "leave_one_at_a_time" not in str(error.orig) else LeaveOverlaps) from error
