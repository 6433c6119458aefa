"""A household of three in a county with a calendar, and somebody of each office who walks its case."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import uuid4

import chinese_calendar
import pytest
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.models.help import Policy
from services.households.models.register import Household, Membership, Person
from services.kit.store.tables import Day, Event, Standard
from tests.callers import Headers, Office
from tests.clock import NOW
from tests.households.conftest import VILLAGE, clerk, http, send

__all__ = ["clerk", "http", "send"]

COUNTY = VILLAGE[:6]
GROUND = date(2026, 3, 2)  # a Monday
DIGEST = "0" * 64
LINE = 632_000  # fen a person and year
CHANGING = {"case_profile": 1, "notice_days": 5, "case_warning_days": 2, "monitoring_line": LINE} | {
    "elimination_minimum_months": 6,
    "elimination_steady_months": 6,
    "elimination_income_months": 1,
}
PAPERS = (
    "investigation_form", "authorisation_letter", "comparison_result", "minutes", "notice_photo", "township_opinion",
    "county_approval", "announcement", "proof",
)  # fmt: skip
LEVEL = {
    "comparison": "county", "township": "township", "county": "county", "announcement": "township", "entry": "township",
    "elimination_township": "township", "elimination_county": "county", "elimination_announcement": "township",
    "appeal_decided": "township", "green_channel": "township", "household_gone": "county", "wrongly_included": "county",
    "elimination_taken_back": "county",
}  # fmt: skip
IDENTIFY = {
    1: ("visit", "authorisation", "comparison", "review", "notice", "notice_ended", "township", "county",
        "announcement", "entry"),
    2: ("authorisation", "comparison", "visit", "review", "notice", "notice_ended", "township", "county", "entry"),
}  # fmt: skip
ELIMINATE = (
    "elimination", "elimination_visit", "elimination_review", "elimination_notice", "elimination_notice_ended",
    "elimination_township", "elimination_county", "elimination_announcement",
)  # fmt: skip


def set_standard(session: Session, key: str, value: int, since: date = date(2026, 1, 1), place: str = COUNTY) -> None:
    document = f"示例〔2026〕{value}号"
    valid = Range(since, None)
    session.add(
        Standard(key=key, division=place, valid=valid, value=Decimal(value), unit="1", document_no=document, version=1)
    )
    session.commit()


def end_standard(session: Session, key: str, day: date) -> None:
    row = session.scalars(select(Standard).where(col(Standard.key) == key)).one()
    row.valid = Range(row.valid.lower, day)
    session.commit()


@cache
def published_days(until: date) -> list[dict[str, Any]]:
    """As the State Council's office has published them."""
    rows: list[dict[str, Any]] = []
    day, ordinal = date(2026, 1, 1), 0
    while day <= until:
        working = bool(chinese_calendar.is_workday(day))
        ordinal += working
        row = {"date": day, "working": working, "ordinal": ordinal}
        rows.append(row | {"provisional": False, "source": "示例", "version": 1})
        day += timedelta(days=1)
    return rows


def write_days(session: Session, until: date = date(2026, 12, 31)) -> None:
    session.execute(insert(Day), published_days(until))
    session.commit()


def follow_standard(session: Session, key: str, value: int, day: date) -> None:
    end_standard(session, key, day)
    set_standard(session, key, value, day)


@pytest.fixture
def frame(households: Session) -> Session:
    write_days(households)
    for key, value in CHANGING.items():
        set_standard(households, key, value)
    catalogue: dict[str, Any] = {
        "family": "100A48",
        "given_to": "household",
        "document_no": "示例〔2026〕1号",
        "department": "示例局",
    }
    valid = Range(date(2026, 1, 1), None)
    households.add(Policy(key="public-post", valid=valid, division=COUNTY, name="示例政策", **catalogue))
    households.commit()
    return households


