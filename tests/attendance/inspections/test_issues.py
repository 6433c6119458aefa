"""What a finding asks to be repaired becomes one issue of the register, however often that is asked and wherever the
asking breaks off."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import BaseModel
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.inspections import contents
from services.attendance.inspections.issues import AT_ONCE, OPENINGS, opens_issues
from services.attendance.models.inspections import InspectionIssue
from services.county.clients import OWN_SERVICES
from services.households.issues import contents as in_register
from services.households.issues import kinds
from services.households.main import create as create_households
from services.households.models.issues import Issue
from services.kit.post.peers import Peer
from services.kit.store.claim import ClaimLost, enqueue, work_a_job
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.tables import Job
from tests.attendance.inspections.conftest import (
    REPAIR,
    UNIT,
    VILLAGES,
    Inspected,
    closed,
    draw,
    findings,
    found,
    record,
)
from tests.callers import Headers, Office, Sign, served
from tests.conftest import NOW

PUT_RIGHT = {"text": "当场补齐", "evidence": None, "satisfaction": "satisfied"}


class Register(Peer):
    """The households service itself, asked without a network. `lost` is how many answers get lost first."""

    def __init__(self, client: TestClient, headers: Headers) -> None:
        self.name, self._client, self._headers, self.lost, self.asked = "households", client, headers, 0, 0

    def post(self, path: str, body: Any) -> Any:
        answer = self._client.post(path, json=dict(body), headers=self._headers)
        self.asked += 1
        if self.lost:
            self.lost -= 1
            raise httpx.ReadTimeout("the answer was lost")
        told = httpx.Response(answer.status_code, content=answer.content, request=httpx.Request("POST", path))
        return told.raise_for_status().json()


@pytest.fixture
def register(api_engines: dict[str, Engine], signing_key: RSAKey, sign: Sign, tmp_path: Path) -> Iterator[Register]:
    folder = tmp_path / "households"
    folder.mkdir()
    with served(create_households, "households", api_engines["households"], signing_key, folder) as client:
        yield Register(client, sign("attendance", scopes=" ".join(OWN_SERVICES["attendance"])))


@pytest.fixture
def announced(http: TestClient, inspected: Inspected, county: Headers) -> Any:
    return draw(http, county, kind="announced", how_many=7)


def work(engines: dict[str, Engine], seal: Seal, register: Register, after: int = 0) -> int:
    engine = engines["attendance"]
    return work_a_job(engine, opens_issues(engine, seal, register), NOW + timedelta(seconds=after))


def issues(households: Session) -> list[Issue]:
    households.expire_all()
    return list(households.scalars(select(Issue).order_by(col(Issue.number))))


def test_what_may_be_said_of_an_issue_is_what_the_register_takes() -> None:
    assert get_args(contents.IssueKind) == get_args(kinds.Kind)
    assert get_args(contents.Satisfaction) == get_args(in_register.Satisfaction)
    theirs = in_register.IssueIn.model_fields
    assert set(contents.IssueAsked.model_fields) <= set(theirs)
    assert untitled(contents.IssueOwner) == untitled(in_register.Owner)
    assert untitled(contents.IssueResult) == untitled(in_register.Result)


def untitled(model: type[BaseModel]) -> Any:
    """What is refused of it, whatever it is called."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(one) for key, one in value.items() if key not in ("title", "description")}
        return [bare(one) for one in value] if isinstance(value, list) else value

    return bare(model.model_json_schema())


def test_a_finding_that_asks_for_repair_opens_one_issue_however_often_its_answer_is_lost(
    http: TestClient, announced: Any, inspector: Headers, register: Register, households: Session,
    engines: dict[str, Engine], seal: Seal, office: Office,
) -> None:  # fmt: skip
    asked = {"kind": "environment", "owner": UNIT, "due_on": "2026-12-10", "put_right": None}
    body, at = found(VILLAGES[1], "repair", issue=asked, text="示例路灯损坏"), str(uuid4())
    told = record(http, inspector, announced["id"], body, at=at)
    assert told["opened"] == {"id": at, "state": "waiting", "year": None, "number": None, "code": None}
    record(http, inspector, announced["id"], body, at=at)
    register.lost = 2
    for after in range(2):
        with pytest.raises(httpx.ReadTimeout):
            work(engines, seal, register, after * 10)
    record(http, inspector, announced["id"], body, at=at)
    assert work(engines, seal, register, 60) == 1
    one = issues(households)
    assert [(row.division, row.kind, row.source, row.source_ref, row.recorded_by, row.state) for row in one] == [
        (VILLAGES[1], "environment", "inspection", f"520621/2026/{announced['number']}", "inspector-one", "open")
    ]
    assert (str(one[0].id), str(one[0].raised_on), str(one[0].due_on)) == (at, "2026-11-21", "2026-12-10")
    answered = {"id": at, "state": "opened", "year": 2026, "number": 1, "code": None}
    assert record(http, inspector, announced["id"], body, at=at)["opened"] == answered
    read = register._client.get(f"/v1/issues/{at}", headers=office("a-clerk", "county")).json()
    assert (read["text"], read["owner"]) == ("示例路灯损坏", UNIT)
    assert work(engines, seal, register, 90) == 0


