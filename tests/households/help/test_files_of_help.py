"""What was received and what is promised, for many households at once: a verdict per row, twice is harmless."""

import io
import zipfile
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.exports.columns import Reader
from services.households.exports.kinds import KINDS as TAKEN_OUT
from services.households.exports.lists import Kind
from services.households.models.register import Household
from services.kit.store.fields import Seal
from services.kit.web.auth import Caller
from tests.callers import HERE, Headers, edit
from tests.households.conftest import KINDS, Send, csv_of, faults, household_numbered, household_row, member_row
from tests.households.help.conftest import CADRE, Put, measure, plan
from tests.households.open_cases import case_of


def received_row(number: str = "JK1", **changed: str) -> list[str]:
    row = {
        "户编号": number, "政策代码": "cash", "成员姓名": "", "享受起始日": "2026-01-01", "享受截止日": "2026-12-31",
        "金额(元)": "3600.01", "发放日": "2026-03-05", "依据": "示例发放表",
    } | changed  # fmt: skip
    return list(row.values())


def measure_row(number: str = "JK1", **changed: str) -> list[str]:
    row = {
        "户编号": number, "政策代码": "cash", "成员姓名": "", "针对风险": "07", "状态": "已落实",
        "责任人编号": CADRE["id"], "责任人": "示甲", "计划完成日": "2026-12-31", "落实日": "2026-11-21",
        "金额(元)": "800.00", "资金来源": "示例资金", "佐证": "", "措施截止日": "2027-11-20",
    } | changed  # fmt: skip
    return list(row.values())


@pytest.fixture
def known(family: str, put_policy: Put) -> str:
    """A household with one member, and two policies: one for households, one for persons."""
    put_policy("cash")
    put_policy("school", given_to="person")
    return family


def test_what_was_received_is_stored_to_the_fen_and_the_same_file_adds_nothing(
    http: TestClient, clerk: Headers, known: str, send: Send
) -> None:
    rows = [received_row(), received_row(政策代码="school", 成员姓名="示甲", 享受截止日="", **{"金额(元)": ""})]
    assert send("received", *rows).stored == 2
    assert send("received", *rows).unchanged == 2
    told = http.get(f"{known}/received", headers=clerk).json()["rows"]
    assert {(row["policy_key"], row["amount"], row["until"], row["person_id"] is None) for row in told} == {
        ("cash", 360_001, "2026-12-31", True), ("school", None, None, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"政策代码": "none"}, ("政策代码", "no-such-policy")),
        ({"享受起始日": "2025-12-31"}, ("政策代码", "no-such-policy")),
        ({"成员姓名": "示乙"}, ("成员姓名", "no-such-member")),
        ({"政策代码": "school"}, ("成员姓名", "person-not-named")),
        ({"享受截止日": "2025-12-31"}, ("享受截止日", "received-upside-down")),
        ({"享受截止日": "9999-12-31"}, ("享受截止日", "received-upside-down")),
        ({"发放日": "2026-11-22"}, ("发放日", "in-the-future")),
        ({"依据": ""}, ("依据", "blank")),
        ({"户编号": "JK9"}, ("户编号", "no-such-household")),
    ],
    ids=[f"{n}" for n in range(9)],
)
def test_a_row_that_does_not_fit_is_refused_by_column(
    known: str, send: Send, changed: dict[str, str], fault: tuple[str, str]
) -> None:
    assert faults(send("received", received_row(**changed))) == [(2, *fault)]


def test_of_two_members_of_one_name_neither_is_guessed(known: str, send: Send) -> None:
    send("members", member_row(出生日期="1970-01-01", 与户主关系="之子"))
    assert faults(send("received", received_row(成员姓名="示甲"))) == [(2, "成员姓名", "several-of-that-name")]


def test_a_row_twice_or_with_another_content_than_before_is_refused(known: str, send: Send) -> None:
    row, other = received_row(), received_row(**{"金额(元)": "1"})
    assert faults(send("received", row, other)) == [(3, "户编号", "twice-in-the-file")]
    assert faults(send("received", other)) == [(2, "户编号", "recorded-otherwise")]
    assert send("received", row).unchanged == 1


def test_measures_come_with_their_state_and_are_changed_by_hand(
    http: TestClient, clerk: Headers, known: str, send: Send
) -> None:
    assert send("measures", measure_row()).stored == 1
    assert send("measures", measure_row()).unchanged == 1
    assert faults(send("measures", measure_row(佐证="示例"))) == [(2, "户编号", "recorded-otherwise")]
    one = http.get(f"{known}/measures", headers=clerk).json()["rows"][0]
    said = {name: one[name] for name in ("risk", "state", "done_on", "amount", "ends_on", "responsible")}
    assert said == {
        "risk": "07", "state": "done", "done_on": "2026-11-21", "amount": 80_000, "ends_on": "2027-11-20",
        "responsible": CADRE,
    }  # fmt: skip
    steps = http.get(f"{known}/measures/{one['id']}/steps", headers=clerk).json()
    assert [(step["state"], step["recorded_by"]) for step in steps] == [("done", "clerk")]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"落实日": ""}, ("落实日", "state-without-its-day")),
        ({"状态": "计划"}, ("落实日", "state-without-its-day")),
        ({"落实日": "2026-11-22"}, ("落实日", "done-in-the-future")),
        ({"措施截止日": "2026-11-20"}, ("落实日", "done-in-the-future")),
        ({"状态": "取消"}, ("状态", "not-a-choice")),
        ({"针对风险": "08"}, ("针对风险", "not-a-choice")),
        ({"责任人编号": "示甲"}, ("责任人编号", "not-an-id")),
        ({"政策代码": "none"}, ("政策代码", "no-such-policy")),
    ],
    ids=[f"{n}" for n in range(8)],
)
def test_a_measure_that_does_not_fit_is_refused_by_column(
    known: str, send: Send, changed: dict[str, str], fault: tuple[str, str]
) -> None:
    assert faults(send("measures", measure_row(**changed))) == [(2, *fault)]


