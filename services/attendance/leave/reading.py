"""Leaves read: one's own, those of an office's places and units, those that wait for oneself, those overdue."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, exists, false, func, select
from sqlmodel import Session, col

from services.attendance.leave.chain import due_back, year_of
from services.attendance.leave.contents import DecisionOut, LeaveLine, LeaveOut, ReturnOut, line_of
from services.attendance.leave.words import State
from services.attendance.models.leave import REASON, Leave, LeaveDecision, LeaveReturn
from services.attendance.models.teams import Cadre
from services.attendance.policy import allow, may
from services.attendance.reach import reachable_leaves
from services.kit.store.db import SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.store.grants import Grant
from services.kit.store.scope import Scope, scope_of
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/leaves", tags=["leaves"])


@router.get("", dependencies=[allow("leave:read")])
def list_leaves(
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    today: Today,
    cadre_id: UUID | None = None,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
    state: Annotated[State | None, Query(title="状态")] = None,
    on: Annotated[WrittenDay | None, Query(title="当日在外的")] = None,
    awaiting_me: Annotated[bool, Query(title="待我审批的")] = False,
    overdue: Annotated[bool, Query(title="逾期未销假的")] = False,
) -> Page[LeaveLine]:
    """The newest first. A member reads the own ones, a captain those of the team, an office those of its places."""
    scope = scope_of(session)
    wanted = select(Leave, due_back()).where(col(Leave.village).startswith(village_prefix), seen_by(caller, scope))
    if cadre_id:
        wanted = wanted.where(col(Leave.cadre_id) == cadre_id)
    if state:
        wanted = wanted.where(col(Leave.state) == state)
    if on:
        wanted = wanted.where(col(Leave.covers).contains(on), col(Leave.state).in_(("approved", "returned")))
    if awaiting_me:
        wanted = wanted.where(awaits(caller, scope))
    if overdue:
        wanted = wanted.where(col(Leave.state) == "approved", due_back() < today)
    rows, following = paging.read(session, wanted, col(Leave.first_day), col(Leave.id), descending=True)
    return Page(rows=[line_of(leave, due, today) for leave, due in rows], next=following)


@router.get("/{leave_id}", dependencies=[allow("leave:read")])
def get_leave(leave_id: UUID, request: Request, session: SessionDep, caller: CallerDep, today: Today) -> LeaveOut:
    """With what was decided, each return, and the reason to whom it may be told."""
    wanted = select(Leave).where(col(Leave.id) == leave_id, seen_by(caller, scope_of(session)))
    return shown(session, request.app.state.seal, caller, found(session.scalar(wanted)), today)


def seen_by(caller: Caller, scope: Scope) -> ColumnElement[bool]:
    return reachable_leaves(scope) if may(caller, "leave:read-all") else its_cadre(scope.holder)


def its_cadre(account: str) -> ColumnElement[bool]:
    return exists().where(col(Cadre.id) == col(Leave.cadre_id), col(Cadre.account) == account)


def awaits(caller: Caller, scope: Scope) -> ColumnElement[bool]:
    """Whose next step is one that the caller's own office takes; nobody's about themselves."""
    level: Any = col(Leave.chain)[col(Leave.approvals) + 1]
    held = holds(scope, level) if caller.roles else false()
    not_own = ~its_cadre(scope.holder) & (col(Leave.requested_by) != scope.holder)
    return (col(Leave.state) == "requested") & held & not_own


def holds(scope: Scope, level: Any) -> ColumnElement[bool]:
    """A grant of that very level, today, over the leave's village: an office elsewhere decides nothing here."""
    grant = (col(Grant.holder) == scope.holder, col(Grant.role) == level, col(Grant.kind) == "division")
    today = (~col(Grant.revoked), col(Grant.valid).contains(scope.today))
    return exists().where(*grant, *today, func.starts_with(col(Leave.village), col(Grant.place)))


def shown(session: Session, seal: Seal, caller: Caller, leave: Leave, today: date) -> LeaveOut:
    due, own = session.execute(select(due_back(), its_cadre(caller.subject)).where(col(Leave.id) == leave.id)).one()
    may_know = own or may(caller, "leave-reason:read")
    reason = seal.open(leave.sealed_reason, REASON.place(leave.id)) if may_know and leave.sealed_reason else None
    year = year_of(session, leave)
    return LeaveOut(
        **line_of(leave, due, today).model_dump(),
        reason=reason,
        days_of_year=year.days,
        year_cap=year.cap,
        decisions=decisions_of(session, leave),
        returns=returns_of(session, leave.id),
    )


def decisions_of(session: Session, leave: Leave) -> list[DecisionOut]:
    rows = session.scalars(select(LeaveDecision).where(col(LeaveDecision.leave_id) == leave.id))
    told = [DecisionOut.model_validate(row.model_dump(exclude={"leave_id"})) for row in rows]
    return sorted(told, key=lambda one: leave.chain.index(one.level))


def returns_of(session: Session, leave_id: UUID) -> list[ReturnOut]:
    rows = session.scalars(
        select(LeaveReturn).where(col(LeaveReturn.leave_id) == leave_id).order_by(col(LeaveReturn.number))
    )
    return [ReturnOut.model_validate(row.model_dump(include=set(ReturnOut.model_fields))) for row in rows]
