"""Every list a clerk keeps is taken out by the same mechanism: what is in it is what the list itself shows."""

from collections.abc import Callable
from typing import Any, get_args
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.changes.changes import CARRY_OUT
from services.households.changes.village_mergers import KIND as MERGER
from services.households.checklists.contents import Mode, Says
from services.households.exports.asking import ExportKind, MoreRowsThanASheetHolds, refuse_what_no_sheet_holds
from services.households.exports.kinds import KINDS
from services.households.exports.making import exports
from services.households.exports.place_columns import NOT_IN_FILES, PARTIES, PRECISIONS, SATISFACTION, SOURCES
from services.households.exports.sheets import LAST_ROW
from services.households.exports.told_columns import CARD_FIELDS, CHANGES, FIGURE_SOURCES, FIGURES
from services.households.exports.village_columns import MODES, RECORD_KINDS, VERDICTS
from services.households.issues.contents import Satisfaction
from services.households.issues.kinds import Source
from services.households.ledgers.terms import Party, Precision
from services.households.quality.paper import CardField
from services.households.quality.running import quality_work
from services.households.quality.stated import Key as Figure
from services.households.quality.stated import Source as FigureSource
from services.households.villages.contents import Kind
from services.kit.store.fields import Seal
from tests.callers import HERE, Headers, Office, edit
from tests.households.checklists.answers import answer as checklist_answer
from tests.households.checklists.answers import post as checked
from tests.households.conftest import VILLAGE, Send, household_numbered, household_row, member_row, valid
from tests.households.declarations.conftest import declaration, frame, set_standard
from tests.households.exports.test_exports import ask, fetched, lines
from tests.households.help.conftest import policy
from tests.households.issues.issues import problem
from tests.households.issues.issues import put as raise_issue
from tests.households.ledgers.entries import actor, entry, for_whom, post, reverse, those
from tests.households.villages.records import end, facility, record
from tests.households.villages.records import post as found_in

__all__ = ["frame"]

NEXT = "520621002001"
Taken = Callable[..., list[list[str]]]


@pytest.fixture
def taken(http: TestClient, clerk: Headers, engines: dict[str, Engine], seal: Seal) -> Taken:
    """The rows of a list, without its headers and its mark."""
    loop = exports(engines["households"], seal)

    def take(kind: str, who: Headers = clerk, form: str = "csv", **said: Any) -> list[list[str]]:
        asked = ask(http, who, kind, form, **said)
        assert asked.status_code == 202, asked.text
        while loop.step(HERE):
            pass
        header, *rows, _ = lines(fetched(http, who, asked))
        assert header == list(KINDS[kind].headers)
        assert asked.json()["rows"] == len(rows)
        return rows

    return take


@pytest.fixture(autouse=True)
def register(households: Session, send: Send) -> None:
    set_standard(households, "export_rows_alone", 100)
    send("households", household_row(监测对象="是"), household_row("JK2", 户主姓名="示丁", 村代码=NEXT))
    send("members", member_row(id_number=valid("99062119600101001")), member_row("JK2", 姓名="示丁"))
    households.commit()


@pytest.fixture
def home(households: Session) -> str:
    return f"/v1/households/{household_numbered(households, 'JK1')}"


@pytest.fixture
def person(households: Session) -> str:
    return str(households.execute(text("SELECT id FROM person WHERE name = '示甲'")).scalar_one())


def test_what_can_be_asked_for_is_what_can_be_made_and_every_word_has_a_label() -> None:
    assert set(get_args(ExportKind)) == set(KINDS)
    words = (
        (Source, SOURCES), (Satisfaction, SATISFACTION), (Party, PARTIES), (Precision, PRECISIONS),
        (CardField, CARD_FIELDS), (Figure, FIGURES), (FigureSource, FIGURE_SOURCES), (Kind, RECORD_KINDS),
        (Mode, MODES), (Says, VERDICTS),
    )  # fmt: skip
    for said, told in words:
        assert set(get_args(said)) == set(told)
    kinds = [get_args(one.model_fields["kind"].annotation) for one in CARRY_OUT]
    assert {kind for (kind,) in kinds} == {*CHANGES} - {MERGER}
    for kind in KINDS.values():
        assert set(kind.choices) <= set(kind.headers)