@dataclass
class Home:
    """A household with two grown members and a child."""

    id: str
    head: str
    spouse: str
    child: str

    @property
    def adults(self) -> list[dict[str, Any]]:
        return [{"person_id": one, "how": "in_writing"} for one in (self.head, self.spouse)]


def settle(session: Session, number: str = "JK1", head: str = "示甲", **said: Any) -> Home:
    home = Household(number=number, village=VILLAGE, group_name="一组", head_name=head, created_at=NOW, **said)
    births = {head: date(1970, 5, 1), "示乙": date(1972, 3, 4), "示丙": date(2015, 6, 7)}
    people = [
        Person(name=name, birth_date=born, sex="1", insured=True, schooling="in_school")
        for name, born in births.items()
    ]
    session.add_all([home, *people])
    session.flush()
    since = Range(date(2020, 1, 1), None)
    session.add_all(
        Membership(household_id=home.id, person_id=one.id, relation=relation, valid=since)
        for one, relation in zip(people, ("01", "10", "20"), strict=True)
    )
    session.commit()
    return Home(str(home.id), *(str(one.id) for one in people))


@pytest.fixture
def home(frame: Session) -> Home:
    return settle(frame, housing_grade="A", safe_water=True)


@pytest.fixture
def people(office: Office) -> dict[str, Headers]:
    return {
        "village": office("11111111-0000-4000-8000-000000000001", "cadre", place=VILLAGE),
        "township": office("11111111-0000-4000-8000-000000000002", "township", place=VILLAGE[:9]),
        "county": office("11111111-0000-4000-8000-000000000003", "approver", place=COUNTY),
    }


def case_body(home: Home, **changed: Any) -> dict[str, Any]:
    ground = {"kind": "alert", "service": "alerts", "id": str(uuid4()), "day": GROUND.isoformat()}
    return {"id": str(uuid4()), "household_id": home.id, "ground": ground, "risks": ["01", "07"]} | changed


def form(kind: str, home: Home, day: date, **changed: Any) -> dict[str, Any]:
    """A step as it goes well."""
    by = [{"name": "示例甲"}, {"name": "示例乙"}]
    papers = [{"kind": paper, "number": "示例1", "digest": DIGEST} for paper in PAPERS]
    body = {"kind": kind, "id": str(uuid4()), "done_on": day.isoformat(), "done_by": by, "documents": papers}
    return body | (OWN[kind](home) if kind in OWN else {}) | changed


def said(**words: Any) -> Callable[[Home], dict[str, Any]]:
    return lambda _: words


VOTES: dict[str, Any] = {"attendance": 30, "votes_for": 25, "votes_against": 2, "minutes_no": "示例3"}
OWN: dict[str, Callable[[Home], dict[str, Any]]] = {
    "visit": said(findings="住院自付较多"),
    "elimination_visit": said(findings="收入稳定"),
    "authorisation": lambda home: {
        "signatures": home.adults,
        "valid_until": "2026-12-31",
        "related": [{"name": "示丁", "relation": "子", "how": "electronic"}],
    },
    "comparison": said(findings="未见异常", related=[{"name": "示丁", "relation": "子"}]),
    "review": said(**VOTES),
    "elimination_review": said(**VOTES),
    "notice": said(complaint_phone="12317"),
    "elimination_notice": said(complaint_phone="12317"),
    "notice_ended": said(objections=0),
    "elimination_notice_ended": said(objections=0),
    "entry": said(national_number="5206210001", identified_month="202603"),
    "follow_up": said(findings="情况平稳"),
    "after_care": said(findings="情况平稳", outcome="steady"),
    "elimination": said(
        mode="by_help", reason="收入稳定", income_steady_since="2026-04-01", rigid_spending_solved=True
    ),
    "appeal": said(reason="情况与认定不符"),
    "green_channel": said(reason="火灾", procedure_due_on="2026-04-01"),
    "household_gone": said(reason="整户迁出"),
    "wrongly_included": said(reason="核查后不符合条件"),
    "elimination_taken_back": said(reason="条件未具备"),
}


