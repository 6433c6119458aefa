"""A rule that somebody writes: it judges nobody, and whoever wrote it sees beforehand whom it would flag."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, func, select
from sqlmodel import Session
from starlette.testclient import TestClient

from services.alerts.facts.learn import Told
from services.alerts.intake.take_in import take_in
from services.alerts.main import create
from services.alerts.models.watch import Alert, Rule
from services.alerts.rules.catalogue import HOUSEHOLD
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards, told, yuan
from tests.callers import Headers, Office, served
from tests.conftest import NOW

ANOTHER = "520621002001"
SCHOOLING: dict[str, Any] = {
    "about": "household",
    "severity": "low",
    "condition": "schooling_self_paid >= schooling_burden and not monitored",
    "title_zh": "教育支出过高（未监测户）",
    "title_en": "Schooling, not monitored",
    "explain_zh": "自付教育支出 {schooling_self_paid} 元。",
    "explain_en": "{schooling_self_paid} yuan of schooling.",
}


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def officer(office: Office) -> Headers:
    return office("officer", "county")


def written(http: TestClient, who: Headers, expected: int = 201, **said: Any) -> Any:
    """A draft of the county's, of the schooling rule unless something else is said."""
    text = {name: said.pop(name) for name in SCHOOLING if name in said}
    whole: dict[str, Any] = {"id": str(uuid4()), "division": COUNTY, "key": "schooling-burden"} | said
    if whole.get("mode", "effective") in ("effective", "shadow"):
        whole["text"] = SCHOOLING | text
    answer = http.post("/v1/rule-drafts", json=whole, headers=who)
    assert answer.status_code == expected, answer.text
    return answer.json()


def previewed(http: TestClient, who: Headers, draft: Any, division: str = COUNTY, expected: int = 200) -> Any:
    path = f"/v1/rule-drafts/{draft['id']}/preview"
    answer = http.get(path, params={"division": division}, headers=who)
    assert answer.status_code == expected, answer.text
    return answer.json()


def lives_at(session: Session, village: str, **facts: Any) -> UUID:
    family = uuid4()
    take_in(session, HOUSEHOLD, [Told(family, village, 1, facts)], NOW)
    session.commit()
    return family


def test_a_draft_judges_nobody(http: TestClient, watched: Session, officer: Headers) -> None:
    written(http, officer, key="many-persons", condition="persons > 3")
    told(watched, persons=4)
    assert watched.scalar(select(func.count()).select_from(Alert)) == 0
    assert "many-persons" not in {rule["key"] for rule in http.get("/v1/rules", headers=officer).json()}