def test_nothing_is_asked_where_all_is_well_or_only_noted(
    http: TestClient, announced: Any, inspector: Headers, register: Register, engines: dict[str, Engine], seal: Seal
) -> None:
    for village, verdict in zip(VILLAGES[1:], ("well", "noted", "not_inspected"), strict=False):
        record(http, inspector, announced["id"], found(village, verdict))
    assert (work(engines, seal, register), register.asked) == (0, 0)


def test_of_an_unannounced_one_the_register_hears_when_it_is_closed(
    http: TestClient, inspected: Inspected, county: Headers, inspector: Headers, register: Register,
    households: Session, engines: dict[str, Engine], seal: Seal,
) -> None:  # fmt: skip
    """An issue is read in the village and in its township."""
    one = draw(http, county, how_many=7)
    record(http, inspector, one["id"], found(VILLAGES[1], "repair"))
    asked_early(engines["attendance"], one["id"])
    work(engines, seal, register)
    assert (issues(households), register.asked) == ([], 0)
    closed(http, county, inspector, one)
    assert work(engines, seal, register, 60) == 1
    assert [row.division for row in issues(households)] == [VILLAGES[1]]


def asked_early(engine: Engine, inspection: str) -> None:
    with open_session(engine) as session, session.begin():
        enqueue(session, "open-inspection-issues", inspection, NOW)


def test_what_was_put_right_on_the_spot_is_closed_on_the_spot(
    http: TestClient, announced: Any, inspector: Headers, register: Register, households: Session,
    engines: dict[str, Engine], seal: Seal,
) -> None:  # fmt: skip
    record(http, inspector, announced["id"], found(VILLAGES[1], "repair", issue=REPAIR | {"put_right": PUT_RIGHT}))
    work(engines, seal, register)
    assert [(row.state, row.on_the_spot, row.satisfaction) for row in issues(households)] == [
        ("closed", True, "satisfied")
    ]


def test_a_correction_opens_no_second_issue_and_before_anybody_was_asked_takes_the_first_one_s_place(
    http: TestClient, inspected: Inspected, county: Headers, inspector: Headers, announced: Any, register: Register,
    households: Session, engines: dict[str, Engine], seal: Seal,
) -> None:  # fmt: skip
    hidden = draw(http, county, how_many=7)
    for one in (announced, hidden):
        first = record(http, inspector, one["id"], found(VILLAGES[1], "repair"))["id"]
        record(http, inspector, one["id"], found(VILLAGES[1], "repair", corrects=first, text="更正后的情况"))
        gone = record(http, inspector, one["id"], found(VILLAGES[2], "repair"))["id"]
        record(http, inspector, one["id"], found(VILLAGES[2], corrects=gone))
    while work(engines, seal, register):
        pass
    assert sorted(row.division for row in issues(households)) == VILLAGES[1:3]
    closed(http, county, inspector, hidden)
    while work(engines, seal, register, 60):
        pass
    assert sorted(row.division for row in issues(households)) == [VILLAGES[1], *VILLAGES[1:3]]
    texts = {in_register.said_of(seal, row).text for row in issues(households)}
    assert texts == {"示例情况", "更正后的情况"}