def test_a_system_that_may_take_lists_out_takes_those_alone_that_it_may_read(http: TestClient, office: Office) -> None:
    system = office("a-system", scopes="household:export household:read")
    assert ask(http, system, "tags").status_code == 202
    for kind in ("cases", "issues", "ledger_lines", "self_declarations", "quality_findings", "duplicate_persons"):
        assert ask(http, system, kind).json()["code"] == "not-allowed"


def test_members_are_written_with_what_was_told_last_in_the_labels_of_the_national_form(
    taken: Taken, http: TestClient, clerk: Headers, home: str, person: str
) -> None:
    path = f"{home}/members/{person}"
    edit(http, path, {"since": "2026-01-01", "ethnicity": "06", "schooling_level": "80"}, clerk)
    edit(http, path, {"since": "2026-02-01", "ethnicity": "07", "schooling_level": "80", "marital": "20"}, clerk)
    headers = KINDS["members"].headers
    told, nothing = (dict(zip(headers, row, strict=True)) for row in taken("members"))
    assert [told[header] for header in ("民族", "文化程度", "婚姻状况", "政治面貌")] == ["彝族", "小学", "已婚", ""]
    assert {nothing[header] for header in ("民族", "文化程度", "婚姻状况", "政治面貌")} == {""}


def test_tags_are_written_by_their_names_with_their_days(taken: Taken) -> None:
    assert taken("tags") == [["JK1", "示甲", "监测对象", "2026-11-21", "", "导入"]]
    assert taken("tags", village=NEXT) == []


def test_insurances_and_months_are_those_that_count_of_present_members(
    taken: Taken, http: TestClient, clerk: Headers, home: str, person: str
) -> None:
    insured = f"{home}/members/{person}/insurances/2026/resident"
    edit(http, insured, {"enrolled": False}, clerk)
    edit(http, insured, {"enrolled": True, "paid_by": "proxy", "amount": 40_005, "receipt": "票1"}, clerk)
    worked = {"working": True, "area": "abroad", "place": "示例市", "occupation": "焊工", "pay": 500_000}
    edit(http, f"{home}/members/{person}/work-months/2026-10", worked, clerk)
    edit(http, f"{home}/members/{person}/work-months/2026-11", {"working": False}, clerk)
    assert taken("insurances") == [["JK1", "示甲", "2026", "居民医保", "是", "代缴", "400.05", "票1", "clerk"]]
    assert taken("work_months", form="csv") == [
        ["JK1", "示甲", "2026-11", "否", "", "", "", "", "", "clerk"],
        ["JK1", "示甲", "2026-10", "是", "境外", "示例市", "", "焊工", "5000.00", "clerk"],
    ]


def test_phones_are_masked_as_on_a_page(taken: Taken, http: TestClient, clerk: Headers, home: str, person: str) -> None:
    told = {"number": "10000000001", "whose": "family", "since": "2026-01-01"}
    edit(http, f"{home}/members/{person}/phones/{uuid4()}", told, clerk)
    assert taken("phones") == [["JK1", "示甲", "100****0001", "家人", "2026-01-01", "", "clerk"]]


def test_a_restricted_issue_is_in_the_file_of_whoever_sees_it_and_what_is_in_it_in_none(
    taken: Taken, http: TestClient, clerk: Headers, office: Office, home: str
) -> None:
    county = office("county", "county")
    of_home = {"household_id": home.rpartition("/")[2]}
    raise_issue(http, clerk, problem(**of_home, text="路灯不亮", due_on="2026-11-10"))
    raise_issue(http, county, problem("family_dispute", text="家中争执"))
    (seen,) = taken("issues")
    assert seen[:4] == ["2026-1", VILLAGE, "JK1", "急难愁盼与诉求"]
    assert seen[4:8] == ["走访", "", "2026-11-02", "路灯不亮"]
    assert seen[8:] == ["示例镇政府", "2026-11-10", "办理中", "是", "", "否", ""]
    assert [row[7] for row in taken("issues", county)] == ["路灯不亮", NOT_IN_FILES]
    assert [row[0] for row in taken("issues", county, tag="monitored")] == ["2026-1"]
    assert taken("issues", county, tag="no_labour") == taken("issues", village=NEXT) == []


