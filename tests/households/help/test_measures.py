"""A measure goes forward from planned to done or dropped, against a risk, with its own end."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.help.overdue import tell_of_measures
from services.kit.store.tables import Event
from tests.callers import Headers, Office
from tests.households.changes.conftest import moment
from tests.households.conftest import Send, household_numbered, household_row, member_row
from tests.households.help.conftest import Put, measure

DONE = {"state": "done", "done_on": "2026-11-21"}
DROPPED = {"state": "dropped", "dropped_because": "外出务工"}
STATES: dict[str, dict[str, Any]] = {
    "planned": {"state": "planned"}, "under_way": {"state": "under_way"}, "done": DONE, "dropped": DROPPED,
}  # fmt: skip
FORWARD = {("planned", "under_way"), ("planned", "done"), ("planned", "dropped"), ("under_way", "done")}
FORWARD |= {("under_way", "dropped")} | {(state, state) for state in STATES}


def test_each_state_it_came_to_is_kept_with_who_wrote_it_down(
    http: TestClient, clerk: Headers, family: str, put_measure: Put
) -> None:
    made = put_measure().json()
    assert (made["state"], made["responsible"]["label"]) == ("planned", "示甲")
    put_measure(made["id"], state="under_way")
    put_measure(made["id"], state="under_way", evidence="示例协议")
    put_measure(made["id"], **DONE)
    steps = http.get(f"{family}/measures/{made['id']}/steps", headers=clerk).json()
    assert [(step["state"], step["recorded_by"]) for step in steps] == [
        ("planned", "clerk"), ("under_way", "clerk"), ("done", "clerk"),
    ]  # fmt: skip


@pytest.mark.parametrize("after", STATES)
@pytest.mark.parametrize("before", STATES)
def test_a_measure_goes_forward_alone(put_measure: Put, before: str, after: str) -> None:
    one = str(uuid4())
    assert put_measure(one, **STATES[before]).status_code == 200
    moved = put_measure(one, **STATES[after])
    assert (moved.status_code == 200) == ((before, after) in FORWARD)
    assert moved.status_code == 200 or moved.json()["code"] == "not-forward"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"state": "done"}, "state-without-its-day"),
        ({"done_on": "2026-11-20"}, "state-without-its-day"),
        ({"state": "dropped"}, "state-without-its-day"),
        ({"dropped_because": "不需要"}, "state-without-its-day"),
        (DONE | {"confirmed_on": "2026-11-21"}, "state-without-its-day"),
        (DONE | {"confirmed_by": "head"}, "state-without-its-day"),
        ({"confirmed_on": "2026-11-21", "confirmed_by": "head"}, "state-without-its-day"),
        ({"state": "done", "done_on": "2026-11-22"}, "done-in-the-future"),
        (DONE | {"confirmed_on": "2026-11-22", "confirmed_by": "head"}, "done-in-the-future"),
        (DONE | {"confirmed_on": "2026-11-20", "confirmed_by": "head"}, "done-in-the-future"),
        (DONE | {"ends_on": "2026-11-20"}, "done-in-the-future"),
        ({"policy_key": "no-such"}, "no-such-policy"),
        ({"person_id": str(UUID(int=5))}, "never-a-member"),
        ({"risk": "08"}, "not-understood"),
        ({"case_id": str(UUID(int=9))}, "case-of-another"),
        ({"amount": -1}, "not-understood"),
    ],
    ids=[f"{n:02}" for n in range(16)],
)
def test_a_measure_that_does_not_fit_is_refused(put_measure: Put, said: dict[str, Any], code: str) -> None:
    refused = put_measure(**said)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_measure_that_is_done_is_confirmed_by_the_household_and_ends_when_it_ends(put_measure: Put) -> None:
    said = DONE | {"confirmed_on": "2026-11-21", "confirmed_by": "guardian", "ends_on": "2029-08-31"}
    told = put_measure(**said, amount=500_001, fund_source="示例资金").json()
    assert {name: told[name] for name in said} == said
    assert told["amount"] == 500_001


def test_a_measures_id_is_no_other_households(
    http: TestClient, clerk: Headers, households: Session, put_measure: Put, send: Send
) -> None:
    made = put_measure().json()
    send("households", household_row("JK2"))
    other = f"/v1/households/{household_numbered(households, 'JK2')}/measures/{made['id']}"
    assert http.get(other, headers=clerk).status_code == 404
    assert http.put(other, json=measure(), headers=clerk).status_code == 404


def test_a_measure_is_not_overwritten_unseen(http: TestClient, clerk: Headers, family: str, put_measure: Put) -> None:
    made = put_measure().json()
    path = f"{family}/measures/{made['id']}"
    assert http.put(path, json=measure(), headers=clerk).status_code == 200  # the same again
    assert http.put(path, json=measure(due="2026-12-30"), headers=clerk).status_code == 428
    stale = clerk | {"if-match": '"never-was"'}
    assert http.put(path, json=measure(due="2026-12-30"), headers=stale).status_code == 412


def test_measures_of_a_place_are_found_by_state_policy_and_day(
    http: TestClient, clerk: Headers, office: Office, put_measure: Put, put_policy: Put
) -> None:
    put_policy("cash")
    planned, done = put_measure(due="2026-10-01").json()["id"], put_measure(**DONE, policy_key="cash").json()["id"]

    def found(query: str, headers: Headers = clerk) -> list[str]:
        answer = http.get(f"/v1/measures?village=520621{query}", headers=headers).json()
        return [row["id"] for row in answer["rows"]]

    assert found("") == [planned, done]
    assert (found("&state=planned"), found("&state=done")) == ([planned], [done])
    assert (found("&policy=cash"), found("&due_by=2026-10-01")) == ([done], [planned])
    assert found("&due_by=2026-09-30") == []
    assert found("", office("beside", "township", place="520621002")) == []


def test_the_database_itself_keeps_state_and_day_together(households: Session, put_measure: Put) -> None:
    made = put_measure().json()["id"]
    with pytest.raises(IntegrityError):
        households.execute(text("UPDATE measure SET state = 'done' WHERE id = :id"), {"id": made})
    households.rollback()


def test_a_measure_for_one_member_names_a_member(
    http: TestClient, clerk: Headers, family: str, put_measure: Put, send: Send
) -> None:
    send("members", member_row(姓名="示乙", 与户主关系="配偶"))
    person = http.get(family, headers=clerk).json()["members"][0]["person_id"]
    assert put_measure(person_id=person).json()["person_id"] == person


def test_a_measure_is_said_to_be_overdue_once_for_each_lateness_and_that_it_is_so_no_more(
    households: Session, engines: dict[str, Engine], family: str, put_measure: Put
) -> None:
    one, done = str(uuid4()), str(uuid4())

    def goes_on(day: str) -> list[tuple[str, str]]:
        tell_of_measures(engines["households"], datetime.fromisoformat(f"{day}T01:00:00+00:00"))
        households.rollback()
        said = households.scalars(select(Event).where(col(Event.type).startswith("measure.")).order_by(col(Event.xid)))
        return [(event.type.partition(".")[2], event.subject) for event in said]

    put_measure(one, due="2026-11-30")
    put_measure(done, due="2026-11-20", **DONE)
    assert goes_on("2026-11-30") == []
    late = [("overdue", one)]
    assert (goes_on("2026-12-01"), goes_on("2026-12-02")) == (late, late)
    put_measure(one, due="2026-12-10")  # put off
    late += [("no_longer_overdue", one)]
    assert (goes_on("2026-12-03"), goes_on("2026-12-10")) == (late, late)
    late += [("overdue", one)]
    assert goes_on("2026-12-11") == late
    first, over, second = households.scalars(select(Event).where(col(Event.subject) == one).order_by(col(Event.xid)))
    assert (first.data["lateness"], first.data["household"]) == (over.data["lateness"], family.rpartition("/")[2])
    assert second.data["lateness"] != first.data["lateness"]
    put_measure(one, due="2026-12-10", **DONE)
    assert goes_on("2026-12-12")[3:] == [("no_longer_overdue", one)]


def test_measures_and_what_was_received_read_as_they_stood_on_a_day_and_as_they_were_known(
    http: TestClient, clerk: Headers, family: str, put_measure: Put, put_policy: Put, households: Session
) -> None:
    """A measure promised on 21 November, done on the 20th as is written down later; an allowance of March withdrawn."""

    def rows(what: str, **asked: str) -> Any:
        told = http.get(f"{family}/{what}", params=asked, headers=clerk).json()
        return told["rows"] if isinstance(told, dict) else told

    one = put_measure().json()
    address = f"measures/{one['id']}"
    allowance: dict[str, Any] = {
        "id": str(uuid4()),
        "policy_key": "public-post",
        "since": "2026-03-01",
        "source": "示例名册",
    }
    allowance |= {"amount": 100, "account": "6222000012345678"}
    http.post(f"{family}/received", json=allowance, headers=clerk)
    then, of_then = moment(households), (rows("measures"), rows("received"))
    put_measure(one["id"], **DONE | {"done_on": "2026-11-20"}, amount=5)
    http.put(f"{family}/received/{allowance['id']}/withdrawn", json={"because": "重复登记"}, headers=clerk)

    assert [row["state"] for row in rows("measures", as_of="2026-11-20")] == ["done"]
    assert rows("measures", as_of="2026-11-19") == []
    assert (rows("measures", known_at=then), len(rows(f"{address}/steps", known_at=then))) == (of_then[0], 1)
    assert (len(rows(f"{address}/steps", as_of="2026-11-21")), rows(f"{address}/steps", as_of="2026-11-20")) == (2, [])
    was = http.get(f"{family}/{address}", params={"known_at": then}, headers=clerk)
    assert (was.json(), was.headers.get("etag")) == (one, None)
    assert http.get(f"{family}/{address}", params={"as_of": "2026-11-19"}, headers=clerk).status_code == 404
    everywhere = {"village": "520621", "state": "planned", "known_at": then}
    assert [row["id"] for row in http.get("/v1/measures", params=everywhere, headers=clerk).json()["rows"]] == [
        one["id"]
    ]
    assert http.get("/v1/measures", params=everywhere | {"state": "done"}, headers=clerk).json()["rows"] == []

    assert [row["withdrawn_because"] for row in rows("received")] == ["重复登记"]
    assert rows("received", known_at=then) == [row | {"account_masked": None} for row in of_then[1]]
    assert (len(rows("received", as_of="2026-03-01")), rows("received", as_of="2026-02-28")) == (1, [])
