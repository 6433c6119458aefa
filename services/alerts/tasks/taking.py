"""A step of a task is taken by who has seen its newest version, and kept for good."""

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import text
from sqlmodel import Session

from services.alerts.judging.judge import lock_out_sweeps
from services.alerts.models.tasks import Task, TaskStep
from services.alerts.policy import allow
from services.alerts.tasks.cases import ask_again
from services.alerts.tasks.deadlines import POSTPONEMENT
from services.alerts.tasks.folding import fold_these, hold
from services.alerts.tasks.judged import judge_reasons
from services.alerts.tasks.shown import DIGITS, TaskOut, task_edit, whole
from services.alerts.tasks.steps import (
    AcknowledgedIn,
    AnsweredIn,
    CaseAskedAgainIn,
    HandedOutOfLine,
    HandedOverIn,
    PostponedIn,
    PostponedTooFar,
    StepIn,
    TaskClosed,
    TaskStepSentBefore,
)
from services.alerts.tasks.tasks import reachable_task
from services.kit.post.events import emit
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.reference import standard
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.edits import EDITED, EditDep
from services.kit.web.errors import language_of
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/tasks", tags=["tasks"], route_class=Repeatable)

CHANGED = "task.changed"
DAYS_ON = text(
    """
    SELECT max(last.date) FROM day AS begun JOIN day AS last ON last.ordinal = begun.ordinal + :days
    WHERE begun.date = :begun AND last.working
    """
)


@router.post(
    "/{task_id}/steps",
    status_code=201,
    dependencies=[allow("task:write")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
    responses={code: told for code, told in EDITED.items() if code != 200},
)
def create_task_step(
    task_id: UUID, body: StepIn, request: Request, session: UnboundSessionDep, caller: CallerDep, edit: EditDep,
    today: Today, now: Now,
) -> TaskOut:  # fmt: skip
    """Takes `If-Match` with the ETag of the task. When no reason is left it closes itself."""
    task = held_task(session, task_id)
    if session.get(TaskStep, body.id):
        raise TaskStepSentBefore
    edit = task_edit(edit, task_id)
    edit.check(task.version, None)
    if task.closed_at and not isinstance(body, CaseAskedAgainIn):
        raise TaskClosed
    take(session, task, body, caller, today=today, now=now)
    edit.told(task.version)
    return whole(session, task, today, language_of(request))


def held_task(session: Session, task_id: UUID) -> Task:
    """With its household held, so that no reason comes or goes meanwhile. In the order of all who fold."""
    seen = reachable_task(session, task_id)
    lock_out_sweeps(session, [seen.county])
    hold(session, [seen.subject])
    return reachable_task(session, task_id, lock=True)


def take(session: Session, task: Task, body: StepIn, caller: Caller, *, today: date, now: datetime) -> None:
    kept = TaskStep(id=body.id, task_id=task.id, step=body.step, recorded_by=caller.subject, recorded_at=now)
    session.add(kept)
    session.flush()
    if isinstance(body, AnsweredIn):
        kept.done_on, kept.done_by, kept.visit_id, kept.risks = body.done_on, body.done_by, body.visit_id, body.risks
        judge_reasons(session, task, body, caller, today=today, now=now)
        session.flush()
        fold_these(session, [task.subject], now)
        session.refresh(task)
        return
    if isinstance(body, AcknowledgedIn):
        task.acknowledged_by, task.acknowledged_at = caller.subject, now
    elif isinstance(body, PostponedIn):
        kept.until, kept.because = body.until, body.because
        task.postponed_until = put_off(session, task, body.until, today)
    elif isinstance(body, HandedOverIn):
        kept.place = task.handed_to = in_line(task, body.to)
    else:
        kept.risks = body.risks
        ask_again(session, task.id, body.risks, caller.subject, now)
    task.version += 1
    tell(session, task, now)
    session.flush()


def put_off(session: Session, task: Task, until: date, today: date) -> date:
    """So many working days beyond its due day, however often it is put off; without one, beyond today."""
    days = int(standard(session, POSTPONEMENT, task.division, today))
    last: date = session.scalar(DAYS_ON, {"days": days, "begun": task.due_on or today}) or today
    if not today <= until <= last:
        raise PostponedTooFar(last.isoformat())
    return until


def in_line(task: Task, place: str) -> str:
    if place not in {task.division[:digits] for digits in DIGITS}:
        raise HandedOutOfLine
    return place


def tell(session: Session, task: Task, now: datetime) -> None:
    due = task.due_on.isoformat() if task.due_on else None
    data = {"household": str(task.subject), "severity": task.severity, "due_on": due, "as": None}
    emit(session, CHANGED, task.id, now, division=task.division, data=data)