@dataclass
class Walk:
    """A case on its way. `at` says on which day a step is done unless told otherwise."""

    http: TestClient
    people: dict[str, Headers]
    home: Home
    id: str = ""
    at: date = GROUND
    chain: int = 1
    last: Any = field(default=None)

    def open(self, level: str = "village", **changed: Any) -> Any:
        body = case_body(self.home, **changed)
        self.id, self.at = body["id"], date.fromisoformat(body["ground"]["day"])
        return self.http.post("/v1/cases", json=body, headers=self.people[level])

    def tag(self, level: str = "village") -> str:
        return str(self.http.get(f"/v1/cases/{self.id}", headers=self.people[level]).headers["etag"])

    def help(self, done_on: date | None = None, **changed: Any) -> Any:
        """A measure of the case, done on the day the case has come to unless told otherwise."""
        responsible = {"kind": "cadre", "id": str(uuid4()), "label": "示例甲"}
        body = {"policy_key": "public-post", "due": "2026-12-31", "responsible": responsible, "case_id": self.id}
        body |= {"state": "done"} | changed
        if body["state"] == "done":
            body["done_on"] = (done_on or self.at).isoformat()
        address = f"/v1/households/{self.home.id}/measures/{uuid4()}"
        return self.http.put(address, json=body, headers=self.people["village"])

    def take(self, kind: str, day: date | None = None, level: str = "", **changed: Any) -> Any:
        """A measure that is done is recorded before the step that says so."""
        if kind == "measure_done" and "measure_id" not in changed:
            changed["measure_id"] = self.help(day).json()["id"]
        who = self.people[level or LEVEL.get(kind, "village")]
        self.at = day or (self.at + timedelta(days=5) if kind.endswith("notice_ended") else self.at)
        body = form(kind, self.home, self.at, **changed)
        headers = who | {"if-match": self.tag()}
        self.last = self.http.post(f"/v1/cases/{self.id}/steps", json=body, headers=headers)
        return self.last

    def took(self, *kinds: str, **changed: Any) -> "Walk":
        for kind in kinds:
            answer = self.take(kind, **changed)
            assert answer.status_code == 201, (kind, answer.text)
        return self

    def until(self, kind: str) -> "Walk":
        """Everything of the first chain before that step."""
        chain = IDENTIFY[self.chain]
        return self.took(*chain[: chain.index(kind)])

    def identified(self) -> "Walk":
        return self.took(*IDENTIFY[self.chain])

    def seen(self, level: str = "village") -> dict[str, Any]:
        told: dict[str, Any] = self.http.get(f"/v1/cases/{self.id}", headers=self.people[level]).json()
        return told

    def gates(self, level: str = "county", **query: str) -> dict[str, bool | None]:
        answer = self.http.get(f"/v1/cases/{self.id}/gates", params=query, headers=self.people[level])
        assert answer.status_code == 200, answer.text
        return {gate["key"]: gate["holds"] for gate in answer.json()["gates"]}


@pytest.fixture
def walk(http: TestClient, people: dict[str, Headers], home: Home) -> Walk:
    return Walk(http, people, home)


@pytest.fixture
def case(walk: Walk) -> Walk:
    """An open case, at its first step."""
    opened = walk.open()
    assert opened.status_code == 201, opened.text
    return walk


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def events(session: Session, kind: str) -> list[Event]:
    session.rollback()
    return list(session.scalars(select(Event).where(col(Event.type) == kind).order_by(col(Event.occurred_at))))


def earns(walk: Walk, net: int) -> None:
    """Of the twelve months before the tests' day, in fen."""
    body = {"id": str(uuid4()), "period_from": "2025-11-01", "period_to": "2026-10-31"}
    lines = [{"kind": "wage", "amount": net}]
    address, headers = f"/v1/households/{walk.home.id}/statements", walk.people["village"]
    answer = walk.http.post(address, json=body | {"lines": lines}, headers=headers)
    assert answer.status_code == 201, answer.text
