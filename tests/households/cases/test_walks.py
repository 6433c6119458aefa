"""Both shipped procedures, walked from the suspicion to the end over HTTP, and all that leads away from the way."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.facts import HouseholdFacts
from tests.callers import Headers
from tests.clock import TODAY
from tests.households.cases.conftest import (
    ELIMINATE,
    IDENTIFY,
    LINE,
    Walk,
    case_body,
    code,
    earns,
    end_standard,
    events,
    form,
    set_standard,
)

DAY = date(2026, 11, 1)


def monitored(session: Session, walk: Walk) -> bool:
    session.rollback()
    facts = session.get(HouseholdFacts, walk.home.id, populate_existing=True)
    return bool(facts and facts.monitored)


def safe(session: Session, walk: Walk, net: int = 3 * LINE + 1) -> Walk:
    """Everything a household needs whose risk shall be eliminated."""
    earns(walk, net)
    return walk.took("measure_done")


@pytest.mark.parametrize("number", [1, 2])
def test_a_case_goes_from_the_suspicion_to_the_end_of_the_risk(case: Walk, frame: Session, number: int) -> None:
    if number == 2:
        case.took("household_gone")
        end_standard(frame, "case_profile", date(2026, 11, 1))
        set_standard(frame, "case_profile", 2, date(2026, 11, 1))
        case.chain = 2
        assert case.open().status_code == 201
    for kind in IDENTIFY[number]:
        assert case.seen()["next_step"] == kind
        case.took(kind)
        assert monitored(frame, case) == (kind in ("county", "announcement", "entry"))
    assert (case.seen()["state"], case.seen()["next_step"]) == ("monitored", None)
    assert (case.seen()["line"], case.seen()["national_number"]) == (LINE, "5206210001")
    case.took("measures", "follow_up")
    assert code(case.take("follow_up", done_by=[])) == (422, "neither-visit-nor-findings")
    visit = str(uuid4())
    case.took("follow_up", done_by=[], findings=None, visit_id=visit)
    assert [e["visit_id"] for e in case.seen()["entries"] if e["step"] == "follow_up"] == [None, visit]
    safe(frame, case)
    case.at = DAY
    for kind in ELIMINATE:
        case.took(kind)
        assert monitored(frame, case) == (kind not in ("elimination_county", "elimination_announcement"))
    seen = case.seen()
    assert (seen["state"], seen["end_kind"], seen["closed_on"]) == ("ended", "eliminated_by_help", "2026-11-06")
    assert seen["clocks"] == []
    assert len(events(frame, "case.step_done")) == len(IDENTIFY[number]) + 4 + len(ELIMINATE) + (number == 2)
    assert [e.data["state"] for e in events(frame, "case.eliminated")] == ["ended"]


def test_a_suspicion_opens_one_case_and_its_repeat_gets_the_same_answer(walk: Walk, frame: Session) -> None:
    body = case_body(walk.home)
    first = walk.http.post("/v1/cases", json=body, headers=walk.people["village"])
    again = walk.http.post("/v1/cases", json=body, headers=walk.people["village"])
    assert (first.status_code, first.content) == (201, again.content)
    assert len(events(frame, "case.opened")) == 1
    other = walk.http.post("/v1/cases", json=body | {"risks": ["09"]}, headers=walk.people["village"])
    assert code(other) == (409, "opened-before")


def test_a_household_has_one_open_case_at_a_time(case: Walk) -> None:
    assert code(case.open()) == (409, "open-case-already")


def test_re_entry_opens_a_new_episode_of_the_same_household(case: Walk) -> None:
    case.took("household_gone")
    again = case.open()
    assert (again.status_code, again.json()["episode"]) == (201, 2)


@pytest.mark.parametrize("risks", [["01", "01"], ["88"], ["02", "0207"]], ids=["twice", "unknown", "unknown-below"])
def test_a_risk_is_on_the_code_list_and_named_once(walk: Walk, risks: list[str]) -> None:
    assert code(walk.open(risks=risks)) == (422, "unknown-risk")


def test_a_sixth_risk_is_too_many(walk: Walk) -> None:
    risks = ["01", "03", "04", "05", "06"]
    assert walk.open(risks=[*risks, "07"]).status_code == 422
    assert walk.open(risks=risks).status_code == 201


def test_without_a_procedure_set_by_the_county_no_case_opens_and_the_key_is_named(walk: Walk, frame: Session) -> None:
    end_standard(frame, "case_profile", TODAY)
    refused = walk.open()
    assert code(refused) == (409, "standard-missing")
    assert "case_profile" in refused.json()["detail"]


def test_a_case_keeps_the_procedure_it_was_opened_under(case: Walk, frame: Session) -> None:
    end_standard(frame, "case_profile", TODAY)
    set_standard(frame, "case_profile", 2, TODAY)
    assert case.took("visit").seen()["profile_key"] == "three-classes"


def test_a_step_out_of_order_is_refused_and_the_next_one_named(case: Walk) -> None:
    refused = case.take("review")
    assert (code(refused), refused.json()["detail"]) == ((409, "out-of-order"), "visit")


def test_a_step_may_be_skipped_where_the_procedure_says_so_and_nowhere_else(case: Walk) -> None:
    assert code(case.take("skip", skipped="visit", reason="示例")) == (409, "not-to-be-skipped")
    case.until("announcement")
    assert case.take("skip", level="township", skipped="announcement", reason="示例").status_code == 201
    assert case.seen()["next_step"] == "entry"


def test_whoever_may_not_take_a_step_may_not_skip_it_either(case: Walk) -> None:
    case.until("announcement")
    assert code(case.take("skip", skipped="announcement", reason="示例")) == (403, "not-your-step")


def test_a_refused_case_ends_its_clocks_tells_the_reason_and_may_be_appealed(case: Walk, frame: Session) -> None:
    case.until("township").took("township", decision="refused", reason="收入高于标准")
    seen = case.seen()
    assert (seen["state"], seen["next_step"]) == ("refused", "refusal_told")
    assert [clock["step"] for clock in seen["clocks"]] == ["refusal_told"]
    assert [e.data["step"] for e in events(frame, "case.refused")] == ["township"]
    assert not monitored(frame, case)
    case.took("refusal_told", "appeal", "appeal_decided")
    seen = case.seen()
    assert (seen["state"], seen["next_step"], seen["closed_on"]) == ("identifying", "township", None)
    assert len(events(frame, "case.reopened")) == 1
    case.took("township", "county", "announcement", "entry")
    assert case.seen()["state"] == "monitored"


def test_an_appeal_that_is_not_granted_leaves_the_refusal(case: Walk) -> None:
    case.took("visit", decision="refused", reason="不符合").took("refusal_told", "appeal")
    case.took("appeal_decided", decision="refused", reason="维持")
    assert (case.seen()["state"], case.seen()["next_step"]) == ("refused", None)
    assert code(case.take("appeal")) == (409, "out-of-order")


def test_an_appeal_is_not_granted_beside_a_new_case(case: Walk) -> None:
    case.took("visit", decision="refused", reason="不符合").took("refusal_told", "appeal")
    refused = case.id
    assert case.open().status_code == 201
    case.id = refused
    assert code(case.take("appeal_decided")) == (409, "open-case-already")


def test_help_may_come_first_and_the_procedure_has_its_own_day(case: Walk) -> None:
    assert code(case.take("measure_done")) == (409, "out-of-order")
    case.took("green_channel").took("measures", "measure_done")
    assert {clock["step"]: clock["due_on"] for clock in case.seen()["clocks"]}["procedure"] == "2026-04-01"
    assert code(case.take("green_channel")) == (409, "out-of-order")
    case.until("announcement")
    assert "procedure" not in {clock["step"] for clock in case.seen()["clocks"]}


def test_an_elimination_that_is_taken_back_goes_on_in_the_same_episode(case: Walk, frame: Session) -> None:
    safe(frame, case.identified())
    case.at = DAY
    case.took(*ELIMINATE)
    case.took("elimination_taken_back")
    seen = case.seen()
    assert (seen["state"], seen["episode"], seen["end_kind"]) == ("monitored", 1, None)
    assert monitored(frame, case)
    tags = case.http.get(f"/v1/households/{case.home.id}/tags", headers=case.people["village"]).json()
    assert [(tag["since"], tag["until"]) for tag in tags] == [(seen["identified_on"], None)]
    assert [clock["step"] for clock in seen["clocks"]] == ["follow_up"]


def test_what_did_not_end_by_elimination_is_not_taken_back(case: Walk) -> None:
    case.identified().took("wrongly_included")
    assert (case.seen()["state"], case.seen()["end_kind"]) == ("ended", "wrongly_included")
    assert code(case.take("elimination_taken_back")) == (409, "out-of-order")


def test_a_household_that_was_never_identified_was_not_wrongly_included(case: Walk, frame: Session) -> None:
    assert code(case.take("wrongly_included")) == (409, "out-of-order")
    case.identified()
    assert monitored(frame, case)
    case.took("wrongly_included")
    assert not monitored(frame, case)
    assert [e.data["step"] for e in events(frame, "case.ended")] == ["wrongly_included"]


def test_an_elimination_refused_on_the_way_leaves_the_household_in_care(case: Walk, frame: Session) -> None:
    safe(frame, case.identified())
    case.at = DAY
    case.took(*ELIMINATE[:5]).took("elimination_township", decision="refused", reason="再观察")
    assert (case.seen()["state"], monitored(frame, case)) == ("monitored", True)
    case.took(*ELIMINATE)
    assert case.seen()["state"] == "ended"


def test_two_editors_of_one_case_do_not_overwrite_each_other(case: Walk) -> None:
    seen, visit = case.tag(), form("visit", case.home, case.at)
    address, who = f"/v1/cases/{case.id}/steps", case.people["village"]
    assert case.http.post(address, json=visit, headers=who).status_code == 428
    assert case.http.post(address, json=visit, headers=who | {"if-match": seen}).status_code == 201
    second = form("authorisation", case.home, case.at)
    assert case.http.post(address, json=second, headers=who | {"if-match": seen}).status_code == 412
    assert case.http.post(address, json=second, headers=who | {"if-match": case.tag()}).status_code == 201


def test_a_step_sent_again_is_recorded_once(case: Walk) -> None:
    visit, headers = form("visit", case.home, case.at), case.people["village"] | {"if-match": case.tag()}
    first, again = (case.http.post(f"/v1/cases/{case.id}/steps", json=visit, headers=headers) for _ in "12")
    assert (first.status_code, first.content) == (201, again.content)
    changed = case.http.post(f"/v1/cases/{case.id}/steps", json=visit | {"findings": "另一份"}, headers=headers)
    assert code(changed) == (409, "sent-before")


def test_a_correction_is_appended_and_names_what_it_corrects(case: Walk) -> None:
    visit = case.took("visit").last.json()["entries"][0]
    case.took("visit", corrects=visit["id"], findings="更正后的情况")
    entries = case.seen()["entries"]
    assert [(e["findings"], e["corrects"]) for e in entries] == [("住院自付较多", None), ("更正后的情况", visit["id"])]
    assert case.seen()["next_step"] == "authorisation"
    assert code(case.take("visit", corrects=visit["id"])) == (409, "corrected-before")


@pytest.mark.parametrize(
    "changed",
    [{"decision": "refused", "reason": "示例"}, {"corrects": str(uuid4())}],
    ids=["turned-round", "of-nothing"],
)
def test_a_correction_turns_no_decision_round_and_corrects_what_is_there(case: Walk, changed: dict[str, Any]) -> None:
    visit = case.took("visit").last.json()["entries"][0]["id"]
    assert code(case.take("visit", **({"corrects": visit} | changed))) == (409, "not-a-correction")


def test_cases_are_listed_by_place_state_and_what_is_late(
    case: Walk, http: TestClient, people: dict[str, Headers]
) -> None:
    def listed(**query: str) -> list[str]:
        answer = http.get("/v1/cases", params={"village": "520621"} | query, headers=people["county"])
        return [row["id"] for row in answer.json()["rows"]]

    assert listed() == listed(state="identifying") == listed(overdue="true") == [case.id]
    assert listed(state="monitored") == listed(overdue="false") == listed(village="520622") == []
    case.took("household_gone")
    assert listed(overdue="true") == []
    assert listed(state="ended") == listed(household_id=case.home.id) == [case.id]
