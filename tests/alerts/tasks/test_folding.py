"""All reasons of a household are one visit, and a visit that nothing asks for any more is none."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from services.alerts.facts.learn import Told, forget_these
from services.alerts.intake.take_in import take_in
from services.alerts.rules.catalogue import HOUSEHOLD, TEAM
from services.alerts.tasks.folding import Folded, fold_county, fold_these
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards
from tests.alerts.sweeping import written
from tests.alerts.tasks.conftest import POOR, WELL, one_task, reasons, tasks, tell, told_of, visited
from tests.alerts.test_at_once import beside, wait_until_waiting
from tests.conftest import NOW

__all__ = ["beside"]  # a fixture

TABLES = ["task", "task_reason", "event"]


def test_alerts_and_clues_of_a_household_are_one_task_with_every_reason(waiting: Session) -> None:
    """21 November is a Saturday: two working days end on Tuesday, five on Friday."""
    family = tell(waiting, uninsured_members=1, **POOR)
    other = tell(waiting, safe_water=False)
    first, second = sorted(tasks(waiting), key=lambda task: task.subject != family)
    assert (first.subject, first.severity, first.due_on) == (family, "high", date(2026, 11, 24))
    assert (second.subject, second.severity, second.due_on) == (other, "medium", date(2026, 11, 27))
    visited(waiting, family, "illness", "debt")
    assert [task.id for task in tasks(waiting)] == [task.id for task in sorted([first, second], key=lambda t: t.id)]
    assert reasons(waiting) == ["debt", "illness", "income-below-line", "not-insured", "water-unsafe"]
    assert told_of(waiting) == ["task.opened", "task.opened", "task.changed"]

    tell(waiting, family, version=2, uninsured_members=1, **WELL)
    (left,) = [task for task in tasks(waiting) if task.subject == family]
    assert (left.severity, left.due_on, left.closed_at) == ("medium", date(2026, 11, 27), None)
    assert reasons(waiting, ended=True) == ["income-below-line"]

    tell(waiting, other, version=2, safe_water=True)
    (over,) = [task for task in tasks(waiting) if task.subject == other]
    assert (over.closed_as, told_of(waiting)[-1]) == ("over", "task.closed")
    tell(waiting, other, version=3, safe_water=False)
    assert len([task for task in tasks(waiting) if task.subject == other]) == 2


def test_a_sweep_finds_nothing_to_fold_and_folds_what_was_missed(waiting: Session) -> None:
    family = tell(waiting, uninsured_members=1, **POOR)
    visited(waiting, family, "debt")
    before = written(waiting, TABLES)
    assert fold_county(waiting, COUNTY, NOW) == Folded()
    assert fold_these(waiting, [family], NOW) == Folded()
    waiting.commit()
    assert written(waiting, TABLES) == before
    for table in ("task_visit", "task_reason", "task"):
        waiting.execute(text(f"DELETE FROM {table}"))  # noqa: S608  # as before the release with tasks
    assert fold_county(waiting, COUNTY, NOW) == Folded(opened=1)
    assert reasons(waiting) == ["debt", "income-below-line", "not-insured"]
    waiting.execute(text("UPDATE alert SET closed_at = now() WHERE rule_key = 'income-below-line'"))
    assert fold_county(waiting, COUNTY, NOW) == Folded(changed=1)
    waiting.execute(text("UPDATE alert SET closed_at = now() WHERE closed_at IS NULL"))
    waiting.execute(text("UPDATE visit_clue SET state = 'withdrawn'"))
    assert fold_county(waiting, COUNTY, NOW) == Folded(closed=1)


def test_the_day_it_is_due_follows_holidays_the_nearest_standard_and_the_calendar(waiting: Session) -> None:
    """In 2026 the first seven days of October are a holiday, and Saturday the tenth is worked."""
    before_the_holiday = datetime(2026, 9, 30, 1, tzinfo=UTC)
    set_standards(waiting, {"task_days_high": 3}, VILLAGE[:9])
    waiting.commit()
    tell(waiting, now=before_the_holiday, **POOR)
    assert one_task(waiting).due_on == date(2026, 10, 10)
    waiting.execute(text("UPDATE day SET ordinal = ordinal + 1 WHERE date >= '2026-10-08'"))  # the holiday was cut
    assert fold_county(waiting, COUNTY, before_the_holiday) == Folded(changed=1)
    waiting.commit()
    assert one_task(waiting).due_on == date(2026, 10, 9)


def test_without_a_standard_a_task_is_there_all_the_same_and_has_its_day_when_one_is_set(waiting: Session) -> None:
    waiting.execute(text("DELETE FROM standard WHERE key = 'task_days_high'"))
    waiting.commit()
    tell(waiting, **POOR)
    assert one_task(waiting).due_on is None
    set_standards(waiting, {"task_days_high": 2})
    waiting.commit()
    assert fold_county(waiting, COUNTY, NOW) == Folded(changed=1)
    waiting.commit()
    assert one_task(waiting).due_on == date(2026, 11, 24)


def test_a_task_follows_its_household_and_goes_with_it(waiting: Session) -> None:
    family = tell(waiting, **POOR)
    visited(waiting, family, "debt")
    tell(waiting, family, version=2, place="520621002001", **POOR)
    assert one_task(waiting).division == "520621002001"
    forget_these(waiting, HOUSEHOLD, [family], NOW)
    waiting.commit()
    assert [task.closed_as for task in tasks(waiting)] == ["over"]
    visited(waiting, family, "illness")
    assert [task.closed_as for task in tasks(waiting)] == ["over"]


def test_what_visits_find_of_a_household_waits_until_its_facts_come(waiting: Session) -> None:
    family = uuid4()
    first = visited(waiting, family, "illness")
    assert tasks(waiting) == []
    tell(waiting, family, **WELL)
    visited(waiting, family, "illness", visit=first, version=2)
    assert (one_task(waiting).subject, reasons(waiting)) == (family, ["illness"])
    visit = visited(waiting, family, "debt")
    visited(waiting, family, visit=visit, version=2)
    assert (reasons(waiting), reasons(waiting, ended=True)) == (["illness"], ["debt"])
    visited(waiting, family, "debt", visit=visit, version=3)
    assert (reasons(waiting), reasons(waiting, ended=True)) == (["debt", "illness"], [])
    of_the_task = waiting.execute(text("SELECT visit, version FROM task_visit")).all()
    assert [tuple(row) for row in of_the_task] == [(visit, 3)]  # not the one that it was opened for


def test_a_rule_and_a_visit_that_come_at_once_are_one_task(
    waiting: Session, beside: Callable[..., Future[None]]
) -> None:
    family = tell(waiting, **WELL)
    take_in(waiting, HOUSEHOLD, [Told(family, VILLAGE, 2, POOR)], NOW)
    visit = beside(lambda session: visited(session, family, "debt"))
    wait_until_waiting(waiting)
    waiting.commit()
    visit.result(10)
    assert (one_task(waiting).severity, reasons(waiting)) == ("high", ["debt", "income-below-line"])
    assert fold_county(waiting, COUNTY, NOW) == Folded()


def test_a_reason_keeps_its_day_when_its_facts_change_and_teams_have_no_tasks(waiting: Session) -> None:
    family = tell(waiting, now=NOW - timedelta(days=9), **POOR)
    before = one_task(waiting).since, one_task(waiting).due_on
    tell(waiting, family, version=2, **(POOR | {"net_income": 1}))
    take_in(waiting, TEAM, [Told(uuid4(), VILLAGE, 1, {"members": 0})], NOW)
    waiting.commit()
    assert waiting.scalar(text("SELECT count(*) FROM alert WHERE about = 'team' AND closed_at IS NULL"))
    assert fold_county(waiting, COUNTY, NOW) == Folded()
    assert (one_task(waiting).since, one_task(waiting).due_on) == before


FAMILIES = st.integers(0, 1)
HAPPENS = st.one_of(
    st.tuples(st.just("facts"), FAMILIES, st.sampled_from([POOR, WELL]), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("visit"), FAMILIES, st.lists(st.sampled_from(["debt", "illness"]), unique=True)),
    st.tuples(st.just("gone"), FAMILIES),
    st.tuples(st.just("swept")),
)


@given(st.lists(HAPPENS, min_size=3, max_size=9))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_open_tasks_name_what_waits_and_nothing_else(
    waiting: Session, happening: list[tuple[Any, ...]]
) -> None:
    families = [uuid4(), uuid4()]
    for version, (kind, *said) in enumerate(happening, start=1):
        if kind == "facts":
            family, income, uninsured, safe = said
            facts = income | {"uninsured_members": uninsured, "safe_water": safe}
            tell(waiting, families[family], version=version, **facts)
        elif kind == "visit":
            visited(waiting, families[said[0]], *said[1])
        elif kind == "gone":
            forget_these(waiting, HOUSEHOLD, [families[said[0]]], NOW)
        else:
            fold_county(waiting, COUNTY, NOW)
        waiting.commit()
        assert set(waiting.execute(HELD, {"of": families})) == set(waiting.execute(WAITS, {"of": families}))
    assert fold_county(waiting, COUNTY, NOW) == Folded()
    stand = waiting.execute(STAND, {"of": families}).all()
    assert [row for row in stand if (row.level, row.due_on, row.grave) != (0, row.first_due, row.severity)] == []
    opened = text(
        "SELECT count(*) FILTER (WHERE type = 'task.opened') - count(*) FILTER (WHERE type = 'task.closed') FROM event"
        " WHERE (data ->> 'household')::uuid = ANY (:of)"
    )
    assert waiting.scalar(opened, {"of": families}) == len(stand)


HELD = text(
    "SELECT task.subject, source, source_id FROM task JOIN task_reason ON task_id = task.id"
    " WHERE closed_at IS NULL AND ended_at IS NULL AND task.subject = ANY (:of)"
)
WAITS = text(
    "SELECT subject, 'alert', id FROM alert WHERE closed_at IS NULL AND subject = ANY (:of)"
    " UNION ALL SELECT subject, 'visit_clue', id FROM visit_clue JOIN household_facts USING (subject)"
    " WHERE state = 'told' AND subject = ANY (:of)"
)
STAND = text(
    "SELECT task.level, task.due_on, task.severity, min(r.due_on) AS first_due,"
    " CASE WHEN bool_or(r.severity = 'high') THEN 'high' WHEN bool_or(r.severity = 'medium') THEN 'medium'"
    " ELSE 'low' END AS grave"
    " FROM task JOIN task_reason r ON task_id = task.id AND ended_at IS NULL"
    " WHERE closed_at IS NULL AND task.subject = ANY (:of) GROUP BY task.id"
)