def test_a_refusal_is_told_with_its_code_and_a_correction_asks_anew(
    http: TestClient, announced: Any, inspector: Headers, register: Register, households: Session,
    engines: dict[str, Engine], seal: Seal, office: Office,
) -> None:  # fmt: skip
    taken = str(uuid4())
    body = {"division": VILLAGES[5], "kind": "land", "source": "patrol", "raised_on": "2026-11-02", "text": "另一问题"}
    clerk = office("a-clerk", "county")
    assert register._client.put(f"/v1/issues/{taken}", json=body | {"owner": UNIT}, headers=clerk).status_code == 200
    record(http, inspector, announced["id"], found(VILLAGES[1], "repair"), at=taken)
    record(http, inspector, announced["id"], found(VILLAGES[2], "repair"))
    work(engines, seal, register)
    told = {row["village"]: row["opened"] for row in findings(http, inspector, announced["id"])}
    assert [(told[village]["state"], told[village]["code"]) for village in VILLAGES[1:3]] == [
        ("refused", "issue-raised-before"), ("opened", None)
    ]  # fmt: skip
    again = record(http, inspector, announced["id"], found(VILLAGES[1], "repair", corrects=taken))
    work(engines, seal, register, 60)
    told = {row["id"]: row["opened"]["state"] for row in findings(http, inspector, announced["id"])}
    assert (told[again["id"]], told[taken]) == ("opened", "opened")
    assert len(issues(households)) == 3


def test_more_than_one_post_holds_are_asked_in_several_and_each_opens_one(
    http: TestClient, announced: Any, inspector: Headers, register: Register, households: Session,
    engines: dict[str, Engine], seal: Seal, attendance: Session,
) -> None:  # fmt: skip
    for number in range(AT_ONCE + 5):
        record(http, inspector, announced["id"], found(VILLAGES[1 + number % 7], "repair"))
    work(engines, seal, register)
    assert (register.asked, len(issues(households))) == (2, AT_ONCE + 5)
    assert set(attendance.scalars(select(col(InspectionIssue.state)))) == {"opened"}


def test_who_lost_the_claim_writes_nothing_and_who_took_it_over_opens_no_second(
    http: TestClient, announced: Any, inspector: Headers, register: Register, households: Session,
    engines: dict[str, Engine], seal: Seal, attendance: Session,
) -> None:  # fmt: skip
    record(http, inspector, announced["id"], found(VILLAGES[1], "repair"))
    engine = engines["attendance"]
    others: list[Any] = []

    class Slept(Register):
        """Its worker sleeps through the hold once the register has answered; another finding comes meanwhile."""

        def post(self, path: str, body: Any) -> Any:
            told = super().post(path, body)
            if not others:
                others.append(record(http, inspector, announced["id"], found(VILLAGES[2], "repair")))
            return told

    slept = Slept(register._client, register._headers)
    with pytest.raises(ClaimLost):
        work(engines, seal, slept)
    assert set(attendance.scalars(select(col(InspectionIssue.state)))) == {"waiting"}
    work(engines, seal, register, 60)
    attendance.rollback()
    assert set(attendance.scalars(select(col(InspectionIssue.state)))) == {"opened"}
    assert [row.division for row in issues(households)] == VILLAGES[1:3]
    with open_session(engine) as session:
        assert session.scalar(select(col(Job.done_at)).where(col(Job.kind) == "open-inspection-issues")) is not None


def test_the_database_itself_lets_no_finding_have_two_issues(
    http: TestClient, announced: Any, inspector: Headers, attendance: Session
) -> None:
    first = record(http, inspector, announced["id"], found(VILLAGES[1], "repair"))["id"]
    second = record(http, inspector, announced["id"], found(VILLAGES[1], "repair", corrects=first))["id"]
    doubled = text(
        "INSERT INTO inspection_issue (finding_id, first_id, inspection_id, state, asked_at)"
        " VALUES (:second, :first, :inspection, 'waiting', now())"
    )
    with pytest.raises(Exception, match="inspection_issue_once"):
        attendance.execute(doubled, {"first": first, "second": second, "inspection": announced["id"]})
    attendance.rollback()


@pytest.mark.parametrize("who", ["alerts", "a-clerk"], ids=["another service", "a person"])
def test_issues_are_opened_so_by_attendance_alone(
    who: str, register: Register, sign: Sign, office: Office, households: Session
) -> None:
    headers = sign(who, scopes=" ".join(OWN_SERVICES["alerts"])) if who == "alerts" else office(who, "county")
    one = {"id": str(uuid4()), "raised_by": "x", "division": VILLAGES[1], "kind": "land", "source": "inspection"}
    body = {"openings": [one | {"raised_on": "2026-11-02", "text": "示例问题", "owner": UNIT}]}
    assert register._client.post(OPENINGS, json=body, headers=headers).status_code == 403
    assert issues(households) == []
