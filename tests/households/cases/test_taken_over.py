"""Whoever was monitored before the county had this register comes by a file, and goes on as any case does."""

from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.imports.job import Taking, undo_file
from services.kit.store.fields import Seal
from tests.callers import Headers
from tests.clock import NOW
from tests.households.cases.conftest import Home, Walk, events, form
from tests.households.conftest import KINDS, Send, csv_of, facts_of, faults


def case_row(number: str = "JK1", **changed: str) -> list[str]:
    row = {
        "户编号": number, "识别日期": "2024-03-05", "对象类别": "边缘易致贫户", "风险类型": "01、07",
        "监测线(元)": "6320.00",
        "监测线文号": "示例〔2024〕1号", "状态": "监测中", "消除日期": "", "国家系统户编号": "9900000001",
    } | changed  # fmt: skip
    return list(row.values())


def eliminated(**changed: str) -> list[str]:
    return case_row(**({"识别日期": "2022-01-10", "状态": "帮扶消除", "消除日期": "2023-02-03"} | changed))


def upload(walk: Walk, *rows: list[str]) -> str:
    content = csv_of(KINDS["cases"].HEADERS, *rows)
    answer = walk.http.post(
        "/v1/household-imports/cases", files={"file": ("a.csv", content)}, headers=walk.people["township"]
    )
    assert (answer.status_code, answer.json()["stored"]) == (201, len(rows)), answer.text
    return str(answer.json()["id"])


def test_a_household_taken_over_is_monitored_and_goes_on_to_its_next_step(
    http: TestClient, people: dict[str, Headers], home: Home, walk: Walk, frame: Session, send: Send
) -> None:
    upload(walk, case_row(), eliminated())
    assert send("cases", eliminated(), case_row()).unchanged == 2
    told = http.get(f"/v1/cases?village=520621&household_id={home.id}", headers=people["township"]).json()["rows"]
    told.sort(key=lambda one: int(one["episode"]))
    assert [(one["episode"], one["state"], one["end_kind"], one["closed_on"]) for one in told] == [
        (1, "ended", "eliminated_by_help", "2023-02-03"), (2, "monitored", None, None),
    ]  # fmt: skip
    walk.id = told[0]["id"]
    for day, state in (("2022-01-09", None), ("2022-01-10", "monitored"), ("2023-02-03", "ended")):
        then = http.get(f"/v1/cases/{walk.id}?as_of={day}", headers=people["village"]).json()
        assert then.get("state") == state
    walk.id = told[1]["id"]
    seen = walk.seen()
    said = (seen["ground"]["kind"], seen["line"], seen["line_document_no"], seen["identified_month"], seen["risks"])
    assert said == ("taken_over", 632_000, "示例〔2024〕1号", "202403", ["01", "07"])
    assert [(one["step"], one["done_on"]) for one in seen["entries"]] == [("taken_over", "2024-03-05")]
    assert {one["step"]: one["since"] for one in seen["clocks"]} == {
        "measures": "2026-11-21",
        "follow_up": "2026-11-21",
    }
    assert (facts_of(frame, "JK1").monitored, events(frame, "case.clock_ran_out")) == (True, [])
    body = form("follow_up", home, NOW.date())
    taken = http.post(f"/v1/cases/{walk.id}/steps", json=body, headers=people["village"] | {"if-match": walk.tag()})
    assert taken.status_code == 201, taken.text


def test_a_row_that_does_not_fit_is_refused_by_column(walk: Walk, home: Home, frame: Session, send: Send) -> None:
    wrong = [
        (case_row(对象类别="脱贫不稳定户"), "对象类别", "category-does-not-fit"),
        (case_row(对象类别="防止返贫致贫对象"), "对象类别", "category-does-not-fit"),
        (case_row(风险类型="01、08"), "风险类型", "unknown-risk"),
        (case_row(识别日期="2026-11-22"), "识别日期", "in-the-future"),
        (case_row(消除日期="2026-01-01"), "消除日期", "state-without-its-day"),
        (eliminated(消除日期="2022-01-09"), "消除日期", "state-without-its-day"),
        (eliminated(消除日期="2026-11-22"), "消除日期", "state-without-its-day"),
        (case_row(监测线文号=""), "监测线文号", "blank"),
        (case_row("JK9"), "户编号", "no-such-household"),
    ]
    for row, column, code in wrong:
        assert faults(send("cases", row)) == [(2, column, code)]
    assert faults(send("cases", case_row(), case_row(识别日期="2025-01-01"), case_row())) == [
        (3, "状态", "open-case-already"), (4, "户编号", "twice-in-the-file"),
    ]  # fmt: skip
    assert faults(send("cases", case_row(风险类型="07"))) == [(2, "户编号", "recorded-otherwise")]
    frame.execute(text("DELETE FROM standard WHERE key = 'case_profile'"))
    assert faults(send("cases", case_row(识别日期="2020-01-01"))) == [(2, "户编号", "no-procedure")]


def test_a_file_is_taken_back_by_the_worker_until_a_case_has_gone_on(
    walk: Walk, home: Home, frame: Session, engines: dict[str, Engine], seal: Seal
) -> None:
    batch = upload(walk, case_row(), eliminated())
    address = f"/v1/household-import-batches/{batch}/undone"
    assert walk.http.put(address, json={"undone": True}, headers=walk.people["township"]).status_code == 202
    run = Taking(engines["households"], seal, True, NOW, UUID(batch))
    case = frame.execute(text("SELECT id FROM monitored_case WHERE closed_on IS NULL")).scalar_one()
    frame.execute(text("UPDATE monitored_case SET version = 2 WHERE id = :id"), {"id": case})
    frame.commit()
    assert undo_file(run) == "built-upon-since"
    frame.execute(text("UPDATE monitored_case SET version = 1"))
    frame.commit()
    assert undo_file(run) is None
    left = (
        "SELECT (SELECT count(*) FROM monitored_case) + (SELECT count(*) FROM case_clock) + (SELECT count(*) FROM tag)"
    )
    assert (frame.execute(text(left)).scalar_one(), facts_of(frame, "JK1").monitored) == (0, False)
