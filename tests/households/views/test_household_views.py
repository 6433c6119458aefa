"""A household sees what is held about it, objects, and is answered."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.cases import REASON, CaseEntry
from services.households.models.help import Measure, Received
from services.households.models.voices import ViewCode
from services.kit.store.fields import Seal
from tests.callers import Headers, Office, edit
from tests.clock import NOW
from tests.households.conftest import VILLAGE, Send, household_row, member_row, statement, valid
from tests.households.declarations.conftest import declaration, frame
from tests.households.open_cases import case_of

__all__ = ["frame"]

VIEW, CORRECT, LIST = "/v1/household-views", "/v1/household-views/corrections", "/v1/corrections"
NUMBER = valid("99062119600101001")

pytestmark = pytest.mark.usefixtures("frame")


@pytest.fixture
def home(households: Session, send: Send) -> str:
    send("households", household_row(), household_row("JK2", 户主姓名="示丁"))
    send("members", member_row(id_number=NUMBER), member_row("JK2", 姓名="示丁", 出生日期="1970-01-01"))
    told = households.execute(text("SELECT id FROM household WHERE number = 'JK1'")).scalar_one()
    return f"/v1/households/{told}"


def issue(http: TestClient, headers: Headers, home: str, code_id: str | None = None) -> Any:
    return http.post(f"{home}/view-codes", json={"id": code_id or str(uuid4())}, headers=headers)


@pytest.fixture
def code(http: TestClient, clerk: Headers, home: str) -> str:
    told: str = issue(http, clerk, home).json()["code"]
    return told


def said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def objection(code: str, **changed: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "code": code, "kind": "correction", "text": "住房已经加固。"} | changed


def test_a_household_sees_by_its_code_what_is_held_and_on_which_ground(
    http: TestClient, clerk: Headers, home: str, code: str
) -> None:
    edit(http, f"{home}/tags/monitored", {"since": "2026-05-01", "source": "示例〔2026〕3号"}, clerk)
    http.post(f"{home}/statements", json=statement(), headers=clerk)
    held = http.post(VIEW, json={"code": code})
    assert held.status_code == 200
    told = held.json()
    assert (told["number"], told["phone_masked"], told["housing_grade"]) == ("JK1", "100****0001", "A")
    assert [(p["name"], p["birth_date"]) for p in told["members"]] == [("示甲", "1960-01-01")]
    assert [(tag["key"], tag["source"]) for tag in told["tags"]] == [("monitored", "示例〔2026〕3号")]
    assert [line["amount"] for line in told["statements"][0]["lines"]] == [500_000, 2_000_000]
    assert told["facts"]["monitored"] is True


def test_it_sees_the_steps_of_its_case_with_their_reasons_and_its_help(
    http: TestClient, home: str, code: str, households: Session, seal: Seal
) -> None:
    household = UUID(home.rpartition("/")[2])
    case, entry, mended = case_of(households, household), uuid4(), uuid4()
    told: dict[str, Any] = {"case_id": case.id, "done_on": date(2026, 3, 3), "recorded_by": "clerk", "recorded_at": NOW}
    refused = seal.close("收入高于监测线", REASON.place(mended))
    households.add(CaseEntry(id=entry, step="visit", decision="refused", **told))
    households.flush()
    households.add(
        CaseEntry(id=mended, step="visit", decision="refused", corrects=entry, sealed_reason=refused, **told)
    )
    by: dict[str, Any] = {"household_id": household, "recorded_by": "clerk", "created_at": NOW, "policy_key": "cash"}
    cadre: dict[str, Any] = {"responsible_kind": "cadre", "responsible_id": uuid4(), "responsible_label": "示乙"}
    valid = Range(date(2026, 1, 1), date(2027, 1, 1))
    households.add(Measure(id=uuid4(), state="planned", due=date(2026, 12, 31), **by, **cadre))
    households.add(Received(id=uuid4(), valid=valid, amount=360_001, source="示例", **by))
    households.commit()
    held = http.post("/v1/household-views", json={"code": code}).json()
    (seen,) = held["cases"]
    assert [(one["zh"], one["decision"], one["reason"]) for one in seen["steps"]] == [
        ("入户核实", "refused", "收入高于监测线"),
    ]
    assert [(one["policy"], one["state"]) for one in held["measures"]] == [("cash", "planned")]
    assert [(one["policy"], one["amount"]) for one in held["received"]] == [("cash", 360_001)]
    assert "示乙" not in str(held)


def test_it_sees_neither_a_whole_id_number_nor_anybody_elses_household(http: TestClient, code: str) -> None:
    told = http.post(VIEW, json={"code": code}).text
    assert NUMBER not in told
    assert NUMBER[:6] in told
    assert "JK2" not in told
    assert "示丁" not in told


def test_the_code_is_read_by_hand_and_kept_nowhere(http: TestClient, code: str, households: Session) -> None:
    assert http.post(VIEW, json={"code": code.lower()}).status_code == 200
    stored = households.execute(text("SELECT view_code::text FROM view_code")).scalar_one()
    assert code not in stored


def test_a_code_that_never_was_opens_nothing_and_is_in_the_audit(
    http: TestClient, code: str, households: Session
) -> None:
    assert said(http.post(VIEW, json={"code": "222222222222"})) == (404, "not-there")
    assert said(http.post(CORRECT, json=objection("222222222222"))) == (404, "not-there")
    told = households.execute(text("SELECT audit::text FROM audit WHERE actor = 'villager' AND status = 404")).scalars()
    assert ["222222222222" in line for line in told] == [False, False]


def test_a_code_opens_on_its_last_day_and_not_on_the_next(
    http: TestClient, clerk: Headers, home: str, households: Session
) -> None:
    issued = issue(http, clerk, home).json()
    assert issued["last_day"] == "2026-11-28"
    row = households.get_one(ViewCode, UUID(issued["id"]))
    for last_day, opens in ((date(2026, 11, 21), 200), (date(2026, 11, 20), 404)):
        row.last_day = last_day
        households.commit()
        assert http.post(VIEW, json={"code": issued["code"]}).status_code == opens
        assert http.post(CORRECT, json=objection(issued["code"])).status_code == (201 if opens == 200 else 404)


def test_another_code_takes_the_place_of_the_one_before(http: TestClient, clerk: Headers, home: str, code: str) -> None:
    newer = issue(http, clerk, home).json()["code"]
    assert http.post(VIEW, json={"code": code}).status_code == 404
    assert http.post(VIEW, json={"code": newer}).status_code == 200


def test_a_lost_answer_is_told_again_and_changes_no_code(http: TestClient, clerk: Headers, home: str) -> None:
    key = str(uuid4())
    first = issue(http, clerk, home, key).json()
    assert issue(http, clerk, home, key).json() == first
    assert http.post(VIEW, json={"code": first["code"]}).status_code == 200


def test_a_code_is_shown_once(http: TestClient, clerk: Headers, home: str, households: Session) -> None:
    key = str(uuid4())
    issue(http, clerk, home, key)
    households.execute(text("DELETE FROM repeat"))  # its ten minutes are over
    households.commit()
    assert said(issue(http, clerk, home, key)) == (409, "code-shown-before")


def test_where_the_county_has_set_no_days_no_code_is_made(
    http: TestClient, clerk: Headers, home: str, households: Session
) -> None:
    households.execute(text("DELETE FROM standard WHERE key = 'view_code_days'"))
    households.commit()
    refused = issue(http, clerk, home)
    assert said(refused) == (409, "standard-missing")
    assert "view_code_days" in refused.json()["detail"]


def test_an_objection_is_answered_with_a_reason_that_the_household_reads(
    http: TestClient, clerk: Headers, code: str, households: Session
) -> None:
    filed = http.post(CORRECT, json=objection(code)).json()
    assert (filed["due_on"], filed["outcome"]) == ("2026-12-04", None)
    waiting = http.get(f"{LIST}?village={VILLAGE}&state=waiting", headers=clerk).json()["rows"]
    assert [row["id"] for row in waiting] == [filed["id"]]
    assert "加固" not in str(waiting)
    assert http.get(f"{LIST}/{filed['id']}", headers=clerk).json()["text"] == "住房已经加固。"
    answer = {"outcome": "granted", "reason": "已核实并改正。"}
    assert http.put(f"{LIST}/{filed['id']}/answer", json=answer, headers=clerk).status_code == 200
    told = http.post(VIEW, json={"code": code}).json()["corrections"]
    assert [(one["outcome"], one["answer"]) for one in told] == [("granted", "已核实并改正。")]
    assert http.get(f"{LIST}?village={VILLAGE}&state=waiting", headers=clerk).json()["rows"] == []
    events = text("SELECT type, division, data FROM event WHERE subject = :id ORDER BY type")
    assert [tuple(row) for row in households.execute(events, {"id": filed["id"]})] == [
        ("correction.answered", VILLAGE, {"kind": filed["kind"], "outcome": "granted"}),
        ("correction.filed", VILLAGE, {"kind": filed["kind"], "due_on": "2026-12-04"}),
    ]


def test_an_answer_stands(http: TestClient, clerk: Headers, code: str) -> None:
    path = f"{LIST}/{http.post(CORRECT, json=objection(code)).json()['id']}/answer"
    answer = {"outcome": "declined", "reason": "与实地查看不符。"}
    first = http.put(path, json=answer, headers=clerk)
    assert http.put(path, json=answer, headers=clerk).json() == first.json()
    assert said(http.put(path, json=answer | {"outcome": "granted"}, headers=clerk)) == (409, "answered-already")


def test_the_same_objection_sent_again_is_one(http: TestClient, clerk: Headers, code: str) -> None:
    sent = objection(code)
    first, again = http.post(CORRECT, json=sent), http.post(CORRECT, json=sent)
    assert (again.status_code, again.json()) == (201, first.json())
    assert said(http.post(CORRECT, json=sent | {"text": "另有内容。"})) == (409, "filed-before")
    assert len(http.get(f"{LIST}?village={VILLAGE}", headers=clerk).json()["rows"]) == 1


def test_what_a_household_objects_to_is_stored_sealed(http: TestClient, code: str, households: Session) -> None:
    http.post(CORRECT, json=objection(code))
    stored = households.execute(text("SELECT correction::text FROM correction")).scalar_one()
    assert "加固".encode().hex() not in stored


def test_another_townships_office_neither_issues_nor_reads_nor_answers(
    http: TestClient, office: Office, home: str, code: str
) -> None:
    filed = http.post(CORRECT, json=objection(code)).json()["id"]
    other = office("other", "township", place="520621002")
    assert said(issue(http, other, home)) == (404, "not-there")
    assert said(http.get(f"{LIST}/{filed}", headers=other)) == (404, "not-there")
    assert http.get(f"{LIST}?village={VILLAGE}", headers=other).json()["rows"] == []
    answer = {"outcome": "declined", "reason": "与实地查看不符。"}
    assert said(http.put(f"{LIST}/{filed}/answer", json=answer, headers=other)) == (404, "not-there")


def test_each_look_leaves_a_line_in_the_audit(http: TestClient, code: str, home: str, households: Session) -> None:
    http.post(VIEW, json={"code": code})
    line = households.execute(text("SELECT audit::text FROM audit WHERE action LIKE '%household-views'")).scalar_one()
    assert home.rpartition("/")[2] in line
    assert code not in line


def test_a_declaration_that_found_its_household_is_seen_there(http: TestClient, home: str, code: str) -> None:
    receipt = http.post("/v1/self-declarations", json=declaration(id_number=NUMBER)).json()
    told = http.post(VIEW, json={"code": code}).json()["declarations"]
    assert [(one["number"], one["state"]) for one in told] == [(receipt["number"], "received")]
