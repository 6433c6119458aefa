"""A county's own codes: a label of households and a risk, by its document, from a day until a day."""

import io
import zipfile
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.exports.columns import Reader
from services.households.exports.kinds import KINDS as TAKEN_OUT
from services.households.exports.making import exports
from services.households.models.register import Household
from services.kit.store.fields import Seal
from services.kit.web.auth import Caller
from tests.callers import HERE, Headers, Office, edit
from tests.households.conftest import Send, faults, household_row
from tests.households.declarations.conftest import set_standard
from tests.households.help.conftest import measure, plan, policy
from tests.households.own_codes import ELSEWHERE, HOLDS, NAMES, OUTSIDE, WORD, end_all, own_risks

LABEL = "/v1/code-sets/tag/own/own_chuanqing"
RISK = "/v1/code-sets/risk/own/0781"
TAGGED = {"since": "2026-02-01", "source": "示例〔2026〕2号"}


def code(**changed: Any) -> dict[str, Any]:
    told = {"division": "520621", "zh": "穿青人", "valid_from": "2026-01-01", "valid_until": None}
    return told | {"document_no": "示例〔2026〕1号"} | changed


@pytest.fixture
def county(office: Office) -> Headers:
    return office("county", "county")


@pytest.fixture
def label(http: TestClient, county: Headers) -> None:
    assert edit(http, LABEL, code(), county).status_code == 200


@pytest.fixture
def risk(http: TestClient, county: Headers) -> None:
    assert edit(http, RISK, code(zh="厂矿关停"), county).status_code == 200


def test_a_label_of_the_countys_own_is_put_on_a_household_and_found_by(
    label: None, http: TestClient, clerk: Headers, family: str
) -> None:
    assert edit(http, f"{family}/tags/own_chuanqing", TAGGED, clerk).status_code == 200
    assert [tag["key"] for tag in http.get(f"{family}/tags", headers=clerk).json()] == ["own_chuanqing"]
    found = http.get("/v1/household-search", params={"tag": "own_chuanqing"}, headers=clerk).json()["rows"]
    assert [row["id"] for row in found] == [family.rpartition("/")[2]]
    assert http.get("/v1/household-search", params={"tag": "own_other"}, headers=clerk).json()["rows"] == []
    assert http.get("/v1/household-search", params={"tag": "other"}, headers=clerk).status_code == 422


@pytest.mark.parametrize(
    ("told", "since"),
    [
        pytest.param({"division": "520622"}, "2026-02-01", id="of another county"),
        pytest.param({"valid_from": "2026-02-02"}, "2026-02-01", id="begun later"),
        pytest.param({"valid_until": "2026-02-01"}, "2026-02-01", id="ended"),
    ],
)
def test_a_label_that_does_not_hold_there_on_that_day_is_refused(
    told: dict[str, Any], since: str, http: TestClient, clerk: Headers, office: Office, family: str
) -> None:
    writer = office("writer", "county", place=told.get("division", "520621"))
    assert edit(http, LABEL, code(**told), writer).status_code == 200
    refused = edit(http, f"{family}/tags/own_chuanqing", TAGGED | {"since": since}, clerk)
    assert (refused.status_code, refused.json()["code"]) == (422, "no-such-code")


def test_a_label_that_was_put_on_while_it_held_is_closed_after_the_county_ended_it(
    label: None, http: TestClient, clerk: Headers, county: Headers, family: str
) -> None:
    edit(http, f"{family}/tags/own_chuanqing", TAGGED, clerk)
    assert edit(http, LABEL, code(valid_until="2026-06-01"), county).status_code == 200
    closed = edit(http, f"{family}/tags/own_chuanqing", TAGGED | {"until": "2026-07-01"}, clerk)
    assert closed.status_code == 200


def test_a_policy_asks_for_a_label_there_is(label: None, http: TestClient, county: Headers) -> None:
    refused = edit(http, "/v1/policies/cash", policy(tag="own_other"), county)
    assert (refused.status_code, refused.json()["code"]) == (422, "no-such-code")
    assert edit(http, "/v1/policies/cash", policy(tag="own_chuanqing"), county).status_code == 200


