"""What came of each reason and of each clue: rows to be counted by whatever they are grouped by."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Interval,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlmodel import col

from services.alerts.models.clues import Clue
from services.alerts.models.tasks import Task, TaskCase, TaskReason, TaskStep, TaskVisit
from services.alerts.tasks.reasons import CLUE
from services.kit.post.facts import COUNTY

MET = ("home", "elsewhere")
Rows = Select[*tuple[Any, ...]]


def came_of_reasons() -> Rows:
    """One row a reason. A visit that attendance tells of counts from the day of the reason: one of an earlier day was
    made for something else. An outcome counts whatever its day: somebody says that what was seen then answers this
    reason, and nobody goes again; no days were waited for it. Confirmed and included count of those gone to."""
    met, told, since = first_visit(), cast(col(TaskStep.done_on), Date), col(TaskReason.since)
    visited = or_(met.c.day.is_not(None), told.is_not(None))
    waited = func.least(met.c.day, case((told >= since, told)), type_=Date) - since
    confirmed = visited & func.coalesce(col(TaskReason.ended_as) == "confirmed", false())
    order = (since, col(TaskReason.source), col(TaskReason.source_id))
    turn = func.row_number().over(partition_by=col(TaskReason.task_id), order_by=order)
    return (
        select(
            col(TaskReason.task_id),
            col(TaskReason.source),
            col(TaskReason.source_id),
            col(TaskReason.key),
            col(Task.division),
            visited.label("visited"),
            waited.label("waited"),
            confirmed.label("confirmed"),
            (confirmed & col(TaskCase.included_at).is_not(None)).label("included"),
            (turn > 1).label("saved"),
        )
        .select_from(TaskReason)
        .join(Task, col(Task.id) == col(TaskReason.task_id))
        .outerjoin(met, true())
        .outerjoin(TaskStep, col(TaskStep.id) == col(TaskReason.ended_by))
        .outerjoin(TaskCase, col(TaskCase.task_id) == col(TaskReason.task_id))
    )


def first_visit() -> FromClause:
    day = col(TaskVisit.day)
    of_its_task = (col(TaskVisit.task_id) == col(TaskReason.task_id), day >= col(TaskReason.since))
    visits = select(func.min(day).label("day")).where(
        *of_its_task, col(TaskVisit.made), col(TaskVisit.contact).in_(MET)
    )
    return visits.correlate(TaskReason).lateral("met")


def grouped(each: Subquery, *names: str) -> Rows:
    by = [each.c[name] for name in names]
    return select(*by, *counted(each)).group_by(*by).order_by(*by)


def counted(each: Subquery) -> Sequence[ColumnElement[Any]]:
    return [
        func.count().label("sent"),
        *(func.count().filter(each.c[name]).label(name) for name in ("visited", "confirmed", "included", "saved")),
        func.percentile_cont(0.5).within_group(each.c.waited).label("days_to_visit"),
    ]


def came_of_clues(now: datetime, division: str, since: date | None, until: date | None) -> Rows:
    """By department, and by its kinds. Clues by the day they were received, without those that were withdrawn; of one
    that was a reason twice, its first visit, and whatever came of either."""
    each = came_of_reasons().where(col(Task.county).startswith(division[:COUNTY])).subquery("each")
    whether = [func.bool_or(each.c[name]).label(name) for name in ("visited", "confirmed", "included", "saved")]
    days = func.min(each.c.waited).label("waited")
    of_clues = select(each.c.source_id, *whether, days).where(each.c.source == CLUE)
    came = of_clues.group_by(each.c.source_id).subquery("came")
    known = col(Clue.household).is_not(None)
    received = cast(func.timezone(literal(now.utcoffset(), Interval), col(Clue.received_at)), Date)
    department, kind = col(Clue.department), col(Clue.kind)
    return (
        select(department, kind.label("key"), func.count().filter(known).label("matched"), *counted(came))
        .select_from(Clue)
        .outerjoin(came, and_(came.c.source_id == col(Clue.id), known))
        .where(col(Clue.state) != "withdrawn", col(Clue.division).startswith(division))
        .where(*between(received, since, until))
        .group_by(func.grouping_sets(tuple_(department), tuple_(department, kind)))
        .order_by(department, kind.nulls_first())
    )


def between(day: SQLColumnExpression[date], since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    first, last = [day >= since] if since else [], [day <= until] if until else []
    return first + last