def test_a_ledger_is_written_line_by_line_in_its_units_with_what_was_taken_back(
    taken: Taken, http: TestClient, clerk: Headers, home: str, person: str
) -> None:
    household = for_whom({"kind": "household", "id": home.rpartition("/")[2]}, 10_005)
    others = for_whom(those("person", "老党员", 3, "about"), 20_000)
    told = post(
        http, clerk, entry("cash_donation", 30_005, actor=actor("donor", "示例银行"), lines=[household, others])
    )
    undone = reverse(http, clerk, told["id"])
    first, second, *back = taken("ledger_lines")
    assert (first[0], first[2:4], first[6:8]) == (told["id"], [VILLAGE, "2026-11-02"], ["100.05", "元"])
    assert first[10:15] == ["示例银行", "农户", "JK1", "", ""]
    assert second[6] == "200.00"
    assert second[11:15] == ["个人", "", "老党员", "约3"]
    assert first[18] == undone["id"]
    assert [(row[6], row[17], row[19]) for row in back] == [
        ("-100.05", told["id"], "登记有误"), ("-200.00", told["id"], "登记有误"),
    ]  # fmt: skip
    assert [row[6] for row in taken("ledger_lines", tag="monitored")] == ["100.05", "-100.05"]


def test_of_whoever_has_moved_out_of_reach_a_ledger_tells_neither_number_nor_name(
    taken: Taken, http: TestClient, office: Office, home: str, person: str
) -> None:
    county, here = office("county", "county"), office("here", "township", place=VILLAGE[:9])
    post(http, county, entry("cash_donation", 100, lines=[for_whom({"kind": "person", "id": person})]))
    (row,) = taken("ledger_lines", here)
    assert row[12:14] == ["JK1", "示甲"]
    move = {"kind": "move", "household_id": home.rpartition("/")[2], "village": NEXT, "on": "2026-11-20"}
    told = {"id": str(uuid4()), "ground": "搬迁", "done_by": "示己"} | move
    assert http.post("/v1/household-changes", json=told, headers=county).status_code == 201
    (row,) = taken("ledger_lines", here)
    assert (row[6], row[12:14]) == ("1.00", ["", ""])
    (row,) = taken("ledger_lines", county)
    assert row[12:14] == ["JK1", "示甲"]


def test_declarations_tell_nothing_of_what_was_said(
    taken: Taken, http: TestClient, frame: None, households: Session
) -> None:
    told = http.post("/v1/self-declarations", json=declaration(text="家中遭灾了")).json()
    (row,) = taken("self_declarations")
    assert row == [told["number"], VILLAGE, "", "待答复", "2026-11-21", "2026-11-27", "否", ""]


def test_findings_of_the_last_run_are_written_with_their_values_and_who_called_them_right(
    taken: Taken, http: TestClient, clerk: Headers, engines: dict[str, Engine], seal: Seal, home: str
) -> None:
    assert taken("quality_findings") == []
    http.post("/v1/quality-runs", json={"id": str(uuid4()), "village": VILLAGE}, headers=clerk)
    assert quality_work(engines["households"], seal).step(HERE) == 1
    page = http.get("/v1/quality-findings", params={"village": VILLAGE, "limit": 200}, headers=clerk).json()["rows"]
    rows = taken("quality_findings")
    assert [(row[0], row[2], row[3]) for row in rows] == [(one["number"], one["zh"], one["name"]) for one in page]
    one = page[0]
    said = {"id": str(uuid4()), "because": "已入户看过", "doer": "示己"}
    named = {name: one[name] for name in ("check", "subject", "values_tag")}
    assert http.post(f"{home}/quality-words", json=said | named, headers=clerk).status_code == 201
    assert taken("quality_findings")[0][6:] == ["已说明属实", "已入户看过", "示己"]
    assert {row[6] for row in rows} == {"待核实"}


