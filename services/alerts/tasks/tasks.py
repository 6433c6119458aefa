"""入户任务: which households somebody should go to, and why. One task a household, however many reasons it has."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, Date, cast, exists, func, literal, or_, select
from sqlmodel import Session, col

from services.alerts.models.tasks import Task, TaskCase
from services.alerts.policy import allow
from services.alerts.reach import TASKS
from services.alerts.tasks.shown import DIGITS, LEVELS, Level, TaskLine, TaskOut, lines_of, task_edit, whole
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import Scope, members_of, scope_of, scoped
from services.kit.web.edits import SEEN, EditDep
from services.kit.web.errors import found, language_of
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])

State = Literal["open", "closed", "case_refused"]

# Lists begin with what has no due day: it counts as overdue.
by_due = func.coalesce(col(Task.due_on), cast(literal("0001-01-01"), Date), type_=Date)


@router.get("", dependencies=[allow("task:read")])
def list_tasks(
    request: Request,
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    division: Annotated[str, Query(pattern=r"^([0-9]{6}([0-9]{3}([0-9]{3})?)?)?$", title="区划代码")] = "",
    state: Annotated[State, Query(title="状态")] = "open",
    due_by: Annotated[WrittenDay | None, Query(title="期限不晚于")] = None,
    overdue: Annotated[bool, Query(title="只看超期的")] = False,
    level: Annotated[Level | None, Query(title="已报到哪一级")] = None,
    mine: Annotated[bool, Query(title="只看轮到自己的")] = False,
    household: Annotated[UUID | None, Query(title="农户")] = None,
) -> Page[TaskLine]:
    """By due day. `mine`: of the households the caller is paired with, of the village where they are posted, and what
    has been handed to their office or told up to it. `case_refused`: those whose case the register would not open."""
    wanted = scoped(session, select(Task), TASKS).where(col(Task.division).startswith(division))
    wanted = wanted.where(stands_as(state))
    if due_by:
        wanted = wanted.where(by_due <= due_by)
    if overdue:
        wanted = wanted.where(is_overdue(today))
    if level:
        wanted = wanted.where(col(Task.level) == LEVELS.index(level))
    if mine:
        wanted = wanted.where(turn_of(scope_of(session)))
    if household:
        wanted = wanted.where(col(Task.subject) == household)
    rows, following = paging.read(session, wanted, by_due, col(Task.id))
    return Page(rows=lines_of(session, [task for (task,) in rows], today, language_of(request)), next=following)


def stands_as(state: State) -> ColumnElement[bool]:
    if state == "case_refused":
        return exists().where(col(TaskCase.task_id) == col(Task.id), col(TaskCase.problem).is_not(None))
    return col(Task.closed_at).is_(None) if state == "open" else col(Task.closed_at).is_not(None)


def is_overdue(today: date) -> ColumnElement[bool]:
    """What was put off is not overdue before that day."""
    last = func.greatest(col(Task.due_on), col(Task.postponed_until))
    return col(Task.closed_at).is_(None) & or_(last.is_(None), last < today)


def turn_of(scope: Scope) -> ColumnElement[bool]:
    """A village that has handed a task on has it no longer; one that was told up is its village's still."""
    held = scope.divisions
    own = col(Task.handed_to).is_(None) & or_(
        col(Task.division).in_(held),
        *((col(Task.level) == level) & func.left(col(Task.division), DIGITS[level]).in_(held) for level in (1, 2)),
    )
    return or_(own, col(Task.handed_to).in_(held), col(Task.subject).in_(members_of(scope)))


@router.get("/{task_id}", dependencies=[allow("task:read")], responses=SEEN)
def get_task(task_id: UUID, request: Request, session: SessionDep, today: Today, edit: EditDep) -> TaskOut:
    """Every reason with its explanation, those that have ended too; and what was done."""
    task = reachable_task(session, task_id)
    task_edit(edit, task.id).told(task.version)
    return whole(session, task, today, language_of(request))


def reachable_task(session: Session, task_id: UUID, *, lock: bool = False) -> Task:
    wanted = scoped(session, select(Task).where(col(Task.id) == task_id), TASKS)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return found(session.scalar(wanted))
