"""Who was helped to what, and who came from which unit, in the reports' own numbers."""

import csv
import io
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, insert, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.exports.making import exports
from services.households.models.help import Plan
from services.households.models.register import Household, OwnCode
from services.kit.store.fields import Seal
from tests.callers import HERE, Headers, edit
from tests.clock import NOW
from tests.households.conftest import VILLAGE, Send, clerk, household_numbered, household_row, http, member_row, send
from tests.households.declarations.conftest import set_standard
from tests.households.help.conftest import Put, county, measure, plan, put_policy
from tests.reports.test_households_of_reports import settle, shared

__all__ = ["clerk", "county", "http", "put_policy", "send"]  # fixtures


def test_fifteen_who_lost_their_work_have_a_public_post(
    http: TestClient, clerk: Headers, households: Session, send: Send, put_policy: Put
) -> None:
    """Each post answers 务工就业不稳, names who has it and out of which funds, and is done."""
    put_policy("public-post", given_to="person")
    numbers = [f"JK{number:03}" for number in range(15)]
    send("households", *(household_row(number) for number in numbers))
    send("members", *(member_row(number) for number in numbers))
    for number in numbers:
        home = f"/v1/households/{household_numbered(households, number)}"
        (who,) = http.get(home, headers=clerk).json()["members"]
        told = measure(person_id=who["person_id"], state="done", done_on="2026-11-01", fund_source="示例衔接资金")
        answer = http.put(f"{home}/measures/{uuid4()}", json=told, headers=clerk)
        assert answer.status_code in (200, 201), answer.text
    asked: dict[str, Any] = {"village": VILLAGE, "policy": "public-post", "state": "done", "limit": 50}
    answer = http.get("/v1/measures", params=asked, headers=clerk)
    assert answer.status_code == 200, answer.text
    rows = answer.json()["rows"]
    assert (len(rows), {one["risk"] for one in rows}) == (15, {"07"})
    assert {one["fund_source"] for one in rows} == {"示例衔接资金"}


def taken_out(
    http: TestClient, who: Headers, engine: Engine, seal: Seal, kind: str, **said: str
) -> list[dict[str, str]]:
    """The lines of a file by its headers, and what stands below them."""
    body = {"id": str(uuid4()), "kind": kind, "format": "csv", "village": VILLAGE} | said
    asked = http.post("/v1/exports", json=body, headers=who)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting"), asked.text
    assert exports(engine, seal).step(HERE) == 1
    content = http.get(f"/v1/exports/{body['id']}/file", headers=who).content
    headers, *rows, mark = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert f"导出编号 {asked.json()['number']} " in mark[0]
    return [dict(zip(headers, row, strict=True)) for row in rows]


def test_1152_households_of_3563_had_their_plan_changed(
    http: TestClient, clerk: Headers, households: Session, engines: dict[str, Engine], seal: Seal
) -> None:
    """Every version is a line of the list of plans: those from the second on are changes."""
    set_standard(households, "export_rows_alone", 10_000)
    settle(households, list(shared(3563, 1152)))
    said: dict[str, Any] = {"goal": "稳定收入", "risks": ["07"], "recorded_by": "clerk", "created_at": NOW}
    said |= {"responsible_kind": "cadre", "responsible_id": UUID(int=42), "responsible_label": "示甲"}
    homes = households.scalars(select(col(Household.id))).all()
    versions = {1: (date(2019, 5, 1), "初次制定"), 2: (date(2020, 5, 1), "重新研判")}
    for version, (since, reason) in versions.items():
        made = said | {"version": version, "since": since, "reason": reason}
        households.execute(insert(Plan), [made | {"household_id": home} for home in homes])
    households.commit()
    settle(households, [3] * 20)
    rows = taken_out(http, clerk, engines["households"], seal, "plans")
    changed = [row for row in rows if row["版本"] != "1" and row["生效日"].startswith("2020")]
    assert (len(rows), len(changed), sum(int(row["现有人数"]) for row in changed)) == (2304, 1152, 3563)
    assert {row["制定或调整原因"] for row in changed} == {"重新研判"}


def test_45_lists_of_nine_groups_in_five_villages_each_bear_their_own_number(
    http: TestClient, clerk: Headers, households: Session, engines: dict[str, Engine], seal: Seal
) -> None:
    """低保、易地搬迁、残疾、重病 and others: groups of the county are labels of its own."""
    set_standard(households, "export_rows_alone", 1_000)
    valid: Any = Range(date(2021, 1, 1), None)
    own = [f"own_group_{letter}" for letter in "abcdefg"]
    for code in own:
        told: dict[str, Any] = {"zh": f"示例{code}", "valid": valid, "document_no": "示例", "created_at": NOW}
        households.add(OwnCode(set_key="tag", code=code, division=VILLAGE[:6], **told))
    groups = ["subsistence_allowance", "extreme_hardship", *own]
    villages = [f"520621001{number:03}" for number in range(1, 6)]
    for village in villages:
        settle(households, [3, 2], *groups, village=village)
        settle(households, [4], village=village)
    households.commit()
    lists = [
        taken_out(http, clerk, engines["households"], seal, "households", village=village, tag=group)
        for village in villages
        for group in groups
    ]
    assert (len(lists), {len(rows) for rows in lists}) == (45, {2})
    numbers = households.scalars(text("SELECT count(DISTINCT number) FROM export")).one()
    assert numbers == 45


def test_help_lifts_out_of_poverty_keeps_from_it_or_forestalls_it(
    http: TestClient, clerk: Headers, households: Session, send: Send
) -> None:
    purposes = ("lift", "keep", "forestall")
    send("households", *(household_row(f"JK{number}") for number, _ in enumerate(purposes)))
    for number, purpose in enumerate(purposes):
        path = f"/v1/households/{household_numbered(households, f'JK{number}')}/plan"
        edit(http, path, plan(purpose=purpose), clerk)
        assert http.get(path, headers=clerk).json()["purpose"] == purpose