def test_a_risk_of_the_countys_own_is_planned_against_and_answered_by_a_measure_against_the_one_it_lies_under(
    risk: None, http: TestClient, clerk: Headers, county: Headers, family: str
) -> None:
    assert edit(http, f"{family}/plan", plan(risks=["0781"]), clerk).status_code == 200
    unanswered = http.get(f"{family}/gaps", headers=clerk).json()["unanswered"]
    assert {"risk": "0781", "zh": "厂矿关停", "said_by": "plan"} in unanswered
    assert edit(http, "/v1/policies/public-post", policy(), county).status_code == 200
    assert edit(http, f"{family}/measures/{uuid4()}", measure(risk="07"), clerk).status_code == 200
    unanswered = http.get(f"{family}/gaps", headers=clerk).json()["unanswered"]
    assert "0781" not in {one["risk"] for one in unanswered}


@pytest.mark.parametrize("told", ["0782", "0881"])
def test_a_risk_nobody_has_set_is_refused_in_a_plan_and_a_measure(
    told: str, risk: None, http: TestClient, clerk: Headers, county: Headers, family: str
) -> None:
    assert edit(http, "/v1/policies/public-post", policy(), county).status_code == 200
    assert edit(http, f"{family}/plan", plan(risks=[told]), clerk).status_code == 422
    assert edit(http, f"{family}/measures/{uuid4()}", measure(risk=told), clerk).status_code == 422
    assert edit(http, f"{family}/measures/{uuid4()}", measure(risk="0781"), clerk).status_code == 200


def test_what_is_planned_against_a_risk_that_has_ended_can_still_be_mended(
    risk: None, http: TestClient, clerk: Headers, county: Headers, family: str
) -> None:
    edit(http, f"{family}/plan", plan(risks=["0781"]), clerk)
    assert edit(http, RISK, code(zh="厂矿关停", valid_until="2026-03-01"), county).status_code == 200
    assert edit(http, f"{family}/plan", plan(risks=["0781"], goal="另一目标"), clerk).status_code == 200
    assert edit(http, f"{family}/plan", plan(risks=["07"], goal="又一目标"), clerk).status_code == 200
    assert edit(http, f"{family}/plan", plan(risks=["0781"]), clerk).json()["code"] == "no-such-code"


@pytest.mark.parametrize(
    ("path", "told", "answer"),
    [
        ("tag/own/0781", {}, "not-an-own-code"),
        ("risk/own/own_mine", {}, "not-an-own-code"),
        ("risk/own/1181", {}, "not-an-own-code"),
        ("risk/own/0781", {"zh": "住房安全"}, "label-taken"),
        ("tag/own/own_mine", {"valid_until": "2026-01-01"}, "code-upside-down"),
        ("tag/own/own_mine", {"zh": "低保"}, "label-taken"),
        ("tag/own/own_mine", {}, "label-taken"),
    ],
)
def test_a_code_of_another_form_upside_down_or_named_as_another_is_refused(
    path: str, told: dict[str, Any], answer: str, label: None, http: TestClient, county: Headers
) -> None:
    assert edit(http, f"/v1/code-sets/{path}", code(**told), county).json()["code"] == answer


def test_a_code_of_the_country_and_a_set_that_is_the_countrys_alone_are_nobodys_own(
    http: TestClient, county: Headers
) -> None:
    for told in ("0201", "0299"):
        assert http.put(f"/v1/code-sets/risk/own/{told}", json=code(), headers=county).status_code == 422
    assert http.put("/v1/code-sets/ethnicity/own/own_mine", json=code(), headers=county).status_code == 422


@pytest.mark.parametrize("zh", ["甲\u0085乙", "甲\ufeff乙", "甲\x1f乙", "甲,乙", "甲、乙", "甲 乙", '甲"', " 甲", ""])
def test_a_name_is_one_word_of_a_list(zh: str, http: TestClient, county: Headers) -> None:
    assert http.put(LABEL, json=code(zh=zh), headers=county).status_code == 422


def test_a_code_is_the_countys_to_write_within_its_places_and_everybodys_to_read(
    label: None, http: TestClient, clerk: Headers, county: Headers, office: Office
) -> None:
    assert http.put(LABEL, json=code(), headers=clerk).status_code == 403
    assert http.put(LABEL, json=code(), headers=county).status_code == 200
    assert http.put(LABEL, json=code(zh="另名"), headers=county).status_code == 428
    assert edit(http, LABEL, code(division="520622"), county).status_code == 404
    assert edit(http, LABEL, code(division="5206"), county).status_code == 404
    beside = office("beside", "county", place="520622")
    assert edit(http, LABEL, code(division="520622"), beside).status_code == 404
    listed = http.get("/v1/code-sets/tag/own", headers=clerk).json()
    assert listed == [code(code="own_chuanqing")]
    assert http.get("/v1/code-sets/none/own", headers=clerk).status_code == 404


