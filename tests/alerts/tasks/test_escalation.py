"""Who hears of a task that stays undone: the township, then the county, each once; and what came of the reasons."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.models.tasks import TaskEscalation, TaskReason, TaskVisit
from services.alerts.models.telling import Notice
from services.alerts.tasks.escalation import CLIMB, ESCALATED, escalate_some
from services.alerts.tasks.purge import purge
from services.kit.store.db import open_session
from services.kit.store.tables import Event
from tests.alerts.conftest import VILLAGE, set_standards
from tests.alerts.tasks.conftest import POOR, WELL, one_task, tasks, tell, visited
from tests.alerts.tasks.test_outcomes import answered, hear_of_case
from tests.alerts.test_at_once import wait_until_waiting
from tests.callers import Office, grant
from tests.conftest import NOW

BEFORE_THE_HOLIDAY = datetime(2026, 9, 28, 1, tzinfo=UTC)  # a Monday: two working days end on the 30th


def on(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T01:00:00+00:00")


def told_up(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    found = session.scalars(select(Event).where(col(Event.type) == ESCALATED).order_by(col(Event.occurred_at)))
    return [(event.data["level"], event.data["due_on"]) for event in found]


def test_a_task_climbs_by_working_days_after_it_was_due_and_each_level_hears_once(
    waiting: Session, engines: dict[str, Engine]
) -> None:
    """In 2026 the first seven days of October are a holiday, and Saturday the tenth is worked."""
    family = tell(waiting, now=BEFORE_THE_HOLIDAY, **POOR)
    heard = {day: escalate_some(engines["alerts"], on(day)) for day in ("2026-09-30", "2026-10-01", "2026-10-07")}
    assert set(heard.values()) == {0}
    assert escalate_some(engines["alerts"], on("2026-10-08")) == 1
    assert escalate_some(engines["alerts"], on("2026-10-08")) == 0
    assert escalate_some(engines["alerts"], on("2026-10-09")) == 0
    assert escalate_some(engines["alerts"], on("2026-10-10")) == 1
    assert escalate_some(engines["alerts"], on("2026-11-20")) == 0
    assert told_up(waiting) == [("township", "2026-09-30"), ("county", "2026-09-30")]
    assert one_task(waiting).level == 2
    tell(waiting, family, version=2, **WELL)
    tell(waiting, family, version=3, **POOR)
    assert (one_task(waiting).level, escalate_some(engines["alerts"], NOW)) == (0, 0)


def test_offices_find_what_climbs_to_them_among_their_notices(waiting: Session, engines: dict[str, Engine]) -> None:
    """The township when it is overdue, the county when it is long so; of a new task whom the county has named."""
    set_standards(waiting, {"tell_task_opened_captain": 1})
    waiting.commit()
    for who, role, place in (("a", "captain", VILLAGE), ("b", "township", VILLAGE[:9]), ("c", "county", VILLAGE[:6])):
        grant(engines["alerts"], who, role, place)
    tell(waiting, now=BEFORE_THE_HOLIDAY, **POOR)
    for day in ("2026-10-08", "2026-10-09", "2026-10-10", "2026-10-12"):
        escalate_some(engines["alerts"], on(day))
    waiting.rollback()
    of_tasks = select(Notice).where(col(Notice.kind).startswith("task_"), col(Notice.source) == one_task(waiting).id)
    found = {(one.recipient, one.kind) for one in waiting.scalars(of_tasks)}
    assert found == {("a", "task_opened"), ("b", "task_late"), ("c", "task_late_county")}


def test_what_is_done_is_told_to_nobody_and_what_was_put_off_counts_from_that_day(
    waiting: Session, engines: dict[str, Engine]
) -> None:
    done, put_off, late = (tell(waiting, now=BEFORE_THE_HOLIDAY, **POOR) for _ in range(3))
    tell(waiting, done, version=2, now=BEFORE_THE_HOLIDAY, **WELL)
    waiting.execute(text("UPDATE task SET postponed_until = '2026-10-09' WHERE subject = :of"), {"of": put_off})
    waiting.commit()
    assert [escalate_some(engines["alerts"], on("2026-10-09")) for _ in range(2)] == [1, 0]
    assert told_up(waiting) == [("township", "2026-09-30")]
    assert [escalate_some(engines["alerts"], on("2026-10-12")) for _ in range(2)] == [2, 0]
    assert sorted(told_up(waiting)) == [
        ("county", "2026-09-30"), ("township", "2026-09-30"), ("township", "2026-10-09"),
    ]  # fmt: skip
    assert [task.subject for task in tasks(waiting) if task.level == 2] == [late]
    waiting.execute(text("DELETE FROM standard WHERE key = 'task_to_county'"))
    waiting.commit()
    assert escalate_some(engines["alerts"], on("2026-11-20")) == 0


@pytest.fixture
def beside(engines: dict[str, Engine]) -> Iterator[Callable[[datetime], Future[int]]]:
    with ThreadPoolExecutor(1) as pool:
        yield lambda now: pool.submit(escalate_some, engines["alerts"], now)


def test_a_worker_that_dies_or_meets_another_leaves_nobody_untold_and_tells_nobody_twice(
    waiting: Session, engines: dict[str, Engine], beside: Callable[[datetime], Future[int]]
) -> None:
    tell(waiting, now=BEFORE_THE_HOLIDAY, **POOR)
    day = on("2026-10-08")
    said: dict[str, Any] = {"today": day.date(), "now": day, "most": 10, "escalated": ESCALATED}
    with open_session(engines["alerts"]) as dying:
        dying.execute(CLIMB, said)
        other = beside(day)
        wait_until_waiting(waiting)
        dying.rollback()
        assert other.result(10) == 1
    with open_session(engines["alerts"]) as first:
        first.execute(text("UPDATE task SET level = 0"))
        first.execute(text("DELETE FROM task_escalation"))
        first.execute(text("DELETE FROM event"))
        first.commit()
        first.execute(CLIMB, said)
        second = beside(day)
        wait_until_waiting(waiting)
        first.commit()
        assert second.result(10) == 0
    assert told_up(waiting) == [("township", "2026-09-30")]
    assert len(waiting.scalars(select(TaskEscalation)).all()) == 1


def test_what_came_of_the_reasons_is_told_by_rule_and_by_village(
    http: TestClient, waiting: Session, office: Office
) -> None:
    """Two households and three reasons: one visited on the third day and found to be so, one that ended by itself."""
    began = NOW - timedelta(days=3)
    one = tell(waiting, now=began, uninsured_members=1, **POOR)
    tell(waiting, now=began, safe_water=False, place="520621001006")
    (task,) = [task for task in tasks(waiting) if task.subject == one]
    visited(waiting, one, contact="not_reached")
    never_made = visited(waiting, one)
    visited(waiting, one, visit=never_made, version=2, made=False)
    county = office("a-county", "county")
    before = http.get("/v1/task-yield", headers=county).json()
    assert {name: before[name] for name in ("sent", "visited", "confirmed", "included", "tasks", "saved")} == {
        "sent": 3, "visited": 0, "confirmed": 0, "included": 0, "tasks": 2, "saved": 1,
    }  # fmt: skip
    visited(waiting, one)
    tell(waiting, one, version=2, now=NOW + timedelta(days=1), uninsured_members=1, safe_house=False, **POOR)
    answered(http, county, task.id, ("01",), income_below_line="confirmed", not_insured="dismissed")
    hear_of_case(waiting, task.id, {"state": "monitored", "version": 9})
    told = http.get("/v1/task-yield", headers=county).json()
    by_rule = {row["key"]: (row["sent"], row["visited"], row["confirmed"], row["included"]) for row in told["rules"]}
    assert by_rule == {"income-below-line": (1, 1, 1, 1), "not-insured": (1, 1, 0, 0), "water-unsafe": (1, 0, 0, 0)} | {
        "house-unsafe": (1, 0, 0, 0)  # a reason since that visit
    }
    assert [(row["division"], row["sent"], row["days_to_visit"]) for row in told["villages"]] == [
        (VILLAGE, 3, 3.0), ("520621001006", 1, None),
    ]  # fmt: skip
    assert [row["key"] for row in told["rules"]] == sorted(by_rule)
    of_one = office("an-evaluator", "evaluator", place=VILLAGE)
    assert http.get("/v1/task-yield", headers=of_one).json()["sent"] == 3
    later = {"since": (date(2026, 11, 21)).isoformat()}
    assert http.get("/v1/task-yield", params=later, headers=county).json()["sent"] == 1


def test_finished_tasks_are_kept_their_days_and_the_figures_say_until_when_they_are_gone(
    http: TestClient, waiting: Session, engines: dict[str, Engine], office: Office
) -> None:
    """One ended by itself, one was dismissed and keeps its alert quiet, one is open still."""
    county = office("a-county", "county")
    over, dismissed, still = (tell(waiting, **POOR) for _ in range(3))
    visited(waiting, over)
    task_of = {task.subject: task.id for task in tasks(waiting)}
    answered(http, county, task_of[dismissed], (), income_below_line="dismissed")
    tell(waiting, over, version=2, now=NOW + timedelta(days=1), **WELL)
    later = NOW + timedelta(days=90)
    assert purge(engines["alerts"], later) == 0  # the county has said nothing
    set_standards(waiting, {"task_kept_days": 60})
    waiting.commit()
    assert [purge(engines["alerts"], now) for now in (NOW + timedelta(days=60), later, later)] == [0, 1, 0]
    assert {task.subject for task in tasks(waiting)} == {dismissed, still}
    for kept in (TaskReason, TaskVisit):
        assert waiting.scalars(select(kept).where(col(kept.task_id) == task_of[over])).all() == []
    told = http.get("/v1/task-yield", headers=county).json()
    assert (told["sent"], told["gone_until"]) == (2, (NOW + timedelta(days=1)).date().isoformat())
    elsewhere = office("elsewhere", "county", place="520622")
    assert http.get("/v1/task-yield", headers=elsewhere).json()["gone_until"] is None
