"""A file of members that says who they are to the county, in the national form's labels."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.imports.members import HEADERS, OPTIONAL
from tests.callers import Headers
from tests.households.conftest import csv_of, member_row
from tests.households.people.conftest import Count, Put

SAID = {
    "民族": "彝族", "政治面貌": "群众", "文化程度": "初中", "在校生情况": "非在校生", "婚姻状况": "已婚",
    "劳动技能": "普通劳动力",
}  # fmt: skip


@pytest.fixture
def upload(http: TestClient, clerk: Headers, family: str) -> Any:
    def send(changed: dict[str, str], headers: tuple[str, ...] = OPTIONAL, **row: str) -> Any:
        cells = [{**SAID, **changed}[header] for header in headers]
        file = csv_of((*HEADERS, *headers), [*member_row(**row), *cells])
        answer = http.post("/v1/household-imports/members", files={"file": ("m.csv", file)}, headers=clerk)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return send


def test_labels_become_codes_and_the_same_file_again_changes_nothing(
    http: TestClient, clerk: Headers, member: str, upload: Any, count: Count
) -> None:
    assert upload({})["stored"] == 1
    told = http.get(member, headers=clerk).json()
    assert [told[f] for f in ("ethnicity", "political_status", "schooling_level", "school_state", "marital")] == [
        "07", "13", "70", "not_in_school", "20",
    ]  # fmt: skip
    assert told["labour_capacity"] == "ordinary"
    assert upload({})["unchanged"] == 1
    assert count("person_circumstances") == 1


def test_blank_cells_and_missing_columns_take_nothing_away(
    http: TestClient, clerk: Headers, member: str, upload: Any, count: Count
) -> None:
    upload({})
    assert upload(dict.fromkeys(SAID, ""))["unchanged"] == 1
    assert upload({"劳动技能": "弱劳动力或半劳动力"}, headers=("劳动技能",))["stored"] == 1
    told = http.get(member, headers=clerk).json()
    assert (told["ethnicity"], told["labour_capacity"]) == ("07", "weak")
    assert count("person_circumstances") == 2


@pytest.mark.parametrize("header", OPTIONAL)
def test_a_bare_code_is_never_trusted(upload: Any, count: Count, header: str) -> None:
    answer = upload({header: "70"})
    assert answer["refused"] == 1
    assert [(one["column"], one["code"]) for one in answer["refusals"][0]["faults"]] == [(header, "not-a-choice")]
    assert count("person_circumstances") == 0


def test_who_is_back_in_school_has_no_reason_for_having_left(
    http: TestClient, clerk: Headers, member: str, put: Put, upload: Any
) -> None:
    put(member, {"since": "2026-03-01", "school_state": "not_in_school", "dropout_reason": "unwilling"})
    upload({"在校生情况": "七年级"})
    told = http.get(member, headers=clerk).json()
    assert (told["school_state"], told["dropout_reason"]) == ("junior_1", None)


def test_a_file_taken_back_leaves_circumstances_as_they_were_by_a_correction(
    http: TestClient, clerk: Headers, member: str, put: Put, upload: Any, count: Count
) -> None:
    put(member, {"since": "2026-03-01", "ethnicity": "06", "occupation": "27"})
    batch = upload({}, 参加基本医保="否")
    undone = http.put(f"/v1/household-import-batches/{batch['id']}/undone", json={"undone": True}, headers=clerk)
    assert undone.status_code == 200
    told = http.get(member, headers=clerk).json()
    assert (told["ethnicity"], told["occupation"], told["marital"]) == ("06", "27", None)
    assert count("person_circumstances") == 3


def test_a_person_the_file_brought_goes_with_what_it_told_unless_more_was_told_since(
    households: Session, http: TestClient, clerk: Headers, family: str, put: Put, upload: Any, count: Count
) -> None:
    new = {"姓名": "示乙", "与户主关系": "之儿媳"}
    for told_since, status in ((False, 200), (True, 409)):
        batch = upload({}, **new)
        person = households.execute(text("SELECT id FROM person WHERE name = '示乙'")).scalar_one()
        households.rollback()
        if told_since:
            put(f"{family}/members/{person}/work-months/2026-09", {"working": False})
        path = f"/v1/household-import-batches/{batch['id']}/undone"
        assert http.put(path, json={"undone": True}, headers=clerk).status_code == status
        assert count("person") == (2 if told_since else 1)
