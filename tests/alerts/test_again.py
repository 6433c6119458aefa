"""Judging without news: once a day, and when a standard that was missing has come."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from services.alerts.facts.learn import Told
from services.alerts.intake.again import ask_for_today, judges_again
from services.alerts.intake.take_in import JUDGE_AGAIN, take_in
from services.alerts.rules.catalogue import TEAM
from services.kit.store.claim import work_a_job
from services.kit.store.reference import StandardMissing
from tests.alerts.conftest import COUNTY, STANDARDS, VILLAGE, open_alerts, set_standards, told, yuan
from tests.callers import HERE
from tests.conftest import NOW, TODAY

TEAM_ID = UUID("7a2f1d0e-5b1c-4a8e-9c39-1f0d2f3b4a5c")


def judged_on(engine: Engine, session: Session, days_later: int) -> int:
    """How many jobs the bell of that day leads to."""
    now = HERE + timedelta(days=days_later)
    ask_for_today(session, now)
    session.commit()
    return work_a_job(engine, judges_again(engine), now)


def test_a_village_nobody_comes_to_is_noticed_though_nothing_is_heard_of_it(
    watched: Session, engines: dict[str, Engine]
) -> None:
    seen = {"members": 3, "last_present_on": TODAY.isoformat()}
    take_in(watched, TEAM, [Told(TEAM_ID, VILLAGE, 1, seen)], NOW)
    watched.commit()
    assert open_alerts(watched, TEAM_ID) == []
    judged_on(engines["alerts"], watched, 1)
    assert open_alerts(watched, TEAM_ID) == []
    judged_on(engines["alerts"], watched, 2)
    assert open_alerts(watched, TEAM_ID) == ["village-without-presence"]


def test_a_day_is_judged_once_however_often_the_bell_rings(watched: Session, engines: dict[str, Engine]) -> None:
    told(watched, safe_water=True)
    assert [judged_on(engines["alerts"], watched, days) for days in (0, 0, 1, 1)] == [1, 0, 1, 0]


def test_a_rule_whose_standard_is_missing_waits_and_the_others_judge(
    watched: Session, engines: dict[str, Engine]
) -> None:
    """It is tried again until the standard has come, and then judges everybody."""
    watched.execute(text("DELETE FROM standard WHERE key = 'monitoring_line'"))
    family = told(watched, net_income=yuan(20_000), persons=4, monitored=False, safe_water=False)
    jobs = judges_again(engines["alerts"])
    assert open_alerts(watched, family) == ["water-unsafe"]
    with pytest.raises(StandardMissing, match="monitoring_line"):
        work_a_job(engines["alerts"], jobs, NOW)
    assert (open_alerts(watched, family), waits(watched)) == (["water-unsafe"], ["StandardMissing"])
    set_standards(watched, {"monitoring_line": 632_000})
    watched.commit()
    assert work_a_job(engines["alerts"], jobs, NOW + timedelta(minutes=1)) == 1
    assert open_alerts(watched, family) == ["income-below-line", "water-unsafe"]
    assert waits(watched) == []


def test_what_a_rule_has_opened_stays_while_its_standard_is_missing(
    watched: Session, engines: dict[str, Engine]
) -> None:
    """A day without the standard says nothing of anybody; the others are judged that day, and the rule is asked for."""
    family = told(watched, net_income=yuan(20_000), persons=4, monitored=False)
    watched.execute(text("DELETE FROM standard WHERE key = 'monitoring_line'"))
    seen = {"members": 3, "last_present_on": TODAY.isoformat()}
    take_in(watched, TEAM, [Told(TEAM_ID, VILLAGE, 1, seen)], NOW)
    watched.commit()
    ask_for_today(watched, HERE + timedelta(days=2))
    watched.commit()
    the_days = {JUDGE_AGAIN: judges_again(engines["alerts"])[JUDGE_AGAIN]}
    assert work_a_job(engines["alerts"], the_days, HERE + timedelta(days=2)) == 1
    assert open_alerts(watched, family) == ["income-below-line"]
    assert open_alerts(watched, TEAM_ID) == ["village-without-presence"]
    assert len(waits(watched)) == 1


def waits(session: Session) -> list[str | None]:
    session.rollback()
    return list(session.scalars(text("SELECT problem FROM job WHERE kind = 'judge-when-ready' AND done_at IS NULL")))


def test_a_household_that_moves_to_another_county_has_one_alert_and_not_two(watched: Session) -> None:
    family = told(watched, safe_water=False)
    set_standards(watched, STANDARDS, "520622")
    take_in(watched, "household", [Told(family, "520622001001", 2, {"safe_water": False})], NOW)
    watched.commit()
    assert open_alerts(watched, family) == ["water-unsafe"]
    where = watched.execute(text("SELECT county, division FROM alert WHERE closed_at IS NULL")).one()
    assert tuple(where) == ("520622", "520622001001")
    assert where[0] != COUNTY
