"""Whoever has a task is told once before its day, so many working days as the county has set."""

from typing import Any

from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.models.telling import Notice, Telling
from services.alerts.tasks.escalation import remind_some
from services.alerts.telling.digests import gather
from tests.alerts.conftest import VILLAGE, set_standards
from tests.alerts.tasks.conftest import POOR, WELL, one_task, step, tell
from tests.alerts.tasks.test_escalation import BEFORE_THE_HOLIDAY, on
from tests.callers import Office, grant

# Alerts that are told of would be in every digest.
QUIET = {f"tell_alert_{kind}_{role}": 0 for kind in ("opened", "high", "closed") for role in ("cadre", "captain")}


def reminds(session: Session, days: int) -> None:
    set_standards(session, {"task_due_soon": days} | QUIET)
    session.commit()


def heard(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    kind = col(Notice.kind)
    return sorted(
        (one.recipient, one.kind) for one in session.scalars(select(Notice).where(kind.startswith("task_due")))
    )


def offices(engine: Engine) -> None:
    for who, role, place in (("a", "cadre", VILLAGE), ("b", "township", VILLAGE[:9]), ("c", "county", VILLAGE[:6])):
        grant(engine, who, role, place)


def test_the_village_is_told_once_by_working_days_before_the_day_and_nobody_where_nothing_is_set(
    waiting: Session, engines: dict[str, Engine]
) -> None:
    """Told on Monday 28 September, due on Wednesday, two working days later; the holiday begins on Thursday."""
    offices(engines["alerts"])
    tell(waiting, now=BEFORE_THE_HOLIDAY, **POOR)
    assert remind_some(engines["alerts"], on("2026-09-29")) == 0
    reminds(waiting, 1)
    days = ("2026-09-28", "2026-09-29", "2026-09-29", "2026-09-30", "2026-10-08")
    assert [remind_some(engines["alerts"], on(day)) for day in days] == [0, 1, 0, 0, 0]
    assert heard(waiting) == [("a", "task_due_village")]


def test_a_day_behind_a_holiday_is_as_near_as_its_working_days(waiting: Session, engines: dict[str, Engine]) -> None:
    """Told on Tuesday 29 September, due on Thursday 8 October: on the last day before the holiday it is one away."""
    reminds(waiting, 1)
    tell(waiting, now=on("2026-09-29"), **POOR)
    assert one_task(waiting).due_on == on("2026-10-08").date()
    assert [remind_some(engines["alerts"], on(day)) for day in ("2026-09-29", "2026-09-30")] == [0, 1]


def test_what_was_put_off_counts_from_that_day_and_what_was_handed_over_is_told_to_that_office(
    http: TestClient, waiting: Session, engines: dict[str, Engine], office: Office
) -> None:
    """Today is Saturday 21 November; both are due on Tuesday, the first is put off to Friday."""
    offices(engines["alerts"])
    reminds(waiting, 1)
    county = office("c", "county")
    cases: list[tuple[str, dict[str, Any]]] = [
        ("postponed", {"until": "2026-11-27", "because": "away"}),
        ("handed_over", {"to": VILLAGE[:9]}),
        ("handed_over", {"to": VILLAGE[:6]}),
    ]
    for kind, said in cases:
        tell(waiting, **POOR)
        newest = waiting.execute(text("SELECT id FROM task ORDER BY opened_at DESC, xmin::text::bigint DESC LIMIT 1"))
        assert step(http, county, newest.scalar_one(), kind, **said).status_code == 201
    days = ("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26")
    assert [remind_some(engines["alerts"], on(day)) for day in days] == [2, 0, 0, 1]
    assert heard(waiting) == [("a", "task_due_village"), ("b", "task_due_township"), ("c", "task_due_county")]


def test_of_a_task_that_is_done_before_the_message_goes_nobody_is_reminded(
    waiting: Session, engines: dict[str, Engine]
) -> None:
    offices(engines["alerts"])
    reminds(waiting, 1)
    family = tell(waiting, now=BEFORE_THE_HOLIDAY, **POOR)
    assert remind_some(engines["alerts"], on("2026-09-29")) == 1
    tell(waiting, family, version=2, now=on("2026-09-29"), **WELL)
    gather(engines["alerts"], on("2026-09-29"))
    assert waiting.scalars(select(Telling)).all() == []
