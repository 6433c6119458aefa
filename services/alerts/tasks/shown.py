"""A task as people read it: whose turn it is, by when, and for what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.alerts.models.tasks import Task, TaskCase, TaskReason, TaskStep, TaskVisit
from services.alerts.tasks.explaining import explained
from services.kit.store.sets import among
from services.kit.web.edits import Edit

Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
Level = Literal["county", "township", "village"]
LEVELS: tuple[Level, ...] = ("village", "township", "county")
DIGITS = (12, 9, 6)  # of the code of a place of that level


class ReasonOut(BaseModel):
    """`since` is the day from which its days are counted. `ended_as`: over by itself, confirmed or dismissed."""

    source: Annotated[str, Field(title="来源")]
    source_id: UUID
    key: Annotated[str, Field(title="规则或类别")]
    title: Annotated[str, Field(title="事由")]
    explanation: Annotated[str, Field(title="说明")]
    severity: Annotated[str, Field(title="程度")]
    since: Annotated[date, Field(title="起算日")]
    due_on: Annotated[date | None, Field(title="期限")]
    ended_at: Moment | None
    ended_as: Literal["over", "confirmed", "dismissed"] | None


class TaskLine(BaseModel):
    """`due_on` is empty where no standard or calendar says; such a task counts as overdue. `place` is the code of the
    office or village whose turn it is. `reasons` are those that hold."""

    id: UUID
    household: Annotated[UUID, Field(title="农户")]
    division: Annotated[str, Field(title="所在村")]
    opened_at: Moment
    since: Annotated[date, Field(title="最早事由起算日")]
    severity: Annotated[str, Field(title="程度")]
    due_on: Annotated[date | None, Field(title="期限")]
    overdue: Annotated[bool, Field(title="是否超期")]
    level: Annotated[Level, Field(title="已报到哪一级")]
    place: Annotated[str, Field(title="由谁办理（区划代码）")]
    acknowledged_by: str | None
    acknowledged_at: Moment | None
    postponed_until: Annotated[date | None, Field(title="延期至")]
    closed_at: Moment | None
    closed_as: Annotated[Literal["answered", "over"] | None, Field(title="办结方式")]
    reasons: list[ReasonOut]


class StepOut(BaseModel):
    """`done_by` is the cadre who went, where it was not who recorded it."""

    id: UUID
    step: str
    recorded_by: str
    recorded_at: Moment
    done_on: date | None
    done_by: UUID | None
    visit_id: UUID | None
    until: date | None
    because: str | None
    place: str | None
    risks: list[str] | None


class VisitOut(BaseModel):
    """The id of a visit in attendance, or of the first where it was corrected."""

    visit: UUID
    day: date
    cadre: UUID | None
    contact: str


class CaseOut(BaseModel):
    """`problem` is the code of the register's refusal; `case_id` and `problem` are empty while it has not answered."""

    case_id: UUID | None
    problem: str | None
    risks: list[str]
    asked_by: str
    asked_at: Moment
    state: str | None
    included_at: Moment | None


class TaskOut(TaskLine):
    """With the reasons that have ended, what was done, the visits there were, and the case it came to."""

    steps: list[StepOut]
    visits: list[VisitOut]
    case: CaseOut | None


def task_edit(edit: Edit, task_id: UUID) -> Edit:
    """The tag of a task is the same wherever it is told or asked for: it is that of its version."""
    return replace(edit, path=f"/v1/tasks/{task_id}")


def place_of(task: Task) -> str:
    return task.handed_to or task.division[: DIGITS[task.level]]


def overdue(task: Task, today: date) -> bool:
    last = max(filter(None, (task.due_on, task.postponed_until)), default=None)
    return task.closed_at is None and (last is None or last < today)


def lines_of(session: Session, tasks: Sequence[Task], today: date, language: str) -> list[TaskLine]:
    """With the reasons that hold, and of a closed one those it had."""
    wanted = select(TaskReason).where(among(col(TaskReason.task_id), [task.id for task in tasks]))
    held = list(session.scalars(wanted.order_by(col(TaskReason.since), col(TaskReason.key), col(TaskReason.source_id))))
    words = explained(session, held, language)
    by_task: dict[UUID, list[TaskReason]] = {}
    for one in held:
        by_task.setdefault(one.task_id, []).append(one)
    return [line_of(task, by_task.get(task.id, ()), words, today) for task in tasks]


def line_of(task: Task, reasons: Iterable[TaskReason], words: Mapping[UUID, tuple[str, str]], today: date) -> TaskLine:
    shown = [reason_of(one, words) for one in reasons if task.closed_at or not one.ended_at]
    known = task.model_dump(include=set(TaskLine.model_fields) & set(Task.model_fields) - {"level"})
    return TaskLine(
        **known, household=task.subject, level=LEVELS[task.level], place=place_of(task), overdue=overdue(task, today),
        reasons=shown,
    )  # fmt: skip


def reason_of(reason: TaskReason, words: Mapping[UUID, tuple[str, str]]) -> ReasonOut:
    title, explanation = words.get(reason.source_id, (reason.key, ""))
    known = reason.model_dump(include=set(ReasonOut.model_fields))
    return ReasonOut(**known, title=title, explanation=explanation)


def whole(session: Session, task: Task, today: date, language: str) -> TaskOut:
    reasons = select(TaskReason).where(col(TaskReason.task_id) == task.id)
    held = list(session.scalars(reasons.order_by(col(TaskReason.added_at), col(TaskReason.key))))
    steps = select(TaskStep).where(col(TaskStep.task_id) == task.id).order_by(col(TaskStep.seq))
    visits = select(TaskVisit).where(col(TaskVisit.task_id) == task.id, col(TaskVisit.made))
    case = session.get(TaskCase, task.id)
    words = explained(session, held, language)
    line = line_of(task, (), words, today).model_dump() | {"reasons": [reason_of(one, words) for one in held]}
    return TaskOut(
        **line,
        steps=[StepOut.model_validate(step.model_dump()) for step in session.scalars(steps)],
        visits=[VisitOut.model_validate(v.model_dump()) for v in session.scalars(visits.order_by(col(TaskVisit.day)))],
        case=CaseOut.model_validate(case.model_dump()) if case else None,
    )
