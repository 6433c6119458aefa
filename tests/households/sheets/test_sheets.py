"""What is printed for a family says what the register says, on a wall nothing that is the family's own; it has a number
and a record, and is printed again as it was."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, delete, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.main import create as create_attendance
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Team
from services.households.models.sheets import SAID, Sheet
from services.households.sheets import making
from services.households.sheets.making import sheets
from services.kit.store.fields import Seal
from services.kit.store.grants import Grant
from tests.alerts.tasks.test_reports import Owner
from tests.attendance.conftest import cadre_in
from tests.callers import HERE, Headers, Office, Sign, edit, served
from tests.conftest import TODAY
from tests.households.conftest import VILLAGE, Send, household_numbered, household_row, member_row, statement, valid
from tests.households.help.conftest import measure, policy

NUMBER, MOBILE = valid("99062119600101001"), "10001000001"
TOWN = "520621002001"
Work = Callable[[], int]
Answer = Any


@pytest.fixture
def presence(api_engines: dict[str, Engine], signing_key: RSAKey, sign: Sign, tmp_path: Path) -> Iterator[Owner]:
    folder = tmp_path / "attendance"
    folder.mkdir()
    with served(create_attendance, "attendance", api_engines["attendance"], signing_key, folder) as client:
        owner = Owner("attendance", client, sign("households", scopes="card:fill"))
        owner.away = False
        yield owner


@pytest.fixture
def work(engines: dict[str, Engine], seal: Seal, presence: Owner) -> Work:
    loop = sheets(engines["households"], seal, presence)
    return lambda: loop.step(HERE)


@pytest.fixture
def home(households: Session, attendance: Session, send: Send, seal: Seal) -> UUID:
    """With a member, and somebody who answers for it."""
    send("households", household_row(), household_row("JK2", 户主姓名="示丁", 村代码=TOWN))
    send("members", member_row(id_number=NUMBER), member_row("JK2", 姓名="示丁"))
    households.commit()
    found = household_numbered(households, "JK1")
    pair(attendance, seal, found)
    return found


def pair(session: Session, seal: Seal, home: UUID) -> None:
    team = Team(name="示例队", village=VILLAGE)
    session.add(team)
    pairing = Pairing(
        id=uuid4(), cadre_id=cadre_in(session, seal, team, MOBILE), household_id=home, kind="assistant",
        village=VILLAGE, valid=Range(date(2026, 1, 1), None), document_no="示例",
    )  # fmt: skip
    session.add(pairing)
    session.commit()


def ask(http: TestClient, headers: Headers, kind: str = "household_card", **said: Any) -> Answer:
    body = {"id": str(uuid4()), "kind": kind, "village": VILLAGE} | said
    return http.post("/v1/sheet-runs", json=body, headers=headers)


def made(http: TestClient, headers: Headers, work: Work, kind: str = "household_card", **said: Any) -> dict[str, Any]:
    """The record of the one sheet that was made."""
    asked = ask(http, headers, kind, **said)
    assert asked.status_code == 202, asked.text
    work()
    run = http.get(f"/v1/sheet-runs/{asked.json()['id']}", headers=headers).json()
    assert (run["state"], run["made"], run["problem"]) == ("done", run["households"], None)
    [newest] = [one for one in listed(http, headers) if one["replaced_by"] is None and one["kind"] == kind]
    return {**newest, "run": asked.json()["id"]}


def listed(http: TestClient, headers: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/sheets", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


def record(http: TestClient, headers: Headers, sheet: dict[str, Any]) -> dict[str, Any]:
    return dict(http.get(f"/v1/sheets/{sheet['id']}", headers=headers).json())


def said(session: Session, seal: Seal, sheet: dict[str, Any]) -> dict[str, Any]:
    row = session.get_one(Sheet, UUID(sheet["id"]))
    return dict(json.loads(seal.open(row.sealed_content, SAID.place(row.id))))


def rows(session: Session, seal: Seal, sheet: dict[str, Any], part: str) -> list[list[str]]:
    return list(said(session, seal, sheet)["parts"][part]["rows"])


def code(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_card_says_who_answers_for_the_family_and_how_they_are_reached(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session, seal: Seal
) -> None:
    sheet = made(http, clerk, work)
    assert sheet["number"] == f"K-2026-{households.get_one(Sheet, UUID(sheet['id'])).serial:07}"
    assert (sheet["household_id"], sheet["issued_on"], sheet["issued_by"]) == (str(home), str(HERE.date()), "clerk")
    held = said(households, seal, sheet)
    assert held["family"] == {"head": "示甲", "household": "JK1", "village": held["family"]["village"], "group": "一组"}
    assert list(held["parts"]) == ["answering", "members", "living", "measures", "received"]  # as they are printed
    [who] = rows(households, seal, sheet, "answering")
    assert (who[0], who[3]) == ("帮扶责任人", MOBILE)
    assert rows(households, seal, sheet, "members") == [["示甲", "户主", "1960-01", "非在校", "是"]]
    assert rows(households, seal, sheet, "living") == [["住房等级", "A"], ["饮水安全", "是"]]


def test_on_a_wall_stands_whom_to_call_and_nothing_that_is_the_familys_own(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session, seal: Seal
) -> None:
    sheet = made(http, clerk, work, wall=True)
    assert list(said(households, seal, sheet)["parts"]) == ["answering"]
    for kind in ("household_table", "income_sheet", "policy_list"):
        assert code(ask(http, clerk, kind, wall=True)) == (422, "not-for-a-wall")


def test_the_table_holds_of_an_id_number_the_region_and_no_health(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session, seal: Seal
) -> None:
    put = http.put(
        f"/v1/households/{home}/conditions",
        json={"since": "2026-10-01", "farmland": 350, "electricity": True, "road": None},
        headers=clerk,
    )
    assert put.status_code == 200, put.text
    sheet = made(http, clerk, work, "household_table")
    held = json.dumps(said(households, seal, sheet), ensure_ascii=False)
    assert NUMBER not in held
    assert NUMBER[:6] + "*" * 12 in held
    assert NUMBER[6:] not in held
    printed = making.to_print(seal, "household_table", "a4", [households.get_one(Sheet, UUID(sheet["id"]))])
    assert (printed["wide"], printed["signed"], printed["sheets"][0]["number"]) == (True, True, sheet["number"])
    living = dict(rows(households, seal, sheet, "living"))
    assert (living["耕地（亩）"], living["生活用电"], living["林地（亩）"]) == ("3.50", "是", "")


def test_the_income_sheet_adds_up_and_divides_by_those_who_count(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session, seal: Seal
) -> None:
    lines = [{"kind": "wage", "amount": 2_000_001}, {"kind": "production_cost", "amount": 2_500_000}]
    for told in (statement(), statement(lines=lines)):  # the newer of the same months counts
        assert http.post(f"/v1/households/{home}/statements", json=told, headers=clerk).status_code == 201
    half = statement(period_from="2026-05-01", lines=[{"kind": "wage", "amount": 1}])
    assert http.post(f"/v1/households/{home}/statements", json=half, headers=clerk).status_code == 201
    told = dict(rows(households, seal, made(http, clerk, work, "income_sheet"), "income"))
    assert told == {
        "期间": "2025-11 至 2026-10", "工资性收入": "20000.01", "生产经营性支出": "25000.00",
        "家庭纯收入": "-4999.99", "计算人口": "1", "人均纯收入": "-4999.99",
    }  # fmt: skip


def test_the_list_of_what_was_received_names_who_gave_it(
    http: TestClient, clerk: Headers, office: Office, work: Work, home: UUID, households: Session, seal: Seal
) -> None:
    edit(
        http, "/v1/policies/low-income", policy(department="示例民政局", since="2015-01-01"), office("county", "county")
    )
    for since, until, amount in (("2025-09-01", "2026-09-30", 12_345), ("2020-01-01", "2020-02-01", 1)):
        body = {"id": str(uuid4()), "policy_key": "low-income", "since": since, "until": until, "amount": amount}
        told = http.post(f"/v1/households/{home}/received", json=body | {"source": "示例"}, headers=clerk)
        assert told.status_code == 201, told.text
    [row] = rows(households, seal, made(http, clerk, work, "policy_list"), "received")
    assert row[2:5] == ["2025-09-01", "2026-09-30", "123.45"]
    assert row[:2] == ["示例政策", "示例民政局"]
    said = {"reason": "示例：录入有误"}
    gone = "UPDATE received SET withdrawn_at = now(), withdrawn_by = '示例', withdrawn_because = :reason"
    households.execute(text(gone), said)
    households.commit()
    assert rows(households, seal, made(http, clerk, work, "policy_list"), "received") == []


def test_a_card_holds_the_measures_that_are_still_to_come(
    http: TestClient, clerk: Headers, office: Office, work: Work, home: UUID, households: Session, seal: Seal
) -> None:
    edit(http, "/v1/policies/public-post", policy(name="公益岗位"), office("county", "county"))
    over: list[dict[str, str]] = [{"state": "done", "done_on": "2026-10-01"}, {"state": "dropped"}]
    over[1]["dropped_because"] = "示例"
    for told in (
        measure(amount=50_000),
        measure(state="under_way", due="2026-11-30"),
        *(measure(**one) for one in over),
    ):
        put = edit(http, f"/v1/households/{home}/measures/{uuid4()}", told, clerk)
        assert put.status_code == 200, put.text
    assert rows(households, seal, made(http, clerk, work), "measures") == [
        ["公益岗位", "实施中", "示甲", "2026-11-30", ""], ["公益岗位", "计划", "示甲", "2026-12-31", "500.00"],
    ]  # fmt: skip


def test_a_newer_one_takes_its_place_and_the_old_one_stays_to_be_read(
    http: TestClient, clerk: Headers, work: Work, home: UUID
) -> None:
    first = made(http, clerk, work)
    second = made(http, clerk, work)
    assert record(http, clerk, first)["replaced_by"] == second["id"]
    assert [one["id"] for one in listed(http, clerk, current=True)] == [second["id"]]
    assert [one["id"] for one in listed(http, clerk, number=first["number"])] == [first["id"]]
    assert listed(http, clerk, number=first["number"].replace("K-", "B-")) == []
    assert listed(http, clerk, number=first["number"].replace("2026", "2025")) == []


def test_the_wall_variant_does_not_take_the_cards_place(
    http: TestClient, clerk: Headers, work: Work, home: UUID
) -> None:
    made(http, clerk, work)
    ask(http, clerk, wall=True)
    work()
    assert sorted(one["wall"] for one in listed(http, clerk, current=True)) == [False, True]


def test_a_sheet_of_which_the_register_says_otherwise_says_so(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session
) -> None:
    sheet = made(http, clerk, work)
    assert record(http, clerk, sheet)["changed"] == []
    households.execute(
        text("UPDATE household SET safe_water = false, group_name = '二组' WHERE id = :id"), {"id": home}
    )
    households.commit()
    assert record(http, clerk, sheet)["changed"] == ["family", "living"]


def test_it_is_printed_again_to_the_byte_whatever_has_changed(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session
) -> None:
    sheet = made(http, clerk, work, paper="a5")
    first = http.get(f"/v1/sheets/{sheet['id']}/file", headers=clerk)
    assert (first.status_code, first.headers["content-type"], first.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert first.headers["content-disposition"] == f'attachment; filename="{sheet["number"]}.pdf"'
    households.execute(text("UPDATE household SET head_name = '示戊' WHERE id = :id"), {"id": home})
    households.commit()
    assert http.get(f"/v1/sheets/{sheet['id']}/file", headers=clerk).content == first.content


def test_a_run_is_one_file_for_a_week_and_for_whoever_asked(
    http: TestClient, clerk: Headers, office: Office, work: Work, home: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(http, clerk)
    path = f"/v1/sheet-runs/{asked.json()['id']}"
    assert asked.json() | {"created_at": ""} == {
        "id": asked.json()["id"], "kind": "household_card", "village": VILLAGE, "household_id": None, "wall": False,
        "paper": "a4", "households": 1, "made": 0, "state": "waiting", "problem": None, "asked_by": "clerk",
        "created_at": "",
    }  # fmt: skip
    assert code(http.get(f"{path}/file", headers=clerk)) == (409, "sheets-not-made")
    work()
    assert http.get(asked.headers["location"], headers=clerk).json()["state"] == "done"
    assert http.get(f"{path}/file", headers=clerk).content[:5] == b"%PDF-"
    other = office("other", "county")
    assert http.get(path, headers=other).status_code == 404
    assert http.get(f"{path}/file", headers=other).status_code == 404
    monkeypatch.setattr(http.app.state, "clock", lambda _: HERE + timedelta(days=8))  # type: ignore[attr-defined]
    assert http.get(f"{path}/file", headers=clerk).status_code == 404


def test_of_one_household_there_is_one_sheet_and_of_another_village_none(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session, send: Send
) -> None:
    send("households", household_row("JK3", 户主姓名="示己"))
    households.commit()
    assert ask(http, clerk).json()["households"] == 2
    work()
    assert ask(http, clerk, household_id=str(home)).json()["households"] == 1
    assert code(ask(http, clerk, household_id=str(home), village=TOWN))[0] == 404
    assert code(ask(http, clerk, village="520621001099")) == (409, "nobody-left")
    assert code(ask(http, clerk, household_id=str(uuid4())))[0] == 404


def test_a_run_sent_again_is_the_same_run(http: TestClient, clerk: Headers, home: UUID, work: Work) -> None:
    key = str(uuid4())
    first, again = ask(http, clerk, id=key), ask(http, clerk, id=key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert code(ask(http, clerk, "income_sheet", id=key))[0] in {409, 422}
    work()
    assert len(listed(http, clerk)) == 1


def test_more_than_a_run_holds_is_refused(
    http: TestClient, clerk: Headers, home: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.households.sheets.asking.MOST", 0)
    assert code(ask(http, clerk)) == (409, "run-too-large")


def test_killed_between_two_hundreds_it_goes_on_behind_the_last_that_was_written(
    http: TestClient,
    clerk: Headers,
    work: Work,
    home: UUID,
    send: Send,
    households: Session,
    presence: Owner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send("households", household_row("JK3", 户主姓名="示己"), household_row("JK4", 户主姓名="示庚"))
    households.commit()
    monkeypatch.setattr(making, "AT_ONCE", 1)
    asked, fetch, calls = ask(http, clerk), presence.get, []

    def away_at_the_second(path: str, **params: Any) -> Any:
        calls.append(path)
        presence.away = len(calls) == 2
        return fetch(path, **params)

    monkeypatch.setattr(presence, "get", away_at_the_second)
    with pytest.raises(Exception, match="nobody there"):
        work()
    run = f"/v1/sheet-runs/{asked.json()['id']}"
    assert (http.get(run, headers=clerk).json()["made"], len(listed(http, clerk))) == (1, 1)
    households.execute(text("UPDATE job SET due_at = '2026-01-01'"))
    households.commit()
    work()
    told = http.get(run, headers=clerk).json()
    assert (told["state"], told["made"], len({one["household_id"] for one in listed(http, clerk)})) == ("done", 3, 3)
    assert len(listed(http, clerk)) == 3


def test_whose_office_has_ended_gets_no_sheet(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session
) -> None:
    asked = ask(http, clerk)
    households.execute(delete(Grant).where(col(Grant.holder) == "clerk"))
    households.commit()
    work()
    states = households.execute(text("SELECT problem IS NOT NULL, made FROM sheet_run")).all()
    assert [tuple(one) for one in states] == [(True, 0)]
    assert asked.status_code == 202


def test_whoever_has_been_moved_to_another_place_gets_no_sheet_of_the_old_one(
    http: TestClient, clerk: Headers, office: Office, work: Work, home: UUID, households: Session
) -> None:
    mover = office("mover", "township", place=VILLAGE[:9])
    before = ask(http, mover).json()["id"]
    work()
    assert http.get(f"/v1/sheet-runs/{before}/file", headers=mover).status_code == 200
    late = ask(http, mover, "income_sheet").json()["id"]
    households.execute(delete(Grant).where(col(Grant.holder) == "mover"))
    households.commit()
    office("mover", "township", place=TOWN[:9])
    work()
    run = http.get(f"/v1/sheet-runs/{late}", headers=mover).json()
    assert (run["state"], run["problem"], run["made"]) == ("refused", "nobody-left", 0)
    assert http.get(f"/v1/sheet-runs/{before}/file", headers=mover).status_code == 404


def test_who_does_not_issue_sheets_sees_that_there_is_one_and_not_who_signed(
    http: TestClient, clerk: Headers, office: Office, work: Work, home: UUID
) -> None:
    sheet, auditor = made(http, clerk, work), office("auditor", "auditor")
    told = record(http, auditor, sheet)
    assert (told["number"], told["signatures"], told["postings"]) == (sheet["number"], None, [])
    assert http.get(f"/v1/sheets/{sheet['id']}/file", headers=auditor).status_code == 403
    assert ask(http, auditor).status_code == 403
    elsewhere = office("elsewhere", "township", place=TOWN[:9])
    assert http.get(f"/v1/sheets/{sheet['id']}", headers=elsewhere).status_code == 404
    assert listed(http, elsewhere) == []


def test_what_it_says_is_kept_sealed(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session
) -> None:
    made(http, clerk, work)
    kept = households.execute(text("SELECT sealed_content FROM sheet UNION ALL SELECT sealed_content FROM sheet_piece"))
    assert not any("示甲".encode() in bytes(one) or MOBILE.encode() in bytes(one) for (one,) in kept)


SIGNED = {"capacity": "head", "name": "示甲", "signed_on": TODAY.isoformat()}


def sign_it(http: TestClient, headers: Headers, sheet: dict[str, Any], key: UUID | None = None, **told: Any) -> Answer:
    path = f"/v1/sheets/{sheet['id']}/signatures/{key or uuid4()}"
    return http.put(path, json={"digest": sheet["digest"]} | SIGNED | told, headers=headers)


def test_a_signature_says_who_in_what_capacity_and_what_was_signed(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session
) -> None:
    sheet, key = made(http, clerk, work, "income_sheet"), uuid4()
    first = sign_it(http, clerk, sheet, key)
    assert first.status_code == 200, first.text
    assert sign_it(http, clerk, sheet, key).json() == first.json()
    assert code(sign_it(http, clerk, sheet, key, name="示乙")) == (409, "signed-for-another")
    thumb = sign_it(http, clerk, sheet, capacity="member", way="thumb_print", witness="示丙", name="示乙")
    assert thumb.status_code == 200, thumb.text
    told = record(http, clerk, sheet)["signatures"]
    assert {(one["capacity"], one["way"], one["name"], one["witness"]) for one in told} == {
        ("head", "handwritten", "示甲", None), ("member", "thumb_print", "示乙", "示丙"),
    }  # fmt: skip
    kept = households.execute(text("SELECT sealed_words FROM sheet_signature")).scalars()
    assert not any("示".encode() in bytes(one) for one in kept)


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        ({"digest": "0" * 64}, (409, "something-else-signed")),
        ({"capacity": "proxy"}, (422, "signature-unclear")),
        ({"proxy_because": "外出务工"}, (422, "signature-unclear")),
        ({"way": "thumb_print"}, (422, "signature-unclear")),
        ({"witness": "示丙"}, (422, "signature-unclear")),
        ({"signed_on": (TODAY + timedelta(days=1)).isoformat()}, (422, "signed-in-the-future")),
        ({"signed_on": (TODAY - timedelta(days=1)).isoformat()}, (422, "signed-in-the-future")),
    ],
)
def test_a_signature_that_cannot_be_is_refused(
    http: TestClient, clerk: Headers, work: Work, home: UUID, told: Any, refused: tuple[int, str]
) -> None:
    assert code(sign_it(http, clerk, made(http, clerk, work), **told)) == refused


def test_what_has_been_replaced_is_signed_no_more(http: TestClient, clerk: Headers, work: Work, home: UUID) -> None:
    first = made(http, clerk, work)
    made(http, clerk, work)
    assert code(sign_it(http, clerk, first)) == (409, "something-else-signed")


def put_up(http: TestClient, headers: Headers, sheet: dict[str, Any], place: str, key: UUID | None = None) -> Answer:
    path = f"/v1/sheets/{sheet['id']}/postings/{key or uuid4()}"
    return http.put(path, json={"place": place, "posted_on": TODAY.isoformat()}, headers=headers)


def test_an_id_that_stands_for_what_one_cannot_see_is_refused_as_taken(
    http: TestClient, clerk: Headers, office: Office, work: Work, home: UUID
) -> None:
    sheet, key, other = made(http, clerk, work), uuid4(), office("other", "township", place=TOWN)
    ask(http, other, village=TOWN)
    work()
    [theirs] = listed(http, other)
    assert sign_it(http, clerk, sheet, key).status_code == put_up(http, clerk, sheet, "indoors", key).status_code == 200
    assert code(sign_it(http, other, theirs, key)) == (409, "signed-for-another")
    assert code(put_up(http, other, theirs, "indoors", key)) == (409, "posted-for-another")


def test_the_wall_variant_alone_hangs_where_everybody_reads_it(
    http: TestClient, clerk: Headers, work: Work, home: UUID
) -> None:
    card = made(http, clerk, work)
    assert code(put_up(http, clerk, card, "door")) == (409, "not-to-be-seen")
    assert code(put_up(http, clerk, card, "board")) == (409, "not-to-be-seen")
    assert put_up(http, clerk, card, "handed_over").status_code == 200
    ask(http, clerk, wall=True)
    work()
    [wall] = [one for one in listed(http, clerk) if one["wall"]]
    key = uuid4()
    assert put_up(http, clerk, wall, "door", key).status_code == 200
    assert put_up(http, clerk, wall, "door", key).status_code == 200
    assert code(put_up(http, clerk, wall, "board", key)) == (409, "posted-for-another")
    assert [(one["place"], one["posted_by"]) for one in record(http, clerk, wall)["postings"]] == [("door", "clerk")]
    path = f"/v1/sheets/{wall['id']}/postings/{uuid4()}"
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=1)):
        told = http.put(path, json={"place": "door", "posted_on": day.isoformat()}, headers=clerk)
        assert code(told) == (422, "posted-out-of-time")


def test_a_household_that_has_a_sheet_is_not_undone(
    http: TestClient, clerk: Headers, work: Work, home: UUID, households: Session
) -> None:
    from services.households.imports.undo_households import BUILT_UPON

    made(http, clerk, work)
    households.execute(text("DELETE FROM membership"))
    asked = {"ids": [home], "source": "import"}
    assert households.scalars(BUILT_UPON, asked).all() == [home]
    households.rollback()
