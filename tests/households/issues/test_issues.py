"""问题: raised once, stepped on, ended and opened again; restricted ones are for few, and count for all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.issues.overdue import tell_of_issues
from services.households.models.issues import Issue, IssueStep
from services.kit.store.tables import Event
from tests.callers import Headers, Office
from tests.households.conftest import VILLAGE, Send, family, http, send
from tests.households.declarations.conftest import frame, set_standard
from tests.households.issues.issues import AT_ONCE, COUNTY, ISSUES, counts, listed, problem, put, step

__all__ = ["Send", "family", "frame", "http", "send"]  # fixtures

OTHER = "520621002001"


@pytest.fixture
def clerk(office: Office) -> Headers:
    return office("clerk", "county")


def test_an_issue_is_read_back_as_it_was_sent_and_sent_again_is_the_same(http: TestClient, clerk: Headers) -> None:
    one, body = str(uuid4()), problem(source="inspection", source_ref="JC-7", due_on="2026-11-20")
    told = put(http, clerk, body, issue_id=one)
    assert {name: told[name] for name in body} == body
    assert (told["year"], told["number"], told["state"], told["overdue"]) == (2026, 1, "open", True)
    assert put(http, clerk, body, issue_id=one) == told
    assert http.get(f"{ISSUES}/{one}", headers=clerk).json() == told
    assert put(http, clerk, body | {"text": "另一问题"}, 409, one)["code"] == "issue-raised-before"


def test_numbers_are_one_row_for_the_county_and_a_refusal_takes_none(http: TestClient, clerk: Headers) -> None:
    put(http, clerk, problem())
    put(http, clerk, problem(raised_on="2099-01-01"), 422)
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda place: put(http, clerk, problem(division=place)), [VILLAGE, OTHER] * 10))
    assert sorted(one["number"] for one in told) == list(range(2, 22))


def test_its_day_is_the_county_s_in_working_days_and_none_where_none_is_set(
    http: TestClient, clerk: Headers, households: Session, frame: None
) -> None:
    assert put(http, clerk, problem())["due_on"] is None
    set_standard(households, "issue_days", 5)
    households.commit()
    assert put(http, clerk, problem(raised_on="2026-11-05"))["due_on"] == "2026-11-12"
    assert put(http, clerk, problem(due_on="2026-11-30"))["due_on"] == "2026-11-30"


def test_steps_are_appended_and_change_owner_and_day(http: TestClient, clerk: Headers) -> None:
    one = put(http, clerk, problem(due_on="2026-11-10"))["id"]
    at, owner = str(uuid4()), {"kind": "person", "id": "cadre-2", "label": "示乙"}
    step(http, clerk, one, "note", at=at)
    step(http, clerk, one, "note", at=at)
    assert step(http, clerk, one, "note", 409, at=at, text="另说")["code"] == "step-taken-before"
    step(http, clerk, one, "escalated", text="提交党委会专题研究")
    step(http, clerk, one, "owner", owner=owner)
    told = step(http, clerk, one, "due", due_on="2026-12-01")
    assert [one["said"]["kind"] for one in told["steps"]] == ["note", "escalated", "owner", "due"]
    assert (told["owner"], told["due_on"], told["overdue"]) == (owner, "2026-12-01", False)
    assert [row["id"] for row in listed(http, clerk, owner_id="cadre-2")] == [one]
    other = put(http, clerk, problem())["id"]
    assert step(http, clerk, other, "note", 409, at=at)["code"] == "step-taken-before"


ENDS: dict[str, dict[str, Any]] = {"closed": {"satisfaction": "basically"}, "withdrawn": {}, "merged": {}}


@pytest.mark.parametrize("end", list(ENDS))
def test_what_has_ended_takes_no_step_but_that_one_that_is_closed_is_opened_again(
    end: str, http: TestClient, clerk: Headers
) -> None:
    whole, one = (put(http, clerk, problem())["id"] for _ in range(2))
    assert step(http, clerk, one, "reopened", 409)["code"] == "not-a-step-now"
    said = {"into": whole} if end == "merged" else ENDS[end]
    told = step(http, clerk, one, end, **said)
    assert (told["state"], told["ended_on"]) == (end, "2026-11-09")
    assert told["satisfaction"] == said.get("satisfaction")
    assert told["merged_into"] == (whole if end == "merged" else None)
    for kind in ("note", "escalated", "closed", "withdrawn"):
        assert step(http, clerk, one, kind, 409)["code"] == "not-a-step-now"
    told = step(http, clerk, one, "reopened", 200 if end == "closed" else 409)
    if end == "closed":
        assert (told["state"], told["ended_on"], told["satisfaction"]) == ("open", None, None)


def test_an_issue_is_merged_into_another_open_one_alone(http: TestClient, clerk: Headers) -> None:
    one, other = (put(http, clerk, problem())["id"] for _ in range(2))
    assert step(http, clerk, one, "merged", 422, into=one)["code"] == "merged-wrongly"
    assert step(http, clerk, one, "merged", 404, into=str(uuid4()))["code"] == "not-there"
    step(http, clerk, one, "merged", into=other)
    assert step(http, clerk, other, "merged", 422, into=one)["code"] == "merged-wrongly"


@pytest.mark.parametrize(
    "said",
    [{"raised_on": "2099-01-01"}, {"due_on": "2026-11-01"}],
    ids=["raised in the future", "due before it was raised"],
)
def test_days_are_in_order(said: dict[str, Any], http: TestClient, clerk: Headers) -> None:
    assert put(http, clerk, problem(**said), 422)["code"] == "issue-days-wrong"
    one = put(http, clerk, problem())["id"]
    for wrong in ("2026-11-01", "2026-11-22"):
        assert step(http, clerk, one, "note", 422, day=wrong)["code"] == "issue-days-wrong"
    assert step(http, clerk, one, "due", 422, due_on="2026-11-01")["code"] == "issue-days-wrong"


def test_a_restricted_one_is_its_owner_s_its_recorder_s_and_the_county_s_and_counts_for_all(
    http: TestClient, office: Office, clerk: Headers
) -> None:
    other = office("other", "township", place=VILLAGE[:9])
    near, owner = office("near", "cadre", place=VILLAGE), office("owner", "township", place=VILLAGE[:9])
    said = problem("family_dispute", owner={"kind": "person", "id": "owner", "label": "示乙"})
    one = put(http, near, said)["id"]
    for caller in (near, owner, clerk):
        assert [row["id"] for row in listed(http, caller, kind="family_dispute")] == [one]
        assert http.get(f"{ISSUES}/{one}", headers=caller).json()["text"] == "示例问题"
    assert listed(http, other) == listed(http, other, owner_id="owner") == listed(http, other, state="open") == []
    assert listed(http, other, kind="family_dispute") == []
    assert http.get(f"{ISSUES}/{one}", headers=other).status_code == 404
    step(http, other, one, "note", 404)
    assert put(http, other, said, 409, one)["code"] == "issue-raised-before"
    mine = put(http, other, problem())["id"]
    step(http, other, mine, "merged", 404, into=one)
    told = {row["key"]: row["raised"] for row in counts(http, other, by="kind")}
    assert told == {"demand": 1, "family_dispute": 1}
    step(http, owner, one, "owner", owner={"kind": "person", "id": "third", "label": "示丙"})
    assert listed(http, owner, kind="family_dispute") == []


def test_issues_lie_where_the_caller_reaches_and_those_of_a_household_in_its_village(
    http: TestClient, office: Office, clerk: Headers, family: str
) -> None:
    near, home = office("near", "cadre", place=VILLAGE), family.rpartition("/")[2]
    far = put(http, clerk, problem(division=OTHER))["id"]
    assert put(http, near, problem(division=OTHER), 404)["code"] == "not-there"
    step(http, near, far, "note", 404)
    assert listed(http, near) == counts(http, near) == []
    assert put(http, clerk, problem(household_id=home, division=OTHER), 422)["code"] == "issue-elsewhere"
    one = put(http, near, problem(household_id=home))["id"]
    assert [row["id"] for row in listed(http, clerk, household_id=home)] == [one]


def test_what_was_said_is_sealed_and_steps_are_never_changed(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    one = put(http, clerk, problem(text="某户反映甲乙丙"))["id"]
    step(http, clerk, one, "closed", text="某人已办丁戊己")
    for table, words in ((Issue, "甲乙丙"), (IssueStep, "丁戊己")):
        held = str(households.execute(text(f"SELECT CAST(t AS text) FROM {table.__tablename__} t")).all())  # noqa: S608
        assert words not in held
        assert words.encode().hex() not in held
    step(http, clerk, one, "reopened", text="又反映甲乙丙")
    told = households.scalars(select(Event).where(col(Event.type).startswith("issue."))).all()
    assert sorted(event.type for event in told) == ["issue.closed", "issue.raised", "issue.reopened"]
    assert {(event.subject, event.division, str(event.data)) for event in told} == {
        (one, VILLAGE, "{'kind': 'demand'}")
    }


def test_of_an_issue_that_is_late_is_told_once_for_each_lateness(
    http: TestClient, clerk: Headers, households: Session, engines: dict[str, Engine]
) -> None:
    def goes_on(day: str) -> list[str]:
        tell_of_issues(engines["households"], datetime.fromisoformat(f"{day}T01:00:00+00:00"))
        households.rollback()
        said = households.scalars(select(Event).where(col(Event.type).contains("overdue")).order_by(col(Event.xid)))
        return [event.type.partition(".")[2] for event in said]

    one = put(http, clerk, problem(due_on="2026-11-20"))["id"]
    put(http, clerk, problem(due_on="2026-11-03", put_right=AT_ONCE))
    assert goes_on("2026-11-20") == []
    assert goes_on("2026-11-21") == goes_on("2026-11-22") == ["overdue"]
    step(http, clerk, one, "due", due_on="2026-11-25")
    assert goes_on("2026-11-22") == ["overdue", "no_longer_overdue"]
    assert goes_on("2026-11-26") == ["overdue", "no_longer_overdue", "overdue"]
    step(http, clerk, one, "closed")
    assert goes_on("2026-11-26")[3:] == ["no_longer_overdue"]
    assert listed(http, clerk, state="overdue", division=COUNTY) == []


def test_of_a_restricted_one_that_is_late_the_county_alone_is_to_hear(
    http: TestClient, clerk: Headers, households: Session, engines: dict[str, Engine]
) -> None:
    late = {"due_on": "2026-11-20"}
    levels = {
        put(http, clerk, problem("family_dispute", **late))["id"]: "county",
        put(http, clerk, problem(**late))["id"]: "village",
    }
    tell_of_issues(engines["households"], datetime.fromisoformat("2026-11-21T01:00:00+00:00"))
    households.rollback()
    said = households.scalars(select(Event).where(col(Event.type) == "issue.overdue"))
    assert {event.subject: event.data["level"] for event in said} == levels
