"""一户一策 in versions, and what it leaves unanswered."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.help.risks import LABELS, RISKS, answers
from tests.callers import Headers, edit
from tests.clock import TODAY
from tests.households.changes.conftest import moment
from tests.households.conftest import Send, household_numbered, household_row
from tests.households.help.conftest import Put, plan
from tests.households.open_cases import case_of


@pytest.fixture
def put_plan(http: TestClient, clerk: Headers, family: str) -> Put:
    return lambda **changed: edit(http, f"{family}/plan", plan(**changed), clerk)


def test_a_change_is_a_new_version_and_the_same_again_is_none(
    http: TestClient, clerk: Headers, family: str, put_plan: Put
) -> None:
    assert put_plan(risks=["07"]).json()["version"] == 1
    assert put_plan(risks=["07"]).json()["version"] == 1
    assert put_plan(risks=["07", "01"], reason="新患大病", since="2026-06-01").json()["version"] == 2
    rows = http.get(f"{family}/plan/versions", headers=clerk).json()["rows"]
    assert [(row["version"], row["reason"]) for row in rows] == [(2, "新患大病"), (1, "初次制定")]


def test_a_plan_is_read_as_it_stood_on_a_day_and_as_it_was_known(
    http: TestClient, clerk: Headers, family: str, put_plan: Put, households: Session
) -> None:
    put_plan()
    then = moment(households)
    put_plan(since="2026-06-01", reason="调整")

    def stood(day: str) -> Any:
        return http.get(f"{family}/plan?as_of={day}", headers=clerk)

    assert [stood(day).json()["version"] for day in ("2026-03-01", "2026-05-31", "2026-06-01")] == [1, 1, 2]
    assert stood("2026-02-28").status_code == 404
    asked = {"as_of": "2026-06-01", "known_at": then}
    assert http.get(f"{family}/plan", params=asked, headers=clerk).json()["version"] == 1
    rows = http.get(f"{family}/plan/versions", params={"known_at": then}, headers=clerk).json()["rows"]
    assert [row["version"] for row in rows] == [1]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"since": "2026-11-22"}, "plan-in-the-future"),
        ({"since": "2026-02-28"}, "plan-in-the-future"),
        ({"risks": ["01", "01"]}, "risk-twice"),
        ({"measures": [str(UUID(int=4))]}, "measure-of-another"),
    ],
    ids=["to come", "before the present one", "twice", "another's"],
)
def test_a_plan_that_does_not_fit_is_refused(put_plan: Put, said: dict[str, Any], code: str) -> None:
    assert put_plan().status_code == 200
    refused = put_plan(reason="调整", **said)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


SIX = ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("risks", [["08"], ["house"], SIX], ids=["none", "no risk", "six"])
def test_a_plan_names_up_to_five_risks_of_the_list(put_plan: Put, risks: list[str]) -> None:
    assert put_plan(risks=risks).status_code == 422
    assert put_plan(risks=SIX[:5]).status_code == 200


def test_a_plan_holds_measures_of_its_own_household_alone(
    http: TestClient, clerk: Headers, households: Session, send: Send, put_plan: Put, put_measure: Put
) -> None:
    made = put_measure().json()["id"]
    assert put_plan(measures=[made]).json()["measures"] == [made]
    send("households", household_row("JK2"))
    other = f"/v1/households/{household_numbered(households, 'JK2')}/plan"
    assert http.put(other, json=plan(measures=[made]), headers=clerk).json()["code"] == "measure-of-another"


def gaps(http: TestClient, clerk: Headers, family: str) -> Any:
    return http.get(f"{family}/gaps", headers=clerk).json()


def test_a_risk_is_unanswered_until_a_measure_answers_it(
    http: TestClient, clerk: Headers, family: str, put_plan: Put, put_measure: Put
) -> None:
    put_plan(risks=["01", "07"])
    assert [(gap["risk"], gap["said_by"]) for gap in gaps(http, clerk, family)["unanswered"]] == [
        ("01", "plan"), ("07", "plan"),
    ]  # fmt: skip
    put_measure(risk="07")
    assert [gap["zh"] for gap in gaps(http, clerk, family)["unanswered"]] == ["因病"]
    put_measure(risk="01", state="dropped", dropped_because="不需要")
    put_measure(risk="01", ends_on="2026-11-20")
    assert [gap["zh"] for gap in gaps(http, clerk, family)["unanswered"]] == ["因病"]
    put_measure(risk="01", ends_on="2026-11-21")
    assert gaps(http, clerk, family)["unanswered"] == []


def test_a_risk_of_the_open_case_is_a_gap_until_a_measure_answers_it_or_the_case_has_ended(
    http: TestClient, clerk: Headers, family: str, households: Session, put_plan: Put, put_measure: Put
) -> None:
    case = case_of(households, UUID(family.rpartition("/")[2]), risks=["01", "0201", "07"])
    households.commit()
    put_plan(risks=["07"])
    assert {gap["risk"]: gap["said_by"] for gap in gaps(http, clerk, family)["unanswered"]} == {
        "01": "case", "0201": "case", "07": "plan",
    }  # fmt: skip
    put_measure(risk="02", case_id=str(case.id))  # a flood is a disaster
    told = gaps(http, clerk, family)
    assert [gap["risk"] for gap in told["unanswered"]] == ["01", "07"]
    assert told["groundless"] == []
    case.state, case.closed_on, case.end_kind = "ended", TODAY, "eliminated_by_itself"
    households.commit()
    told = gaps(http, clerk, family)
    assert ([gap["risk"] for gap in told["unanswered"]], len(told["groundless"])) == (["07"], 1)


def test_a_safeguard_that_fails_asks_for_a_measure_and_one_nobody_told_us_of_is_said_to_be_unknown(
    http: TestClient, clerk: Headers, family: str, put_measure: Put, households: Session
) -> None:
    households.execute(text("UPDATE person SET birth_date = '2012-01-01'"))
    households.commit()
    person = http.get(family, headers=clerk).json()["members"][0]["person_id"]
    member = {"person_id": person, "schooling": "dropped_out", "insured": False}
    edit(http, f"{family}/safeguards", {"housing_grade": "C", "members": [member]}, clerk)
    told = gaps(http, clerk, family)
    assert [(gap["risk"], gap["said_by"]) for gap in told["unanswered"]] == [
        ("school", "register"), ("insurance", "register"), ("house", "register"),
    ]  # fmt: skip
    assert told["not_known"] == ["water"]
    for risk in ("school", "insurance", "house"):
        put_measure(risk=risk)
    assert gaps(http, clerk, family)["unanswered"] == []


def test_a_measure_against_nothing_or_against_what_is_not_there_is_groundless(
    http: TestClient, clerk: Headers, family: str, put_plan: Put, put_measure: Put
) -> None:
    put_plan(risks=["02"])
    put_measure(risk="0201")  # a flood is a disaster
    nothing = put_measure(risk=None).json()["id"]
    absent = put_measure(risk="01").json()["id"]
    put_measure(risk="01", state="dropped", dropped_because="不需要")
    put_measure(risk="03", state="done", done_on="2026-11-20")  # the risk may be gone because of it
    told = gaps(http, clerk, family)
    assert {row["measure_id"] for row in told["groundless"]} == {nothing, absent}
    assert told["unanswered"] == []


def test_only_a_code_that_begins_another_holds_it() -> None:
    holding = {(a, b) for a in LABELS for b in LABELS if a != b and answers(a, b)}
    assert holding == {pair for sub in RISKS if len(sub) == 4 for pair in ((sub, "02"), ("02", sub))}
    assert not answers(None, "01")
