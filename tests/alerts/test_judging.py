"""TRUE opens, FALSE closes, unknown changes nothing."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlmodel import Session

from services.alerts.alerts import explain
from services.alerts.facts.learn import Told
from services.alerts.intake.take_in import take_in
from services.alerts.models.watch import Finding, Rule
from services.alerts.rules.catalogue import HOUSEHOLD
from tests.alerts.conftest import VILLAGE, open_alerts, told, yuan
from tests.conftest import NOW


def explained(session: Session, language: str = "zh") -> str:
    finding = session.scalars(select(Finding)).one()
    rule = session.get(Rule, (finding.rule_key, finding.rule_version))
    assert rule
    return explain(rule, finding.evidence["shown"], language)


@pytest.mark.parametrize("persons", [3, 4, 7])
def test_one_fen_below_the_line_fires_and_the_line_itself_does_not(watched: Session, persons: int) -> None:
    line = yuan(6_320) * persons
    below = told(watched, persons=persons, net_income=line - 1, monitored=False)
    at_it = told(watched, persons=persons, net_income=line, monitored=False)
    assert open_alerts(watched, below) == ["income-below-line"]
    assert open_alerts(watched, at_it) == []


def test_the_family_of_the_report_reads_6319_99_and_not_6320(watched: Session) -> None:
    told(watched, persons=4, net_income=yuan("25279.99"), monitored=False)
    assert "人均 6,319.99 元" in explained(watched)
    assert "6,319.99 a person" in explained(watched, "en")


def test_an_unknown_fact_closes_nothing(watched: Session) -> None:
    family = told(watched, net_income=yuan(20_000), persons=4, monitored=False)
    assert open_alerts(watched, family) == ["income-below-line"]
    told(watched, family, version=2, net_income=None, persons=4, monitored=False)
    assert open_alerts(watched, family) == ["income-below-line"]


def test_a_better_income_closes_the_alert_and_a_worse_one_opens_a_new_one(watched: Session) -> None:
    family = told(watched, net_income=yuan(20_000), persons=4, monitored=False)
    told(watched, family, version=2, net_income=yuan(90_000), persons=4, monitored=False)
    assert open_alerts(watched, family) == []
    told(watched, family, version=3, net_income=yuan(10_000), persons=4, monitored=False)
    assert open_alerts(watched, family) == ["income-below-line"]
    kinds = watched.execute(text("SELECT type FROM event WHERE type LIKE 'alert.%' ORDER BY xid")).scalars().all()
    assert kinds == ["alert.opened", "alert.closed", "alert.opened"]


def test_a_monitored_family_below_the_line_is_no_news(watched: Session) -> None:
    family = told(watched, net_income=yuan(10_000), persons=4, monitored=True)
    assert open_alerts(watched, family) == []


def test_a_change_behind_an_open_alert_refreshes_its_finding_and_tells_nobody_again(watched: Session) -> None:
    family = told(watched, net_income=yuan(20_000), persons=4, monitored=False)
    told(watched, family, version=2, net_income=yuan(19_000), persons=4, monitored=False)
    assert open_alerts(watched, family) == ["income-below-line"]
    both = "SELECT (SELECT count(*) FROM finding), (SELECT count(*) FROM event WHERE type LIKE 'alert.%')"
    counted = watched.execute(text(both)).one()
    assert tuple(counted) == (2, 1)


def test_an_older_version_changes_nothing(watched: Session) -> None:
    family = told(watched, version=5, net_income=yuan(90_000), persons=4, monitored=False)
    told(watched, family, version=4, net_income=yuan(1), persons=4, monitored=False)
    assert open_alerts(watched, family) == []


def test_a_loan_leaves_a_gap_and_no_rule_of_income_or_expense_sees_it(watched: Session) -> None:
    stated: dict[str, Any] = {
        "net_income": yuan(25_280),
        "persons": 4,
        "monitored": False,
        "rigid_expense": yuan(8_400),
    }
    with_a_loan, without = (told(watched, **stated, cash_gap=yuan(gap)) for gap in (400, 8_400))
    assert open_alerts(watched, with_a_loan) == open_alerts(watched, without) == ["income-after-costs-below-line"]


def test_many_households_are_judged_in_one_go(watched: Session) -> None:
    families = [uuid4() for _ in range(300)]
    facts = [{"net_income": yuan(1_000 + 100 * i), "persons": 1, "monitored": False} for i in range(300)]
    sent = [Told(family, VILLAGE, 1, fact) for family, fact in zip(families, facts, strict=True)]
    take_in(watched, HOUSEHOLD, sent, NOW)
    opened = watched.execute(text("SELECT count(*) FROM alert WHERE rule_key = 'income-below-line'")).scalar_one()
    assert opened == sum(fact["net_income"] < yuan(6_320) for fact in facts) == 54