def test_a_preview_says_who_would_be_flagged_anew_and_who_no_longer(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    stays = told(watched, schooling_self_paid=yuan(10_000), monitored=False)
    leaves = told(watched, schooling_self_paid=yuan(12_000), monitored=True)
    told(watched, schooling_self_paid=yuan(10_000))  # whether it is monitored nobody has said
    told(watched, schooling_self_paid=yuan(9_999), rigid_expense=0, monitored=False)
    comes = lives_at(watched, ANOTHER, schooling_self_paid=yuan(9_000), rigid_expense=yuan(15_000), monitored=False)
    draft = written(
        http,
        officer,
        condition="(schooling_self_paid >= schooling_burden or rigid_expense >= expense_gap) and not monitored",
    )
    seen = previewed(http, officer, draft)
    figures = {name: seen[name] for name in ("subjects", "flagged", "flagged_today", "unknown", "today")}
    assert figures == {"subjects": 5, "flagged": 2, "flagged_today": 3, "unknown": 1, "today": 1}
    assert (seen["newly_flagged"], seen["no_longer_flagged"]) == (1, 1)
    assert [(row["division"], row["subjects"], row["newly_flagged"]) for row in seen["villages"]] == [
        (VILLAGE, 4, 0),
        (ANOTHER, 1, 1),
    ]
    assert [(one["subject"], one["change"], one["explanation"]) for one in seen["examples"]] == [
        (str(comes), "newly_flagged", "自付教育支出 9,000.00 元。"),
        (str(leaves), "no_longer_flagged", "合规自付教育支出 12,000.00 元，达到预警线 10,000.00 元。"),
    ]
    assert str(stays) not in str(seen)
    english = previewed(http, officer | {"accept-language": "en"}, draft)
    assert english["examples"][0]["explanation"] == "9,000.00 yuan of schooling."


def test_a_preview_shows_its_reader_no_more_than_the_reader_reaches(
    http: TestClient, watched: Session, officer: Headers, office: Office
) -> None:
    told(watched, persons=9)
    beside = lives_at(watched, ANOTHER, persons=9)
    draft = written(http, officer, key="many-persons", condition="persons > 8")
    township = office("township", "township", place=ANOTHER[:9])
    for division in (COUNTY, ANOTHER[:9], ANOTHER):
        seen = previewed(http, township, draft, division)
        assert (seen["subjects"], [one["subject"] for one in seen["examples"]]) == (1, [str(beside)])
    assert previewed(http, township, draft, VILLAGE)["subjects"] == 0
    elsewhere = office("elsewhere", "county", place="520622")
    assert previewed(http, elsewhere, draft, "520622", expected=404)["code"] == "not-there"
    assert previewed(http, officer, draft, "520622", expected=422)["code"] == "draft-of-another-place"


def test_examples_are_ten_of_a_change_and_of_each_village_one_before_a_second(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    for _ in range(12):
        told(watched, persons=9)
    beside = lives_at(watched, ANOTHER, persons=9)
    draft = written(http, officer, key="many-persons", condition="persons > 8")
    shown = previewed(http, officer, draft)["examples"]
    assert len(shown) == 10
    assert str(beside) in {one["subject"] for one in shown}


def test_a_draft_that_ends_a_rule_shows_whom_nobody_would_watch_any_more(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    told(watched, safe_water=False)
    draft = written(http, officer, key="water-unsafe", mode="retired")
    assert draft["text"]["condition"] == "not safe_water"
    seen = previewed(http, officer, draft)
    assert (seen["flagged"], seen["no_longer_flagged"], seen["unknown"]) == (0, 1, 0)


def test_a_team_rule_is_previewed_too(http: TestClient, watched: Session, officer: Headers) -> None:
    take_in(watched, "team", [Told(uuid4(), VILLAGE, 1, {"members": 2})], NOW)
    watched.commit()
    draft = written(
        http,
        officer,
        key="team-below-strength",
        about="team",
        condition="members < 2",
        explain_zh="队伍",
        explain_en="team",
    )
    assert previewed(http, officer, draft)["no_longer_flagged"] == 1


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("income > 3", "unknown name: income; known: cash_gap, "),
        ("persons between 1 and 2", "unknown name: between; known: cash_gap, "),
        ("net_income > persons and monitored", "money > number: net_income > persons"),
        ("persons > 3 and", "cannot be parsed: 'and'"),
        ("net_income * net_income > net_income", "money * money: net_income * net_income"),
    ],
    ids=["name", "between", "types", "parse", "product"],
)
def test_what_cannot_be_understood_is_refused_with_the_words_at_fault(
    http: TestClient, watched: Session, officer: Headers, condition: str, named: str
) -> None:
    refused = written(http, officer, 422, condition=condition)
    assert refused["code"] == "condition-refused"
    assert named in refused["detail"]


def test_a_placeholder_nobody_knows_is_refused_before_it_is_ever_shown(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    assert "known: " in written(http, officer, 422, explain_en="{incom}")["detail"]


def test_an_explanation_of_more_values_than_the_database_can_show_is_refused_and_forty_are_shown(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    told(watched, persons=9)
    zh, en = ("".join(f"{{persons+{n}}}" for n in range(first, first + 20)) for first in (100, 200))
    draft = written(http, officer, key="many", condition="persons > 8", explain_zh=zh, explain_en=en)
    assert previewed(http, officer, draft)["examples"][0]["explanation"].startswith("109110")
    refused = written(http, officer, 422, key="many", explain_zh=zh + "{persons}", explain_en=en)
    assert "more than 40 expressions" in refused["detail"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"mode": "effective", "text": None}, "rule-text-wanting"),
        ({"mode": "retired", "text": SCHOOLING}, "rule-text-wanting"),
        ({"mode": "retired", "key": "no-such-rule"}, "nothing-to-end"),
        ({"mode": "inherited"}, "nothing-to-end"),
        ({"text": SCHOOLING | {"about": "village"}}, "rule-about-another"),
        ({"text": SCHOOLING, "key": "team-below-strength"}, "rule-about-another"),
        ({"text": SCHOOLING | {"title_zh": "示甲 990102195001010017"}}, "title-holds-number"),
        ({"text": SCHOOLING | {"title_en": "Call 100 0000-0001"}}, "title-holds-number"),
        ({"text": SCHOOLING, "division": "520622"}, "not-there"),
        ({"text": SCHOOLING, "division": "52"}, "not-there"),
    ],
    ids=[
        "no-text",
        "text",
        "nothing",
        "nothing-own",
        "about",
        "about-another",
        "id-number",
        "telephone",
        "beside",
        "above",
    ],
)
def test_a_draft_that_makes_no_sense_there_is_refused(
    http: TestClient, watched: Session, officer: Headers, said: dict[str, Any], code: str
) -> None:
    whole = {"id": str(uuid4()), "division": COUNTY, "key": "schooling-burden"} | said
    assert http.post("/v1/rule-drafts", json=whole, headers=officer).json()["code"] == code


