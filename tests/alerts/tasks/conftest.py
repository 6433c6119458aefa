"""A county that has set how long visits may wait, by the calendar as it was published, and what it is told."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import chinese_calendar
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.facts.learn import Told
from services.alerts.inbox import HANDLERS
from services.alerts.intake.take_in import take_in
from services.alerts.main import create
from services.alerts.models.tasks import Task, TaskReason
from services.alerts.rules.catalogue import HOUSEHOLD
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.inbox import receive
from services.kit.store.tables import Day, Event
from tests.alerts.conftest import VILLAGE, set_standards, yuan
from tests.callers import Headers, served
from tests.conftest import NOW

HIGH, MEDIUM, LOW = 2, 5, 10  # working days
WAITS = {
    "task_days_high": HIGH,
    "task_days_medium": MEDIUM,
    "task_days_low": LOW,
    "task_to_township": 1,
    "task_to_county": 3,
    "task_postponement": 5,
}
POOR: dict[str, Any] = {"net_income": yuan(20_000), "persons": 4, "monitored": False}
WELL: dict[str, Any] = {"net_income": yuan(90_000), "persons": 4, "monitored": False}


@pytest.fixture
def waiting(watched: Session) -> Session:
    watched.execute(text("DELETE FROM day"))
    write_days(watched)
    set_standards(watched, WAITS)
    watched.commit()
    return watched


def write_days(session: Session) -> None:
    day, ordinal = date(2026, 1, 1), 0
    while day.year == 2026:
        working = bool(chinese_calendar.is_workday(day))
        ordinal += working
        session.add(Day(date=day, working=working, ordinal=ordinal, provisional=False, source="示例", version=1))
        day += timedelta(days=1)


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


def tell(
    session: Session, family: UUID | None = None, *, version: int = 1, now: datetime = NOW, place: str = VILLAGE,
    **facts: Any,
) -> UUID:  # fmt: skip
    subject = family or uuid4()
    take_in(session, HOUSEHOLD, [Told(subject, place, version, facts)], now)
    session.commit()
    return subject


def visited(
    session: Session, family: UUID, *findings: str, now: datetime = NOW, visit: UUID | None = None, version: int = 1,
    place: str = VILLAGE, **said: Any,
) -> UUID:  # fmt: skip
    """Attendance tells of a visit."""
    first = visit or uuid4()
    data = {
        "visit": str(first), "version": version, "household": str(family), "cadre": str(uuid4()),
        "day": now.date().isoformat(), "contact": "home", "made": True, "findings": list(findings),
    } | said  # fmt: skip
    event = CloudEvent(
        id=uuid4(), source=source_of("attendance"), type="visit.recorded", subject=str(first), time=now,
        division=place, data=data,
    )  # fmt: skip
    receive(session, "attendance", [event], HANDLERS["attendance"], now)
    session.commit()
    return first


def tasks(session: Session) -> list[Task]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Task).order_by(col(Task.opened_at), col(Task.id))))


def one_task(session: Session) -> Task:
    (task,) = [task for task in tasks(session) if task.closed_at is None]
    return task


def reasons(session: Session, *, ended: bool = False) -> list[str]:
    state = col(TaskReason.ended_at).is_not(None) if ended else col(TaskReason.ended_at).is_(None)
    return sorted(session.scalars(select(col(TaskReason.key)).where(state)))


def told_of(session: Session) -> list[str]:
    session.rollback()
    wanted = select(col(Event.type)).where(col(Event.type).startswith("task."))
    return list(session.scalars(wanted.order_by(col(Event.xid))))


def read(http: TestClient, caller: Headers, task: UUID) -> Any:
    return http.get(f"/v1/tasks/{task}", headers=caller)


def step(http: TestClient, caller: Headers, task: UUID, kind: str, **said: Any) -> Any:
    """As somebody who has read it first."""
    seen = read(http, caller, task).headers.get("etag")
    body = {"id": str(uuid4()), "step": kind} | said
    headers = caller | ({"if-match": seen} if seen else {})
    return http.post(f"/v1/tasks/{task}/steps", json=body, headers=headers)
