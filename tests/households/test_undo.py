"""A file can be taken back while nobody has built on what it brought."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office, edit
from tests.households.conftest import (
    KINDS,
    clerk,
    csv_of,
    facts_of,
    household_numbered,
    household_row,
    http,
    member_row,
    statement,
    statement_row,
    valid,
)

__all__ = ["clerk", "http"]

MAN = valid("99010119600101123X")
TABLES = ("household", "person", "membership", "tag", "statement", "statement_line", "household_facts")


@pytest.fixture
def files(http: TestClient, clerk: Headers) -> Any:
    class Files:
        def send(self, kind: str, *rows: list[str]) -> str:
            content = csv_of(KINDS[kind].HEADERS, *rows)
            answer = http.post(f"/v1/household-imports/{kind}", files={"file": ("a.csv", content)}, headers=clerk)
            assert answer.json()["refused"] == 0, answer.text
            return str(answer.json()["id"])

        def undo(self, batch: str, headers: Headers = clerk) -> Any:
            path = f"/v1/household-import-batches/{batch}/undone"
            return http.put(path, json={"undone": True}, headers=headers)

    return Files()


def held(session: Session) -> dict[str, Any]:
    """All there is, but for seals, which never repeat, versions, moments, and the ids of what is written anew."""
    session.rollback()
    rows = "SELECT to_jsonb(t) - 'version' - 'changed' - 'known_since' - 'sealed_phone' FROM {} t"
    return {table: sorted(session.scalars(text(rows.format(table))), key=str) for table in TABLES}


def test_what_a_file_brought_goes_and_nothing_is_left_of_it(files: Any, households: Session) -> None:
    before = held(households)
    batches = [
        files.send("households", household_row(监测对象="是"), household_row("JK2")),
        files.send("members", member_row(id_number=MAN), member_row("JK2", 姓名="示乙")),
        files.send("statements", statement_row(), statement_row("JK2")),
    ]
    for batch in reversed(batches):
        assert files.undo(batch).json()["state"] == "undone"
    assert held(households) == before


def test_what_a_file_changed_is_as_it_was_before(files: Any, households: Session) -> None:
    files.send("households", household_row(), household_row("JK2"))
    files.send("members", member_row(), member_row("JK2", 姓名="示乙"))
    files.send("statements", statement_row())
    before = held(households)
    batches = [
        files.send("households", household_row(户主姓名="示丙", 联系电话="10000000002", 监测对象="是", 住房等级="D")),
        files.send("members", member_row(id_number=MAN, 参加基本医保="否", 与户主关系="配偶")),
        files.send("statements", statement_row(**{"工资性收入(元)": "300.00"})),
    ]
    assert facts_of(households, "JK1").safe_house is False
    for batch in reversed(batches):
        assert files.undo(batch).status_code == 200
    assert held(households) == before


def test_the_phone_of_before_is_there_again(files: Any, households: Session, http: TestClient, clerk: Headers) -> None:
    files.send("households", household_row(联系电话="10000000001"))
    files.undo(files.send("households", household_row(联系电话="10000005555")))
    assert files.send("households", household_row(联系电话="10000000001"))
    outcomes = households.execute(text("SELECT outcome FROM import_row")).scalars().all()
    assert sorted(outcomes) == ["stored", "stored", "unchanged"]


def test_rows_somebody_has_built_on_are_named_and_nothing_is_taken_back(files: Any, households: Session) -> None:
    batch = files.send("households", household_row(), household_row("JK2"), household_row("JK3"))
    files.send("members", member_row("JK3"))
    before = held(households)
    answer = files.undo(batch)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (409, "built-upon-since", "4")
    assert held(households) == before


def test_a_household_that_was_edited_by_hand_since_is_not_overwritten(
    files: Any, households: Session, http: TestClient, clerk: Headers
) -> None:
    batch = files.send("households", household_row(), household_row("JK2"))
    path = f"/v1/households/{household_numbered(households, 'JK2')}/safeguards"
    edit(http, path, {"housing_grade": "C", "safe_water": True, "members": []}, clerk)
    assert files.undo(batch).json()["detail"] == "3"


def test_a_statement_corrected_since_and_a_member_whose_number_was_shown_stay(
    files: Any, households: Session, http: TestClient, clerk: Headers
) -> None:
    files.send("households", household_row())
    members = files.send("members", member_row(id_number=MAN))
    statements = files.send("statements", statement_row())
    home = f"/v1/households/{household_numbered(households, 'JK1')}"
    assert http.post(f"{home}/statements", json=statement(), headers=clerk).status_code == 201
    person = households.execute(text("SELECT id FROM person")).scalar_one()
    shown = http.post(f"{home}/members/{person}/id-number-views", json={"reason": "核对证件"}, headers=clerk)
    assert shown.is_success, shown.text
    assert [files.undo(batch).status_code for batch in (statements, members)] == [409, 409]


def test_twice_is_once_and_somebody_elses_file_is_not_there(files: Any, office: Office) -> None:
    batch = files.send("households", household_row())
    assert files.undo(batch, office("another", "county")).status_code == 404
    assert files.undo(batch).json() == files.undo(batch).json()


def test_outside_the_places_one_has_now_nothing_is_taken_back(files: Any, households: Session) -> None:
    batch = files.send("households", household_row())
    households.execute(text("UPDATE access_grant SET place = '520621999'"))
    households.commit()
    assert files.undo(batch).status_code == 409
