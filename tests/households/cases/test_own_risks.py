"""A case carries a risk of the county's own: as it is opened, from a file, in a list; and its notice says no more."""

import pytest
from sqlalchemy import select
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.exports.columns import Reader
from services.households.exports.kinds import KINDS as TAKEN_OUT
from services.households.models.register import Household
from services.kit.store.fields import Seal
from services.kit.web.auth import Caller
from tests.callers import HERE, Headers, Office, edit
from tests.households.cases.conftest import Walk, code, settle
from tests.households.cases.test_notice import notice
from tests.households.cases.test_taken_over import case_row
from tests.households.conftest import Send, faults
from tests.households.own_codes import HOLDS, OUTSIDE, WORD, end_all, own_risks


@pytest.fixture(autouse=True)
def own(frame: Session) -> None:
    own_risks(frame)


def test_a_case_is_opened_with_a_risk_of_the_countys_own(walk: Walk) -> None:
    assert walk.open(risks=["01", HOLDS]).status_code == 201
    assert walk.seen()["risks"] == ["01", HOLDS]


@pytest.mark.parametrize("told", OUTSIDE, ids=["elsewhere", "later", "ended"])
def test_a_case_is_not_opened_with_a_risk_that_does_not_hold_there_that_day(told: str, walk: Walk) -> None:
    assert code(walk.open(risks=[told])) == (422, "unknown-risk")
    assert code(walk.open(risks=["01", told])) == (422, "unknown-risk")


def test_a_case_keeps_a_risk_that_has_ended_and_goes_on(walk: Walk, frame: Session) -> None:
    walk.open(risks=[HOLDS])
    end_all(frame)
    walk.took("visit", category="marginal")
    assert walk.seen()["risks"] == [HOLDS]


def test_a_notice_says_of_an_own_risk_what_it_says_of_the_one_it_lies_under(
    walk: Walk, http: TestClient, office: Office
) -> None:
    ill = {"division": "520621", "zh": "尘肺病", "valid_from": "2026-01-01", "document_no": "示例〔2026〕1号"}
    writer = office("writer", "county")
    assert edit(http, "/v1/code-sets/risk/own/0180", ill, writer).status_code == 200
    walk.open(risks=[HOLDS, "0180", "0201"])
    walk.took("visit", category="marginal").took("authorisation", "comparison", "review", "notice")
    assert notice(walk)["difficulties"] == ["因务工就业不稳", "洪涝灾害", "其他困难"]


def test_a_file_of_cases_takes_a_risk_of_the_countys_own_and_a_list_names_it(
    walk: Walk, people: dict[str, Headers], frame: Session, seal: Seal, send: Send
) -> None:
    assert faults(send("cases", case_row(风险类型=f"01、{HOLDS}"))) == []
    who = Caller("clerk", frozenset({"township"}), frozenset({"name:read"}), "")
    (row,) = TAKEN_OUT["cases"].rows(Reader(frame, seal, who, HERE), frame.scalars(select(Household)).all())
    assert row[5] == f"因病、{WORD}"
    end_all(frame)
    assert send("cases", case_row(风险类型=f"01、{HOLDS}")).unchanged == 1


@pytest.mark.parametrize("told", OUTSIDE, ids=["elsewhere", "later", "ended"])
def test_a_file_of_cases_does_not_take_a_risk_that_does_not_hold_there_that_day(
    told: str, walk: Walk, send: Send
) -> None:
    assert faults(send("cases", case_row(风险类型=told))) == [(2, "风险类型", "unknown-risk")]


def test_what_one_household_keeps_of_a_risk_that_has_ended_is_no_leave_for_another(
    walk: Walk, frame: Session, send: Send
) -> None:
    send("cases", case_row(风险类型=HOLDS))
    end_all(frame)
    settle(frame, "JK2", "示戊")
    again = send("cases", case_row(风险类型=HOLDS), case_row("JK2", 风险类型=HOLDS))
    assert (again.unchanged, faults(again)) == (1, [(3, "风险类型", "unknown-risk")])
