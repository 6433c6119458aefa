"""What people do with tasks: each step once, by who has seen the newest version, within what the county allows."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.kit.store.db import open_session
from services.kit.store.grants import SetMember
from tests.alerts.conftest import COUNTY, VILLAGE
from tests.alerts.tasks.conftest import POOR, one_task, read, step, tasks, tell, told_of, visited
from tests.callers import Headers, Office, grant
from tests.conftest import NOW, TODAY

BESIDE = "520621001006"


@pytest.fixture
def cadre(office: Office) -> Headers:
    return office("a-cadre", "cadre", place=VILLAGE)


@pytest.fixture
def township(office: Office) -> Headers:
    return office("a-township", "township", place=VILLAGE[:9])


def listed(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/tasks", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def test_a_task_is_read_where_one_holds_an_office_with_every_reason_explained(
    http: TestClient, waiting: Session, cadre: Headers, office: Office
) -> None:
    family, other = tell(waiting, **POOR), tell(waiting, safe_water=False, place=BESIDE)
    visited(waiting, family, "illness")
    (row,) = listed(http, cadre)
    assert (row["household"], row["place"], row["level"], row["overdue"]) == (str(family), VILLAGE, "village", False)
    told = {reason["key"]: (reason["title"], reason["explanation"]) for reason in row["reasons"]}
    title, sentence = told["income-below-line"]
    assert (title, "5,000.00" in sentence) == ("人均纯收入低于监测线", True)
    assert told["illness"] == ("有成员患病", "2026-11-21 走访时发现。")
    county = office("a-county", "county")
    assert [one["household"] for one in listed(http, county)] == [str(family), str(other)]  # by due day
    assert [one["household"] for one in listed(http, county, due_by="2026-11-24")] == [str(family)]
    assert listed(http, county, overdue=True) == listed(http, county, state="closed") == []
    assert [one["household"] for one in listed(http, county, division=BESIDE)] == [str(other)]
    assert [one["household"] for one in listed(http, county, household=str(other))] == [str(other)]
    foreign = next(one["id"] for one in listed(http, county, division=BESIDE))
    assert read(http, cadre, UUID(foreign)).status_code == 404
    assert step(http, cadre, UUID(foreign), "acknowledged").status_code == 404
    told_in_english = http.get(f"/v1/tasks/{row['id']}", headers=cadre | {"accept-language": "en"}).json()
    assert {reason["title"] for reason in told_in_english["reasons"]} == {
        "Income per person below the line", "A member is ill",
    }  # fmt: skip


def test_a_step_is_taken_once_by_who_has_seen_the_newest(http: TestClient, waiting: Session, cadre: Headers) -> None:
    family = tell(waiting, **POOR)
    task = one_task(waiting).id
    unseen = http.post(f"/v1/tasks/{task}/steps", json={"id": str(uuid4()), "step": "acknowledged"}, headers=cadre)
    assert unseen.status_code == 428
    seen = read(http, cadre, task).headers["etag"]
    visited(waiting, family, "debt")
    body = {"id": str(uuid4()), "step": "acknowledged"}
    stale = http.post(f"/v1/tasks/{task}/steps", json=body, headers=cadre | {"if-match": seen})
    assert stale.json()["code"] == "changed-meanwhile"
    seen = read(http, cadre, task).headers["etag"]
    answers = [http.post(f"/v1/tasks/{task}/steps", json=body, headers=cadre | {"if-match": seen}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    known = answers[0].json()
    assert (known["acknowledged_by"], [one["step"] for one in known["steps"]]) == ("a-cadre", ["acknowledged"])
    again = {"id": body["id"], "step": "handed_over", "to": VILLAGE}
    other = http.post(f"/v1/tasks/{task}/steps", json=again, headers=cadre | {"if-match": answers[0].headers["etag"]})
    assert other.json()["code"] == "task-step-sent-before"
    assert told_of(waiting) == ["task.opened", "task.changed", "task.changed"]


def test_a_task_is_put_off_no_further_than_the_county_allows_and_a_new_reason_ends_that(
    http: TestClient, waiting: Session, cadre: Headers
) -> None:
    """Due on Tuesday the 24th; five working days beyond end on Tuesday the 1st of December."""
    family = tell(waiting, **POOR)
    task = one_task(waiting).id
    too_far = step(http, cadre, task, "postponed", until="2026-12-02", because="away")
    assert (too_far.json()["code"], too_far.json()["detail"]) == ("postponed-too-far", "2026-12-01")
    gone = step(http, cadre, task, "postponed", until="2026-11-20", because="away")
    assert gone.json()["code"] == "postponed-too-far"
    put_off = step(http, cadre, task, "postponed", until="2026-12-01", because="away").json()
    assert (put_off["postponed_until"], put_off["due_on"]) == ("2026-12-01", "2026-11-24")
    assert put_off["steps"][0]["because"] == "away"
    tell(waiting, family, version=2, uninsured_members=1, **POOR)
    assert read(http, cadre, task).json()["postponed_until"] is None


def test_a_task_is_handed_up_its_own_line_and_is_the_turn_of_who_has_it(
    http: TestClient, waiting: Session, cadre: Headers, township: Headers, office: Office, engines: dict[str, Engine]
) -> None:
    family = tell(waiting, **POOR)
    task = one_task(waiting).id
    paired, set_id = office("an-assistant", "assistant", place=str(uuid4()), kind="set"), uuid4()
    grant(engines["alerts"], "an-assistant", "assistant", str(set_id), "set")
    with open_session(engines["alerts"]) as session, session.begin():
        days = Range(TODAY - timedelta(days=1), None)
        session.add(SetMember(set_id=set_id, subject=family, owner="attendance", valid=days, version=1))

    def whose_turn() -> list[bool]:
        return [bool(listed(http, who, mine=True)) for who in (cadre, township, paired)]

    assert whose_turn() == [True, False, True]
    astray = step(http, cadre, task, "handed_over", to=BESIDE)
    assert astray.json()["code"] == "handed-out-of-line"
    handed = step(http, cadre, task, "handed_over", to=VILLAGE[:9]).json()
    assert (handed["place"], handed["steps"][0]["place"]) == (VILLAGE[:9], VILLAGE[:9])
    assert whose_turn() == [False, True, True]
    assert listed(http, cadre)
    step(http, township, task, "handed_over", to=VILLAGE)
    assert whose_turn() == [True, False, True]
    assert [row["place"] for row in listed(http, office("a-county", "county"), division=COUNTY)] == [VILLAGE]


def test_what_has_closed_is_not_worked_on_any_more(http: TestClient, waiting: Session, cadre: Headers) -> None:
    family = tell(waiting, safe_water=False)
    task = one_task(waiting).id
    tell(waiting, family, version=2, safe_water=True)
    assert step(http, cadre, task, "acknowledged").json()["code"] == "task-closed"
    (row,) = listed(http, cadre, state="closed")
    assert (row["closed_as"], [reason["ended_as"] for reason in row["reasons"]]) == ("over", ["over"])
    assert [one.closed_at for one in tasks(waiting)] == [NOW]