def test_the_same_draft_may_be_sent_again_and_another_may_not_have_its_id(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    draft = written(http, officer)
    assert written(http, officer, id=draft["id"]) == draft
    assert written(http, officer, 409, id=draft["id"], severity="high")["code"] == "draft-sent-before"
    assert [one["id"] for one in http.get("/v1/rule-drafts", headers=officer).json()["rows"]] == [draft["id"]]


def test_drafts_are_read_above_and_below_their_place_and_nowhere_else(
    http: TestClient, watched: Session, officer: Headers, office: Office
) -> None:
    draft = written(http, officer)
    for place, expected in ((VILLAGE[:9], 200), ("52", 200), ("520622", 404), ("520622001", 404)):
        reader = office(f"of-{place}", "township" if len(place) == 9 else "county", place=place)
        assert http.get(f"/v1/rule-drafts/{draft['id']}", headers=reader).status_code == expected
        listed = http.get("/v1/rule-drafts", params={"key": "schooling-burden"}, headers=reader).json()["rows"]
        assert len(listed) == (expected == 200)
    assert http.get("/v1/rule-drafts", headers=office("cadre", "cadre", place=VILLAGE)).status_code == 403


def test_a_standard_that_holds_in_one_village_is_that_of_its_preview(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    set_standards(watched, {"schooling_burden": yuan(5_000)}, division=ANOTHER)
    watched.commit()
    told(watched, schooling_self_paid=yuan(6_000), monitored=False)
    lives_at(watched, ANOTHER, schooling_self_paid=yuan(6_000), monitored=False)
    draft = written(http, officer, key="own-schooling")
    assert [row["flagged"] for row in previewed(http, officer, draft)["villages"]] == [0, 1]


def test_rules_of_the_product_are_those_of_every_county(http: TestClient, watched: Session, officer: Headers) -> None:
    of_all = http.get("/v1/rules", headers=officer).json()
    assert http.get("/v1/rules", params={"county": COUNTY}, headers=officer).json() == of_all
    assert {rule["division"] for rule in of_all} == {""}
    watched.add(Rule(**{**watched.get_one(Rule, ("water-unsafe", 1)).model_dump(), "version": 2, "division": COUNTY}))
    watched.commit()
    held = {rule["key"]: rule["version"] for rule in http.get("/v1/rules", headers=officer).json()}
    assert held["water-unsafe"] == 1
    own = {rule["key"]: rule for rule in http.get("/v1/rules", params={"county": COUNTY}, headers=officer).json()}
    assert (own["water-unsafe"]["version"], own["water-unsafe"]["division"]) == (2, COUNTY)
