"""The shipped rules at their edges: each one beside a household or team of which it does not hold."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session

from services.alerts.facts.learn import Told
from services.alerts.intake.take_in import take_in
from services.alerts.rules.catalogue import TEAM
from tests.alerts.conftest import VILLAGE, open_alerts, told, yuan
from tests.conftest import NOW, TODAY

HOUSEHOLD_EDGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("expense-gap", {"cash_gap": yuan(15_000)}, {"cash_gap": yuan(15_000) - 1}),
    ("schooling-burden", {"schooling_self_paid": yuan(10_000)}, {"schooling_self_paid": yuan(10_000) - 1}),
    (
        "income-fell",
        {"net_income": yuan(7_000), "net_income_before": yuan(10_000)},
        {"net_income": yuan(7_000) + 1, "net_income_before": yuan(10_000)},
    ),
    ("income-fell", {"net_income": -2, "net_income_before": -1}, {"net_income": -1, "net_income_before": -2}),
    ("income-fell", {"net_income": -1, "net_income_before": 0}, {"net_income": 0, "net_income_before": 0}),
    ("income-fell", {"net_income": 1, "net_income_before": yuan(10)}, {"net_income": 1}),
    (
        "work-income-lost",
        {"wage_income": yuan(100) - 1, "wage_income_before": yuan(10_000)},
        {"wage_income": yuan(100), "wage_income_before": yuan(10_000)},
    ),
    ("work-income-lost", {"wage_income": 0, "wage_income_before": 1}, {"wage_income": 0, "wage_income_before": 0}),
    (
        "lives-on-transfers",
        {"persons": 1, "net_income": yuan(8_000), "transfer_income": yuan(6_400), "monitored": False},
        {"persons": 1, "net_income": yuan(8_000), "transfer_income": yuan(6_400) - 1, "monitored": False},
    ),
    (
        "lives-on-transfers",
        {"persons": 1, "net_income": yuan(9_480) - 1, "transfer_income": yuan(9_480), "monitored": False},
        {"persons": 1, "net_income": yuan(9_480), "transfer_income": yuan(9_480), "monitored": False},
    ),
    (
        "lives-on-transfers",
        {"persons": 1, "net_income": yuan(8_000), "transfer_income": yuan(8_000), "monitored": False},
        {"persons": 1, "net_income": yuan(8_000), "transfer_income": yuan(8_000), "monitored": True},
    ),
    (
        "income-implausibly-low",
        {"net_income": yuan(2_000), "persons": 4, "monitored": True},
        {"net_income": yuan(2_000) + 1, "persons": 4, "monitored": True},
    ),
    (
        "income-implausibly-high",
        {"net_income": yuan(120_000) + 1, "persons": 4},
        {"net_income": yuan(120_000), "persons": 4},
    ),
    (
        "income-after-costs-below-line",
        {"net_income": yuan(30_000), "persons": 4, "rigid_expense": yuan(4_720) + 1, "monitored": False},
        {"net_income": yuan(30_000), "persons": 4, "rigid_expense": yuan(4_720), "monitored": False},
    ),
    (
        "income-after-costs-below-line",
        {"net_income": yuan(25_280), "persons": 4, "rigid_expense": 1, "monitored": False},
        {"net_income": yuan(25_280) - 1, "persons": 4, "rigid_expense": 1, "monitored": False},
    ),
    (
        "income-after-costs-below-line",
        {"net_income": yuan(25_280), "persons": 4, "rigid_expense": 1, "monitored": False},
        {"net_income": yuan(25_280), "persons": 4, "rigid_expense": 1, "monitored": True},
    ),
    (
        "income-out-of-date",
        {"income_until": (TODAY - timedelta(days=240)).isoformat()},
        {"income_until": (TODAY - timedelta(days=239)).isoformat()},
    ),
]


@pytest.mark.parametrize(("rule", "holds", "holds_not"), HOUSEHOLD_EDGES)
def test_a_household_rule_holds_on_its_edge_and_not_beside_it(
    watched: Session, rule: str, holds: dict[str, Any], holds_not: dict[str, Any]
) -> None:
    """Every day of the test's calendar is a working day."""
    assert rule in open_alerts(watched, told(watched, **holds))
    assert rule not in open_alerts(watched, told(watched, **holds_not))


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


WHOLE = {
    "members": 3,
    "leaders": 1,
    "last_present_on": ago(0),
    "leader_away_since": ago(0),
    "member_away_since": ago(0),
    "longest_posted_since": ago(200),
}


@pytest.mark.parametrize(
    ("told_of_it", "rules"),
    [
        ({}, []),
        ({"leaders": 0, "leader_away_since": None}, ["team-without-captain"]),
        ({"leader_away_since": ago(4)}, []),
        ({"leader_away_since": ago(5)}, ["captain-absent"]),
        ({"member_away_since": ago(9)}, []),
        ({"member_away_since": ago(10)}, ["member-long-absent"]),
        (
            {"members": 0, "leaders": 0, "leader_away_since": None, "member_away_since": None}
            | {"longest_posted_since": None},
            ["team-below-strength", "team-without-captain"],
        ),
    ],
)
def test_a_team_s_rules_hold_from_the_day_the_standard_names(
    watched: Session, told_of_it: dict[str, Any], rules: list[str]
) -> None:
    team = uuid4()
    take_in(watched, TEAM, [Told(team, VILLAGE, 1, WHOLE | told_of_it)], NOW)
    watched.commit()
    assert open_alerts(watched, team) == rules


def test_a_posting_s_term_is_over_on_the_working_day_the_standard_names(watched: Session) -> None:
    """The standards' 600 days reach back before this test's calendar, so the county's is shorter here."""
    watched.connection().exec_driver_sql("UPDATE standard SET value = 300 WHERE key = 'posting_term'")
    watched.commit()
    teams = {days: uuid4() for days in (299, 300)}
    for days, team in teams.items():
        take_in(watched, TEAM, [Told(team, VILLAGE, 1, WHOLE | {"longest_posted_since": ago(days)})], NOW)
    watched.commit()
    assert [open_alerts(watched, team) for team in teams.values()] == [[], ["posting-term-over"]]