def test_who_may_stand_twice_is_written_side_by_side(taken: Taken, send: Send, office: Office) -> None:
    send("members", member_row("JK2", 与户主关系="其他"))
    (row,) = taken("duplicate_persons")
    assert {row[0], row[7]} == {"JK1", "JK2"}
    assert {row[2], row[9]} == {"示甲"}
    assert {row[6], row[13]} == {"是", "否"}
    assert taken("duplicate_persons", office("here", "township", place=VILLAGE[:9])) == []


def test_whom_a_file_had_elsewhere_is_written_with_the_household_it_named(taken: Taken, send: Send) -> None:
    send("members", member_row("JK2", id_number=valid("99062119600101001")))
    (row,) = taken("claimed_persons")
    assert (row[0], row[2], row[7:]) == ("JK1", "示甲", ["JK2", NEXT])
    assert taken("claimed_persons", tag="monitored") == []  # of the household it named


def test_who_qualifies_and_does_not_receive_is_written_for_every_policy_of_the_day(
    taken: Taken, http: TestClient, office: Office, clerk: Headers, home: str
) -> None:
    assert taken("policy_gaps") == []
    county = office("county", "county")
    edit(http, "/v1/policies/allowance", policy(monitored=True), county)
    edit(http, "/v1/policies/old-age", policy(given_to="person", age_from=60, name="高龄补贴"), county)
    edit(http, "/v1/policies/of-old", policy(since="2025-01-01", until="2026-01-01"), county)
    assert [(row[0], row[3], row[4], row[6]) for row in taken("policy_gaps")] == [
        ("JK1", "", "allowance", "符合条件未享受"),
        ("JK1", "示甲", "old-age", "符合条件未享受"),
        ("JK2", "示丁", "old-age", "符合条件未享受"),
    ]
    got = {"id": str(uuid4()), "policy_key": "allowance", "since": "2026-06-01", "source": "示例"}
    assert http.post(f"{home}/received", json=got, headers=clerk).status_code == 201
    assert [row[4] for row in taken("policy_gaps", village=VILLAGE)] == ["old-age"]


def test_what_becomes_of_households_is_written_for_each_of_them(
    taken: Taken, http: TestClient, office: Office, home: str
) -> None:
    county = office("county", "county")
    move = {"kind": "move", "household_id": home.rpartition("/")[2], "village": NEXT, "on": "2026-11-21"}
    told = {"id": str(uuid4()), "ground": "搬迁", "document_no": "示例〔2026〕8号", "done_by": "示己"} | move
    assert http.post("/v1/household-changes", json=told, headers=county).status_code == 201
    rows = taken("changes", county)
    assert [row[:7] for row in rows if row[1] == "移交管理村"] == [
        ["JK1", "移交管理村", "本户", "2026-11-21", "搬迁", "示例〔2026〕8号", "示己"],
    ]  # fmt: skip


def test_objections_tell_nothing_of_what_was_said(
    taken: Taken, http: TestClient, clerk: Headers, frame: None, home: str
) -> None:
    code = http.post(f"{home}/view-codes", json={"id": str(uuid4())}, headers=clerk).json()["code"]
    said = {"code": code, "text": "住房已经加固。"}
    for kind in ("correction", "complaint"):
        told = {"id": str(uuid4()), "kind": kind} | said
        assert http.post("/v1/household-views/corrections", json=told).status_code == 201
    answer = {"outcome": "declined", "reason": "与实地查看不符。"}
    assert http.put(f"/v1/corrections/{told['id']}/answer", json=answer, headers=clerk).status_code == 200
    assert sorted(taken("corrections")) == [
        ["JK1", "更正", "2026-11-21", "2026-12-04", "否", "", ""],
        ["JK1", "申诉", "2026-11-21", "2026-12-04", "否", "未采纳", "2026-11-21"],
    ]


