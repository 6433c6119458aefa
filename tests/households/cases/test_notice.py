"""What hangs on the wall: a household with everything that must not be there, and nothing of it shown."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.register import ID_NUMBER, PHONE, Household, Person
from services.kit.store.fields import Seal
from tests.callers import Headers, Office
from tests.households.cases.conftest import Walk, code, settle

WHITELIST = {
    "head_name", "group_name", "persons", "category", "difficulties", "posted_on", "until", "complaint_phone",
}  # fmt: skip
ID, TELEPHONE, ILLNESS = "990101197005011230", "10000000099", "尿毒症"
BLACKLIST = (ID, TELEPHONE, ILLNESS, "因病", "因残", "示乙", "示丙", "5206210001", "住院", "病")


def notice(walk: Walk, level: str = "village") -> dict[str, object]:
    answer = walk.http.get(f"/v1/cases/{walk.id}/notice", headers=walk.people[level])
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


@pytest.fixture
def canary(walk: Walk, frame: Session, seal: Seal) -> Walk:
    """Ill, disabled, with a telephone and an ID number, and a finding that says so."""
    home, head = frame.get_one(Household, walk.home.id), frame.get_one(Person, walk.home.head)
    home.sealed_phone = seal.close(TELEPHONE, PHONE.place(home.id))
    head.sealed_id_number, head.id_index = seal.close(ID, ID_NUMBER.place(head.id)), seal.index(ID)
    frame.commit()
    assert walk.open(risks=["01", "03", "07"]).status_code == 201
    walk.took("visit", findings=f"{ILLNESS}，身份证{ID}，电话{TELEPHONE}", category="marginal")
    return walk.took("authorisation", "comparison", "review")


def test_a_notice_holds_the_whitelist_and_nothing_else(canary: Walk) -> None:
    canary.took("notice")
    assert notice(canary) == {
        "head_name": "示甲",
        "group_name": "一组",
        "persons": 3,
        "category": "边缘易致贫户",
        "difficulties": ["因务工就业不稳", "其他困难"],
        "posted_on": "2026-03-02",
        "until": "2026-03-07",
        "complaint_phone": "12317",
    }
    assert notice(canary).keys() == WHITELIST


def test_nothing_of_the_blacklist_is_on_it_at_any_later_step(canary: Walk) -> None:
    canary.took("notice")
    for kind in ("notice_ended", "township", "county", "announcement", "entry", "measures", "follow_up"):
        shown = canary.http.get(f"/v1/cases/{canary.id}/notice", headers=canary.people["county"]).text
        assert [word for word in BLACKLIST if word in shown] == []
        canary.took(kind)


def test_before_it_is_posted_there_is_no_notice(canary: Walk) -> None:
    refused = canary.http.get(f"/v1/cases/{canary.id}/notice", headers=canary.people["village"])
    assert code(refused) == (409, "no-notice-yet")


def test_a_child_at_the_head_of_a_household_is_named_by_nobody(canary: Walk, frame: Session) -> None:
    canary.took("notice")
    frame.get_one(Person, canary.home.head).birth_date = date(2008, 3, 3)
    frame.commit()
    assert notice(canary)["head_name"] == "示*"
    frame.get_one(Person, canary.home.head).birth_date = date(2008, 3, 2)
    frame.commit()
    assert notice(canary)["head_name"] == "示甲"


def test_the_telephone_of_a_notice_is_a_telephone(canary: Walk) -> None:
    assert canary.take("notice", complaint_phone="住院").status_code == 422
    assert canary.take("notice", complaint_phone="0856-12317").status_code == 201


def test_what_was_found_is_sealed_and_shown_to_who_works_on_cases_alone(
    canary: Walk, frame: Session, office: Office
) -> None:
    canary.people["auditor"] = office("auditor-1", "auditor")
    assert ILLNESS in str(canary.seen()["entries"])
    assert ILLNESS not in str(canary.seen("auditor")["entries"])
    assert "示例甲" not in str(canary.seen("auditor")["entries"])
    kept = frame.connection().exec_driver_sql("SELECT string_agg(e::text, '') FROM case_entry e").scalar_one()
    assert not [word for word in (ILLNESS, ID, TELEPHONE) if word.encode().hex() in kept or word in kept]


def test_another_village_sees_neither_case_nor_notice_nor_gates(canary: Walk, office: Office, http: TestClient) -> None:
    canary.took("notice")
    stranger: Headers = office("stranger-1", "cadre", place="520621001006")
    for path in ("", "/notice", "/gates"):
        assert http.get(f"/v1/cases/{canary.id}{path}", headers=stranger).status_code == 404
    body = {"id": str(UUID(int=7)), "household_id": canary.home.id, "risks": ["01"]}
    ground = {"kind": "alert", "service": "alerts", "id": str(UUID(int=8)), "day": "2026-03-02"}
    assert http.post("/v1/cases", json=body | {"ground": ground}, headers=stranger).status_code == 404


def test_the_database_lets_no_api_change_what_was_recorded(canary: Walk, api_engines: dict[str, Engine]) -> None:
    engine = api_engines["households"]
    for table in ("case_entry", "case_participant", "case_document"):
        with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608


def test_a_second_household_has_its_own_notice(canary: Walk, frame: Session) -> None:
    canary.took("notice")
    first = notice(canary)
    canary.home = settle(frame, "JK2", "示戊")
    canary.open(risks=["09"])
    canary.until("notice").took("notice")
    assert (first["head_name"], notice(canary)["head_name"]) == ("示甲", "示戊")
    assert notice(canary)["difficulties"] == ["因学"]