def measure_row(**changed: str) -> list[str]:
    row = {"户编号": "JK1", "政策代码": "public-post", "成员姓名": "", "针对风险": WORD, "状态": "计划"} | {
        "责任人编号": str(UUID(int=1)), "责任人": "示甲", "计划完成日": "2026-12-31", "落实日": "", "金额(元)": "",
        "资金来源": "", "佐证": "", "措施截止日": "",
    } | changed  # fmt: skip
    return list(row.values())


@pytest.fixture
def listed(http: TestClient, county: Headers, households: Session) -> None:
    own_risks(households)
    assert edit(http, "/v1/policies/public-post", policy(), county).status_code == 200


@pytest.mark.parametrize("told", OUTSIDE, ids=["elsewhere", "later", "ended"])
def test_a_plan_and_a_measure_take_no_risk_that_does_not_hold_there_that_day(
    told: str, listed: None, http: TestClient, clerk: Headers, family: str
) -> None:
    for refused in (
        edit(http, f"{family}/plan", plan(risks=[told], since="2026-11-01"), clerk),
        edit(http, f"{family}/measures/{uuid4()}", measure(risk=told), clerk),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, "no-such-code")


def test_a_file_of_measures_takes_the_risk_by_its_name_or_its_code(
    listed: None, http: TestClient, clerk: Headers, family: str, send: Send
) -> None:
    assert faults(send("measures", measure_row(), measure_row(针对风险=HOLDS, 计划完成日="2026-12-30"))) == []
    kept = http.get(f"{family}/measures", headers=clerk).json()["rows"]
    assert [one["risk"] for one in kept] == [HOLDS, HOLDS]


@pytest.mark.parametrize("told", OUTSIDE, ids=["elsewhere", "later", "ended"])
def test_a_file_of_measures_takes_no_risk_that_does_not_hold_there_that_day(
    told: str, listed: None, family: str, send: Send
) -> None:
    for written in (told, NAMES[told]):
        assert faults(send("measures", measure_row(针对风险=written))) == [(2, "针对风险", "not-a-choice")]


def test_a_list_of_measures_names_the_risk_and_comes_back_as_it_is_after_the_county_ended_it(
    listed: None, family: str, send: Send, households: Session, seal: Seal
) -> None:
    send("measures", measure_row())
    end_all(households)
    who = Caller("clerk", frozenset({"township"}), frozenset({"name:read"}), "")
    homes = households.scalars(select(Household)).all()
    (row,) = TAKEN_OUT["measures"].rows(Reader(households, seal, who, HERE), homes)
    assert row[3] == WORD
    send("households", household_row("JK2"))
    again = send("measures", row, ["JK2", *row[1:]])
    assert (again.unchanged, faults(again)) == (1, [(3, "针对风险", "not-a-choice")])


def choices_of(workbook: bytes) -> list[str]:
    """Of the hidden sheet, or of the cells' own rules."""
    told = zipfile.ZipFile(io.BytesIO(workbook))
    return [zh for zh in NAMES.values() if any(zh in told.read(name).decode() for name in told.namelist())]


def test_a_blank_form_and_a_list_offer_the_own_risks_that_hold_where_one_works(
    listed: None,
    http: TestClient,
    clerk: Headers,
    office: Office,
    engines: dict[str, Engine],
    seal: Seal,
    family: str,
    households: Session,
) -> None:
    blank = "/v1/household-imports/measures/template"
    assert choices_of(http.get(blank, headers=clerk).content) == [WORD]
    beside = office("beside", "township", place="520622001")
    assert choices_of(http.get(blank, headers=beside).content) == [NAMES[ELSEWHERE]]
    assert choices_of(http.get("/v1/household-imports/members/template", headers=clerk).content) == []
    set_standard(households, "export_rows_alone", 3)
    households.commit()
    body = {"id": str(uuid4()), "kind": "measures", "format": "xlsx", "village": "520621001"}
    asked = http.post("/v1/exports", json=body, headers=clerk)
    assert asked.status_code == 202, asked.text
    assert exports(engines["households"], seal).step(HERE) == 1
    assert choices_of(http.get(f"/v1/exports/{body['id']}/file", headers=clerk).content) == [WORD]


def test_two_who_edit_a_code_at_once_do_not_overwrite_each_other(
    label: None, http: TestClient, county: Headers, households: Session
) -> None:
    seen = {"if-match": http.get(LABEL, headers=county).headers["etag"]}
    assert http.put(LABEL, json=code(zh="穿青"), headers=county | seen).status_code == 200
    assert http.put(LABEL, json=code(zh="青族"), headers=county | seen).status_code == 412