def upload(http: TestClient, clerk: Headers, kind: str, *rows: list[str]) -> str:
    content = csv_of(KINDS[kind].HEADERS, *rows)
    answer = http.post(f"/v1/household-imports/{kind}", files={"file": ("a.csv", content)}, headers=clerk)
    assert answer.json()["stored"] == len(rows), answer.text
    return f"/v1/household-import-batches/{answer.json()['id']}/undone"


def undo(http: TestClient, clerk: Headers, path: str) -> Any:
    return http.put(path, json={"undone": True}, headers=clerk)


@pytest.mark.parametrize("kind", ["received", "measures"])
def test_a_file_of_help_is_taken_back(
    http: TestClient, clerk: Headers, known: str, households: Session, kind: str
) -> None:
    row = received_row() if kind == "received" else measure_row()
    assert undo(http, clerk, upload(http, clerk, kind, row)).json()["state"] == "undone"
    left = (
        "SELECT (SELECT count(*) FROM received) + (SELECT count(*) FROM measure) + (SELECT count(*) FROM measure_step)"
    )
    assert households.execute(text(left)).scalar_one() == 0


def test_what_was_withdrawn_moved_on_or_planned_since_stands_in_the_way(
    http: TestClient, clerk: Headers, known: str
) -> None:
    paths = [upload(http, clerk, "received", received_row())]
    one = http.get(f"{known}/received", headers=clerk).json()["rows"][0]["id"]
    http.put(f"{known}/received/{one}/withdrawn", json={"because": "登记错户"}, headers=clerk)
    paths.append(upload(http, clerk, "measures", measure_row(状态="计划", 落实日="")))
    begun = http.get(f"{known}/measures", headers=clerk).json()["rows"][0]
    said = {name: begun[name] for name in (*measure(), "amount", "fund_source", "ends_on")}
    assert edit(http, f"{known}/measures/{begun['id']}", said | {"state": "under_way"}, clerk).status_code == 200
    paths.append(upload(http, clerk, "measures", measure_row(计划完成日="2026-12-30")))
    held = {row["due"]: row["id"] for row in http.get(f"{known}/measures", headers=clerk).json()["rows"]}
    edit(http, f"{known}/plan", plan(measures=[held["2026-12-30"]]), clerk)
    for path in paths:
        assert undo(http, clerk, path).json()["code"] == "built-upon-since"


def test_a_household_or_a_member_who_was_helped_is_not_taken_back(
    http: TestClient, clerk: Headers, households: Session, put_policy: Put
) -> None:
    put_policy("cash")
    homes = upload(http, clerk, "households", household_row())
    people = upload(http, clerk, "members", member_row())
    helped = upload(http, clerk, "received", received_row(成员姓名="示甲"))
    assert undo(http, clerk, people).json()["code"] == "built-upon-since"
    assert undo(http, clerk, helped).status_code == 200
    assert undo(http, clerk, people).status_code == 200
    home = f"/v1/households/{household_numbered(households, 'JK1')}"
    edit(http, f"{home}/plan", plan(), clerk)
    assert undo(http, clerk, homes).json()["code"] == "built-upon-since"


def test_what_is_taken_out_in_the_columns_of_a_file_is_held_already_when_it_is_sent_in(
    households: Session, known: str, send: Send, seal: Seal
) -> None:
    send(
        "received", received_row(), received_row(政策代码="school", 成员姓名="示甲", 享受截止日="", **{"金额(元)": ""})
    )
    send("measures", measure_row(), measure_row(计划完成日="2026-11-30", 状态="计划", 落实日="", 针对风险=""))
    case_of(households, household_numbered(households, "JK1"), state="monitored", line=632_001, national_number="N1")
    who = Caller("clerk", frozenset({"township"}), frozenset({"name:read"}), "")
    reader, homes = Reader(households, seal, who, HERE), households.scalars(select(Household)).all()
    for kind in ("received", "measures"):
        rows = list(TAKEN_OUT[kind].rows(reader, homes))
        assert send(kind, *rows).unchanged == 2
        of_homes = TAKEN_OUT[kind]
        assert isinstance(of_homes, Kind)
        assert households.scalar(of_homes.counted(select(col(Household.id)))) == 2
    (row,) = TAKEN_OUT["cases"].rows(reader, homes)
    assert [row[0], row[3], row[8], row[9], row[10]] == ["JK1", "监测中", "6320.01", "N1", "入户核实"]


def test_a_blank_form_has_the_headers_of_its_kind_and_is_taken_in_as_one_without_rows(
    http: TestClient, clerk: Headers, family: str
) -> None:
    for kind, told in KINDS.items():
        blank = http.get(f"/v1/household-imports/{kind}/template", headers=clerk).content
        header, *rows = CalamineWorkbook.from_filelike(io.BytesIO(blank)).get_sheet_by_index(0).to_python()
        assert (tuple(header[: len(told.HEADERS)]), rows) == (told.HEADERS, [])
    sheets = zipfile.ZipFile(io.BytesIO(http.get("/v1/household-imports/members/template", headers=clerk).content))
    assert "选项!$A$1:$A$" in sheets.read("xl/worksheets/sheet1.xml").decode()
    assert "外甥女" in sheets.read("xl/worksheets/sheet2.xml").decode()
