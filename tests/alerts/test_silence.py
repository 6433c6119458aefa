"""Why a household was not flagged on a day: every rule of that day, and the facts that kept it silent."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.alerts.facts.learn import Told
from services.alerts.intake.take_in import take_in
from services.alerts.main import create
from services.alerts.models.watch import Rule
from services.alerts.rules.catalogue import HOUSEHOLD, SUBJECTS, TEAM
from services.alerts.rules.conditions import LONGEST, Tree, facts_in, parse_condition
from services.alerts.silence.verdicts import Court, read, verdicts
from tests.alerts.conftest import COUNTY, VILLAGE, open_alerts, told, yuan
from tests.alerts.oracle import answer
from tests.alerts.test_conditions import FACT, VILLAGES, WORLD, Facts, in_json, judging, rows_of_standards
from tests.alerts.written import NAMES, conditions, in_full, modest
from tests.callers import Headers, Office, served
from tests.conftest import NOW, TODAY

__all__ = ["judging"]

WELL_OFF: Mapping[str, Any] = {
    "persons": 4,
    "net_income": yuan(60_000),
    "net_income_before": yuan(58_000),
    "wage_income": yuan(40_000),
    "wage_income_before": yuan(40_000),
    "transfer_income": yuan(1_000),
    "medical_self_paid": 0,
    "schooling_self_paid": 0,
    "rigid_expense": yuan(500),
    "cash_gap": yuan(500),
    "income_until": "2026-10-31",
    "uninsured_members": 0,
    "dropped_out_members": 0,
    "safe_house": True,
    "safe_water": True,
    "monitored": False,
    "formerly_poor": False,
}


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def officer(office: Office) -> Headers:
    return office("officer", "county")


def asked(http: TestClient, who: Headers, subject: UUID, on: date | None = None, about: str = HOUSEHOLD) -> Any:
    said = {"on": on.isoformat()} if on else {}
    answered = http.get(f"/v1/rule-answers/{about}/{subject}", params=said, headers=who)
    assert answered.status_code == 200, answered.text
    return answered.json()


def of(answers: Any, key: str) -> Any:
    return next(one for one in answers["answers"] if one["rule_key"] == key)


def known_from(session: Session, moment: datetime) -> None:
    """As if the newest version of each had been learned then."""
    session.execute(
        text(
            "UPDATE fact_history SET learned_at = :moment, known_since = :moment"
            " WHERE learned_at = (SELECT max(learned_at) FROM fact_history)"
        ),
        {"moment": moment},
    )
    session.commit()


def test_every_rule_of_the_day_says_what_it_answered_and_which_facts_kept_it_silent(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    family = told(watched, **WELL_OFF)
    answers = asked(http, officer, family)
    rules = http.get("/v1/rules", params={"county": COUNTY}, headers=officer).json()
    assert [one["rule_key"] for one in answers["answers"]] == [r["key"] for r in rules if r["about"] == HOUSEHOLD]
    assert {one["answer"] for one in answers["answers"]} == {"silent"}
    assert all(one["facts"] for one in answers["answers"])
    below = of(answers, "income-below-line")
    assert {fact["key"]: fact["value"] for fact in below["facts"]} == {"persons": 4, "net_income": yuan(60_000)}
    assert {fact["owner"] for fact in below["facts"]} == {"households"}
    assert below["would_hold"] == [{"key": "net_income", "label": "家庭纯收入", "value": yuan(25_280) - 1}]
    assert below["explanation"].startswith("规则不成立：计算人均的人口：4（20")
    assert below["explanation"].endswith("若家庭纯收入为 25,279.99 元，本规则即成立。")
    english = of(asked(http, officer | {"accept-language": "en"}, family), "water-unsafe")["explanation"]
    assert english.startswith("It did not hold: safe water: yes (since 20")
    assert english.endswith("). It would have held with safe water: no.")


def test_with_the_facts_as_the_explanation_says_each_shipped_rule_opens_its_alert(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    family = told(watched, **WELL_OFF)
    version = 1
    for one in asked(http, officer, family)["answers"]:
        changed = {fact["key"]: fact["value"] for fact in one["would_hold"]}
        if one["rule_key"] == "income-out-of-date":
            assert changed == {"income_until": (TODAY - timedelta(days=240)).isoformat()}
        assert changed, one["rule_key"]
        version += 1
        told(watched, family, version=version, **(dict(WELL_OFF) | changed))
        assert one["rule_key"] in open_alerts(watched, family)


def test_a_rule_that_could_not_judge_names_the_facts_nobody_had_told(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    family = told(watched, persons=4, monitored=False)
    below = of(asked(http, officer, family), "income-below-line")
    assert (below["answer"], [fact["key"] for fact in below["facts"]]) == ("unknown", ["net_income"])
    assert below["facts"][0]["value"] is None
    assert below["would_hold"] == []
    assert "缺少事实，无法判断：家庭纯收入：未知" in below["explanation"]


def test_a_rule_that_held_says_so(http: TestClient, watched: Session, officer: Headers) -> None:
    family = told(watched, **(dict(WELL_OFF) | {"safe_water": False}))
    assert open_alerts(watched, family) == ["water-unsafe"]
    answers = asked(http, officer, family)
    assert [one["rule_key"] for one in answers["answers"] if one["answer"] == "flagged"] == ["water-unsafe"]


def test_of_a_day_that_has_gone_it_tells_what_was_known_at_its_end(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    family = told(watched, version=1, safe_water=True, persons=3)
    known_from(watched, datetime(2026, 11, 1, 15, 59, tzinfo=UTC))  # a minute before midnight in the county
    told(watched, family, version=2, safe_water=False, persons=3)
    known_from(watched, datetime(2026, 11, 2, 16, 0, tzinfo=UTC))
    seen = {day: of(asked(http, officer, family, date(2026, 11, day)), "water-unsafe")["answer"] for day in (1, 2, 3)}
    assert seen == {1: "silent", 2: "silent", 3: "flagged"}
    before = http.get(f"/v1/rule-answers/household/{family}", params={"on": "2026-10-31"}, headers=officer)
    assert before.status_code == 404
    (water,) = of(asked(http, officer, family, date(2026, 11, 3)), "water-unsafe")["facts"]
    assert water["known_since"] == "2026-11-02T16:00:00Z"
    high = of(asked(http, officer, family, date(2026, 11, 3)), "income-implausibly-high")
    since = {fact["key"]: fact["known_since"] for fact in high["facts"]}
    assert since["net_income"] == "2026-11-01T15:59:00Z"  # that nobody has told it has not changed


def test_only_of_days_that_have_come_and_within_reach(
    http: TestClient, watched: Session, officer: Headers, office: Office
) -> None:
    family = told(watched, **WELL_OFF)
    path = f"/v1/rule-answers/household/{family}"
    tomorrow = {"on": (TODAY + timedelta(days=1)).isoformat()}
    assert http.get(path, params=tomorrow, headers=officer).json()["code"] == "day-still-to-come"
    assert http.get(path, headers=office("beside", "county", place="520622")).status_code == 404
    assert http.get(path, headers=office("cadre", "cadre", place=VILLAGE)).status_code == 200
    assert http.get(f"/v1/rule-answers/village/{family}", headers=officer).status_code == 404


def test_a_teams_rules_are_explained_by_working_days(http: TestClient, watched: Session, officer: Headers) -> None:
    team = UUID(int=9)
    here = {"members": 3, "leaders": 1, "last_present_on": TODAY.isoformat(), "leader_away_since": TODAY.isoformat()}
    take_in(watched, TEAM, [Told(team, VILLAGE, 1, here)], NOW)
    watched.commit()
    gap = of(asked(http, officer, team, about=TEAM), "village-without-presence")
    assert gap["answer"] == "silent"
    assert gap["would_hold"][0]["key"] == "last_present_on"
    take_in(watched, TEAM, [Told(team, VILLAGE, 2, here | {"last_present_on": gap["would_hold"][0]["value"]})], NOW)
    watched.commit()
    assert "village-without-presence" in open_alerts(watched, team)


def rule_of(tree: Tree, place: int) -> Rule:
    said = in_full(tree)
    words: dict[str, Any] = dict.fromkeys(("title_zh", "title_en", "explain_zh", "explain_en"), "x")
    words |= {"about": HOUSEHOLD, "severity": "low", "since": TODAY, "created_at": NOW}
    return Rule(key=f"rule-{place}", version=1, condition=said, **words)


def typed(facts: Mapping[str, Any]) -> Facts:
    kinds = {fact.key: fact.type for fact in SUBJECTS[HOUSEHOLD].facts}
    return {key: read(kinds[key], value) for key, value in facts.items()}


@modest
@given(
    trees=st.lists(conditions().filter(lambda tree: len(in_full(tree)) < LONGEST), min_size=1, max_size=6),
    village=VILLAGES,
    facts=st.fixed_dictionaries(FACT),
    others=st.fixed_dictionaries(FACT),
)
def test_the_facts_that_kept_a_rule_silent_do_so_whatever_the_others_say_and_changed_as_told_it_holds(
    judging: Session, trees: list[Tree], village: str, facts: Facts, others: Facts
) -> None:
    court = Court(HOUSEHOLD, village, rows_of_standards(), TODAY)
    rules = [rule_of(tree, place) for place, tree in enumerate(trees)]
    found = verdicts(judging, court, rules, in_json(facts))
    for tree, verdict in zip(trees, found, strict=True):
        assert verdict.holds is answer(tree, facts, village, WORLD)
        kept = {key for leaf in verdict.kept_by for key in facts_in(leaf)}
        rest = {key: facts[key] if key in kept else others[key] for key in facts}
        assert answer(tree, rest, village, WORLD) is verdict.holds or verdict.holds is None
        if verdict.changes:
            assert verdict.holds is False
            assert answer(tree, {**facts, **typed(verdict.changes)}, village, WORLD) is True


@pytest.mark.parametrize(
    "condition",
    [
        "not safe_house or (uninsured_members > 0 and dropped_out_members > 0)",
        "(uninsured_members > 0 and dropped_out_members > 0) or not safe_house",
    ],
    ids=["first", "last"],
)
def test_of_several_ways_the_one_with_the_fewest_changes_is_told(judging: Session, condition: str) -> None:
    court = Court(HOUSEHOLD, VILLAGE, rows_of_standards(), TODAY)
    (verdict,) = verdicts(judging, court, [rule_of(parse_condition(condition, NAMES), 0)], WELL_OFF)
    assert verdict.changes == {"safe_house": False}


def test_a_condition_that_contradicts_itself_has_no_way_to_hold(judging: Session) -> None:
    court = Court(HOUSEHOLD, VILLAGE, rows_of_standards(), TODAY)
    tree = parse_condition("persons > 3 and persons < 3", NAMES)
    (verdict,) = verdicts(judging, court, [rule_of(tree, 0)], WELL_OFF)
    assert (verdict.holds, verdict.changes) == (False, {})


def known(facts: Facts) -> Facts:
    """The same of a household of which everything has been told."""
    plain = {"money": 7, "number": 1, "date": TODAY, "flag": True}
    kinds = {fact.key: plain[fact.type] for fact in SUBJECTS[HOUSEHOLD].facts}
    return {key: kinds[key] if value is None else value for key, value in facts.items()}


@modest
@given(st.fixed_dictionaries(FACT).map(known), VILLAGES)
def test_a_comparison_of_one_fact_with_what_holds_there_always_has_a_way_to_be_otherwise(
    judging: Session, facts: Facts, village: str
) -> None:
    written = [
        "net_income < monitoring_line * 3",
        "100 * rigid_expense - cash_gap * 2 >= medical_burden",
        "monitoring_line - net_income > wage_income / 4",
        "not (monitored or safe_house)",
        "persons * 2 - 1 > dropped_out_members",
        "income_until is null",
        "monitored = safe_water",
        "net_income <> medical_burden",
    ]
    court = Court(HOUSEHOLD, village, rows_of_standards(), TODAY)
    rules = [rule_of(parse_condition(one, NAMES), place) for place, one in enumerate(written)]
    for verdict in verdicts(judging, court, rules, in_json(facts)):
        assert verdict.holds or verdict.changes, verdict.rule.condition