def test_paper_checks_are_written_difference_by_difference(
    taken: Taken, http: TestClient, clerk: Headers, home: str
) -> None:
    for card, differences in (("一号", []), ("二号", [{"field": "phone", "to_mend": "paper"}])):
        body = {"id": str(uuid4()), "checked_on": "2026-11-20", "doer": "示己", "card_number": card}
        answer = http.post(f"{home}/paper-checks", json=body | {"differences": differences}, headers=clerk)
        assert answer.status_code == 201, answer.text
    assert taken("paper_checks") == [
        ["JK1", "2026-11-20", "示己", "一号", "一致", ""], ["JK1", "2026-11-20", "示己", "二号", "联系电话", "明白卡"],
    ]  # fmt: skip
    assert taken("paper_checks", village=NEXT) == []


def test_stated_figures_stand_beside_what_the_register_comes_to(
    taken: Taken, http: TestClient, clerk: Headers, home: str
) -> None:
    for key, value, day in (
        ("persons", 3, "2026-11-20"),
        ("persons", 4, "2026-11-21"),
        ("net_income", -5, "2026-11-20"),
    ):
        body = {"id": str(uuid4()), "key": key, "on_day": day, "value": value, "source": "paper", "doer": "示己"}
        answer = http.post(f"{home}/stated-figures", json=body, headers=clerk)
        assert answer.status_code == 201, answer.text
    assert [row[:7] for row in taken("stated_figures")] == [
        ["JK1", "纯收入(元)", "2026-11-20", "-0.05", "", "", "明白卡"],
        ["JK1", "家庭人口", "2026-11-21", "4", "1", "3", "明白卡"],
    ]


def test_conditions_are_those_that_hold_in_the_units_people_know(
    taken: Taken, http: TestClient, clerk: Headers, home: str
) -> None:
    for since, farmland in (("2025-01-01", 100), ("2026-01-01", 250)):
        told = {"since": since, "farmland": farmland, "road": "cement", "electricity": True, "distance_to_road": 40}
        assert edit(http, f"{home}/conditions", told, clerk).status_code == 200
    (row,) = taken("conditions")
    assert row[:9] == ["JK1", "2026-01-01", "2.50", "", "", "", "水泥路", "40", "是"]


def test_records_of_villages_are_written_with_how_they_ended_and_who_is_meant(
    taken: Taken, http: TestClient, clerk: Headers, person: str, office: Office
) -> None:
    school, role = facility("school"), record("role", what="grid_member", person_id=person, since="2026-11-21")
    for body in (
        school,
        role,
        record("target", title="脱贫", year=2026, households=3, text="示例", document_no="一号"),
    ):
        found_in(http, clerk, body)
    end(http, clerk, school["id"], because="并校")
    rows = taken("village_records")
    assert {tuple(row[1:7]) for row in rows} == {
        ("设施", "村小学（教学点）", "", "正常使用", "", ""), ("人员", "网格员", "", "", "示甲", "JK1"),
        ("目标", "", "脱贫", "", "", ""),
    }  # fmt: skip
    assert {tuple(row[9:11]) for row in rows} == {("2026-06-01", "并校"), ("", "")}
    assert taken("village_records", office("elsewhere", "township", place=NEXT[:9])) == []


def test_verdicts_of_checklists_are_written_item_by_item(taken: Taken, http: TestClient, clerk: Headers) -> None:
    checked(http, clerk, checklist_answer())
    assert [row[:4] + row[6:] for row in taken("checklist_verdicts")] == [
        ["村七条", "有标准化村卫生室", VILLAGE, "", "2026-11-02", "自查", "示例组", "不达标", ""],
    ]
    assert taken("checklist_verdicts", village=NEXT) == []


def test_a_list_longer_than_a_worksheet_is_refused_as_one_and_taken_as_text() -> None:
    refuse_what_no_sheet_holds("xlsx", LAST_ROW - 1)  # with its headers, and its mark below
    refuse_what_no_sheet_holds("csv", LAST_ROW)
    with pytest.raises(MoreRowsThanASheetHolds):
        refuse_what_no_sheet_holds("xlsx", LAST_ROW)
