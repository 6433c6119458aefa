"""Every deadline of a visit task, over every holiday and worked weekend of a year, as somebody would count it who
walks the calendar day by day."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import chinese_calendar
import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from services.alerts.models.tasks import Task, TaskEscalation
from services.alerts.tasks.escalation import escalate_some
from services.alerts.tasks.steps import PostponedTooFar
from services.alerts.tasks.taking import put_off
from tests.alerts.tasks.conftest import HIGH, POOR, WAITS, tell

LAST = date(2026, 12, 10)


def at(day: date) -> datetime:
    return datetime.combine(day, time(1), tzinfo=UTC)


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def walked(day: date, working_days: int) -> date:
    """The day itself does not count."""
    while working_days:
        day += timedelta(days=1)
        working_days -= bool(chinese_calendar.is_workday(day))
    return day


def near_holidays() -> Sequence[date]:
    """Two days before each begins, the day itself, and every day that is worked in its stead."""
    named = {day for day in days(date(2026, 1, 4), LAST) if chinese_calendar.get_holiday_detail(day)[1]}
    first = {day for day in named if day - timedelta(days=1) not in named}
    return sorted(first | {day - timedelta(days=2) for day in first})


def test_every_deadline_falls_where_a_walk_through_the_calendar_ends_over_all_holidays_of_a_year(
    waiting: Session, engines: dict[str, Engine]
) -> None:
    begun = {tell(waiting, now=at(day), **POOR): day for day in near_holidays()}
    assert len(begun) > 15
    due = {one.subject: (one.id, one.due_on) for one in waiting.scalars(select(Task))}
    assert {family: when for family, (_, when) in due.items()} == {
        family: walked(day, HIGH) for family, day in begun.items()
    }
    for task in waiting.scalars(select(Task)).all():
        last = walked(due[task.subject][1] or LAST, WAITS["task_postponement"])
        assert put_off(waiting, task, last, begun[task.subject]) == last
        with pytest.raises(PostponedTooFar):
            put_off(waiting, task, last + timedelta(days=1), begun[task.subject])
    waiting.rollback()
    followed = {day for first in begun.values() for day in days(first, first + timedelta(days=20))}
    for today in sorted(followed):
        escalate_some(engines["alerts"], at(today))
    waiting.rollback()
    climbed = waiting.scalars(select(TaskEscalation).order_by(col(TaskEscalation.level)))
    heard = {(one.task_id, one.level): one.told_at.date() for one in climbed}
    wanted = {1: WAITS["task_to_township"], 2: WAITS["task_to_county"]}
    assert heard == {
        (task, level): walked(walked(day, HIGH), allowed)
        for family, day in begun.items()
        for task, level, allowed in ((due[family][0], level, allowed) for level, allowed in wanted.items())
    }
