"""A list is taken out as a file that says whose copy it is, shows no more than a page does, and does nothing."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine, text, update
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.exports.kinds import KINDS
from services.households.exports.making import exports
from services.households.exports.sheets import as_csv, as_xlsx
from services.kit.store.fields import Seal
from services.kit.store.grants import Grant
from tests.callers import HERE, Headers, Office
from tests.households.conftest import VILLAGE, Send, household_row, member_row, statement, valid
from tests.households.declarations.conftest import set_standard

PATH = "/v1/exports"
NUMBER = valid("99062119600101001")
FORMULA = '=HYPERLINK("http://example.invalid","示甲")'
Work = Callable[[], int]


@pytest.fixture
def work(engines: dict[str, Engine], seal: Seal) -> Work:
    loop = exports(engines["households"], seal)
    return lambda: loop.step(HERE)


@pytest.fixture(autouse=True)
def register(households: Session, send: Send) -> None:
    set_standard(households, "export_rows_alone", 3)
    send("households", household_row(), household_row("JK2", 户主姓名="示丁", 村代码="520621002001", 饮水安全=""))
    send("members", member_row(id_number=NUMBER), member_row("JK2", 姓名="示丁"))
    households.commit()


def ask(http: TestClient, headers: Headers, kind: str = "members", form: str = "csv", **said: Any) -> Any:
    body = {"id": str(uuid4()), "kind": kind, "format": form, "village": VILLAGE[:6]} | said
    return http.post(PATH, json=body, headers=headers)


def fetched(http: TestClient, headers: Headers, asked: Any) -> bytes:
    answer = http.get(f"{PATH}/{asked.json()['id']}/file", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_file_is_made_by_the_worker_and_followed_as_an_operation(
    http: TestClient, clerk: Headers, work: Work
) -> None:
    asked = ask(http, clerk)
    assert (asked.status_code, asked.json()["state"], asked.json()["rows"]) == (202, "waiting", 2)
    assert code(http.get(f"{PATH}/{asked.json()['id']}/file", headers=clerk)) == (409, "export-not-made")
    assert work() == 1
    assert http.get(asked.headers["location"], headers=clerk).json()["state"] == "done"
    assert http.get(f"{PATH}/{asked.json()['id']}", headers=clerk).json()["state"] == "done"
    header, *rows, mark = lines(fetched(http, clerk, asked))
    assert header == list(KINDS["members"].headers)
    assert [[*row[:2], row[3]] for row in rows] == [["JK1", "示甲", "户主"], ["JK2", "示丁", "户主"]]
    said = f"导出编号 {asked.json()['number']} · 导出账号 clerk · {HERE:%Y-%m-%d %H:%M} · 含个人信息，严禁外传"
    assert mark == [said]


def test_a_workbook_has_chinese_headers_drop_downs_and_its_mark(http: TestClient, clerk: Headers, work: Work) -> None:
    asked = ask(http, clerk, "households", "xlsx")
    work()
    content = fetched(http, clerk, asked)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[0] == list(KINDS["households"].headers)
    assert rows[1][:4] == ["JK1", VILLAGE, "一组", "示甲"]
    assert str(asked.json()["number"]) in str(rows[-1][0])
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert '"一般农户,脱贫户"' in sheet.replace("&quot;", '"')
    assert f"导出编号 {asked.json()['number']}" in sheet


def test_statements_come_out_in_yuan_and_an_unknown_amount_is_blank(
    http: TestClient, clerk: Headers, work: Work, households: Session
) -> None:
    home = households.execute(text("SELECT id FROM household WHERE number = 'JK1'")).scalar_one()
    told = statement(lines=[{"kind": "wage", "amount": 2_000_005}])
    assert http.post(f"/v1/households/{home}/statements", json=told, headers=clerk).status_code == 201
    asked = ask(http, clerk, "statements")
    work()
    _, row, _ = lines(fetched(http, clerk, asked))
    assert row[:4] == ["JK1", "2025-11", "2026-10", "20000.05"]
    assert set(row[4:]) == {""}


def test_no_whole_id_number_or_telephone_leaves(http: TestClient, clerk: Headers, office: Office, work: Work) -> None:
    people, homes = ask(http, clerk), ask(http, other := office("other", "county"), "households")
    while work():
        pass
    told = fetched(http, clerk, people) + fetched(http, other, homes)
    assert NUMBER.encode() not in told
    assert b"10000000001" not in told
    assert f"{NUMBER[:6]}************".encode() in told
    assert b"100****0001" in told


def test_only_households_within_the_places_of_whoever_asked_are_in_it(
    http: TestClient, office: Office, work: Work
) -> None:
    here = office("here", "township", place=VILLAGE[:9])
    asked = ask(http, here)
    assert asked.json()["rows"] == 1
    work()
    assert [row[0] for row in lines(fetched(http, here, asked))[1:-1]] == ["JK1"]


def test_an_office_that_has_ended_meanwhile_gets_no_file(
    http: TestClient, clerk: Headers, work: Work, households: Session
) -> None:
    asked = ask(http, clerk)
    households.execute(update(Grant).where(col(Grant.holder) == "clerk").values(revoked=True))
    households.commit()
    work()
    stored = households.execute(text("SELECT problem FROM export")).scalar_one()
    assert stored == "no-office"
    assert households.execute(text("SELECT count(*) FROM export_piece")).scalar_one() == 0
    assert code(http.get(f"{PATH}/{asked.json()['id']}/file", headers=clerk)) == (403, "no-office")


def test_what_others_asked_for_is_not_there(http: TestClient, clerk: Headers, office: Office, work: Work) -> None:
    asked = ask(http, clerk)
    work()
    other = office("other", "township")
    for path in (f"{PATH}/{asked.json()['id']}", f"{PATH}/{asked.json()['id']}/file"):
        assert code(http.get(path, headers=other)) == (404, "not-there")


def test_a_file_is_had_while_the_grants_reach_what_they_reached_when_it_was_asked_for(
    http: TestClient, office: Office, work: Work, households: Session
) -> None:
    asked = ask(http, here := office("here", "township"))
    work()
    path = f"{PATH}/{asked.json()['id']}/file"
    assert http.get(path, headers=here).status_code == 200
    households.execute(update(Grant).where(col(Grant.holder) == "here").values(place=VILLAGE))
    households.commit()
    assert code(http.get(path, headers=here)) == (404, "not-there")


def test_what_one_person_takes_out_in_a_day_counts_together(http: TestClient, clerk: Headers, office: Office) -> None:
    states = [ask(http, clerk).json()["state"] for _ in range(2)]
    assert states == ["waiting", "waiting_for_approval"]
    assert ask(http, clerk, village=VILLAGE).json()["state"] == "waiting"
    assert ask(http, office("other", "township")).json()["state"] == "waiting"


def test_more_rows_than_were_agreed_to_are_not_written(
    http: TestClient, clerk: Headers, office: Office, large: Any, send: Send, work: Work
) -> None:
    path = f"{PATH}/{large.json()['id']}"
    assert http.put(f"{path}/approval", headers=office("second", "approver")).status_code == 200
    send("members", member_row(姓名="示戊"))
    work()
    assert http.get(path, headers=clerk).json()["state"] == "refused"
    assert http.get(large.headers.get("location", f"{path}/file"), headers=clerk).status_code == 404


def test_an_export_waits_a_week_for_a_second_person(
    http: TestClient, clerk: Headers, office: Office, large: Any, households: Session
) -> None:
    path, approver = f"{PATH}/{large.json()['id']}", office("second", "approver")
    households.execute(text("UPDATE export SET created_at = created_at - interval '169 hours'"))
    households.commit()
    assert http.get(path, headers=clerk).json()["state"] == "expired"
    assert http.get(f"{PATH}?village={VILLAGE[:6]}", headers=approver).json()["rows"] == []
    assert code(http.put(f"{path}/approval", headers=approver)) == (409, "export-expired")


@pytest.fixture
def large(http: TestClient, clerk: Headers, send: Send) -> Any:
    """One row more than one person may take out alone."""
    send("members", member_row(姓名="示乙"), member_row(姓名="示丙"))
    return ask(http, clerk)


def test_up_to_the_standard_nobody_is_asked_and_above_it_a_second_person_is(
    http: TestClient, clerk: Headers, office: Office, work: Work, send: Send
) -> None:
    send("members", member_row(姓名="示乙"))
    assert ask(http, clerk).json()["state"] == "waiting"
    assert work() == 1
    send("members", member_row(姓名="示丙"))
    asked = ask(http, clerk)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting_for_approval")
    assert work() == 0
    approver = office("second", "approver")
    waiting = http.get(f"{PATH}?village={VILLAGE[:6]}", headers=approver).json()["rows"]
    assert [row["id"] for row in waiting] == [asked.json()["id"]]
    path = f"{PATH}/{asked.json()['id']}/approval"
    first, again = (http.put(path, headers=approver) for _ in range(2))
    assert (first.status_code, first.json()["approved_by"]) == (200, "second")
    assert again.json() == first.json()
    assert work() == 1
    assert len(lines(fetched(http, clerk, asked))) == 6
    assert http.get(f"{PATH}?village={VILLAGE[:6]}", headers=approver).json()["rows"] == []


def test_nobody_agrees_to_their_own(http: TestClient, office: Office, send: Send, work: Work) -> None:
    send("members", member_row(姓名="示乙"), member_row(姓名="示丙"))
    alone = office("alone", "county")
    asked = ask(http, alone)
    assert code(http.put(f"{PATH}/{asked.json()['id']}/approval", headers=alone)) == (403, "own-export")
    assert work() == 0


def test_an_approver_of_another_place_does_not_see_it(http: TestClient, office: Office, large: Any) -> None:
    other = office("elsewhere", "approver", place="520622")
    assert code(http.put(f"{PATH}/{large.json()['id']}/approval", headers=other)) == (404, "not-there")


def test_a_small_one_wants_no_approval(http: TestClient, clerk: Headers, office: Office) -> None:
    asked = ask(http, clerk)
    path = f"{PATH}/{asked.json()['id']}/approval"
    assert code(http.put(path, headers=office("second", "approver"))) == (409, "no-approval-wanted")


def test_without_a_standard_nothing_is_taken_out(http: TestClient, clerk: Headers, households: Session) -> None:
    households.execute(text("DELETE FROM standard"))
    households.commit()
    assert code(ask(http, clerk)) == (409, "standard-missing")


def test_the_file_is_kept_sealed_for_a_week(
    http: TestClient, clerk: Headers, office: Office, households: Session, engines: dict[str, Engine], seal: Seal,
    work: Work,
) -> None:  # fmt: skip
    asked = ask(http, clerk)
    work()
    stored = households.execute(text("SELECT sealed_content FROM export_piece")).scalar_one()
    assert "示甲".encode() not in bytes(stored)
    households.execute(text("UPDATE export SET done_at = done_at - interval '8 days'"))
    households.commit()
    assert http.get(f"{PATH}/{asked.json()['id']}/file", headers=clerk).status_code == 404
    ask(http, office("other", "county"))
    exports(engines["households"], seal).step(HERE + timedelta(hours=1))
    households.rollback()
    pieces = "SELECT count(*) FROM export_piece WHERE export_id = :id"
    assert households.scalar(text(pieces), {"id": asked.json()["id"]}) == 0


@pytest.mark.parametrize(
    "cell", [FORMULA, "+1", "-1+1", "@示", "\t=1", "\r=1", "\n=1", "＝1", "＠示"], ids=list("123456789")
)
def test_a_name_that_is_a_formula_stays_a_name(cell: str) -> None:
    assert lines(as_csv(["姓名"], [[cell]], "记"))[1] == [f"'{cell}"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx(["姓名"], {}, [[cell]], "记")))
    assert str(book.get_sheet_by_index(0).to_python()[1][0]).strip() == cell.strip()


def test_an_amount_that_was_taken_back_stays_a_number() -> None:
    cells = ["-100.05", "-7", "-7-1", "--7", "-A1", "-7\n"]
    assert lines(as_csv(["数额"], [cells], "记"))[1] == ["-100.05", "-7", "'-7-1", "'--7", "'-A1", "'-7\n"]


def test_a_workbook_holds_no_formula() -> None:
    content = as_xlsx(["姓名"], {}, [[FORMULA]], "=记")
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet.lower().replace(b"=hyperlink", b"")
