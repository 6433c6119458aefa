"""A village whose first cadre has a phone: posted there with a second one, paired with `HOME`. All ids are fixed, so
that every exchange can be written down."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.grants.pairings import grant_pairings
from services.attendance.grants.postings import grant_postings
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Cadre, Posting, Team, Unit
from services.kit.store.fields import Seal
from services.kit.store.tables import Day, Division, Standard
from tests.attendance.conftest import ARRIVED, COUNTY, VILLAGE, station_in
from tests.attendance.visits.conftest import register
from tests.callers import HERE, Headers, Sign
from tests.conftest import NOW

__all__ = ["register"]


def named(number: int) -> UUID:
    return UUID(f"5b0c1e0e-6d6f-4a63-9a0a-{number:012}")


UNIT, TEAM, FIRST, SECOND, ACCOUNT = map(named, range(1, 6))
POSTED, POSTED_TOO, PAIRED = map(named, range(6, 9))
HOME, OTHER = named(9), named(10)
STANDARDS = {
    "self_check_in": 1, "day_starts_at": 5, "visits_expected": 2, "leave_days_captain": 1, "leave_days_township": 5,
    "leave_working_only": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Phone:
    """`http` as the phone's app uses it."""

    http: TestClient
    headers: Headers

    def snapshot(self, status: int = 200) -> tuple[list[dict[str, Any]], str]:
        answer = self.http.get("/v1/sync/snapshot", headers=self.headers)
        assert answer.status_code == status, answer.text
        begin, *lines, end = map(json.loads, answer.text.splitlines())
        assert (begin["op"], end["op"], end["lines"]) == ("begin", "end", len(lines))
        return lines, end["cursor"]

    def changes(self, cursor: str, status: int = 200, **asked: Any) -> Any:
        told = {"cursor": cursor} | asked
        answer = self.http.get("/v1/sync/changes", params=told, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def send(self, *items: Any, status: int = 200) -> list[dict[str, Any]]:
        answer = self.http.post("/v1/sync/batches", json={"items": items}, headers=self.headers)
        assert answer.status_code == status, answer.text
        rows: list[dict[str, Any]] = answer.json()["rows"]
        assert [row["index"] for row in rows] == list(range(len(items)))
        return rows


def ops(lines: Iterable[Any]) -> set[tuple[str, str, str]]:
    return {(line["op"], line["kind"], line["id"]) for line in lines}


def said(rows: Iterable[Any]) -> list[str]:
    """The outcome; of a refusal its code too."""
    return [row["outcome"] + (f" {row['problem']['code']}" if row["problem"] else "") for row in rows]


def on_day(http: TestClient, days: int) -> datetime:
    """The clock of the app, so many days on."""
    assert isinstance(http.app, FastAPI)
    then = HERE + timedelta(days=days)
    http.app.state.clock = lambda _: then
    return then


@pytest.fixture
def phone(http: TestClient, attendance: Session, seal: Seal, sign: Sign, register: list[bool]) -> Phone:
    settle(attendance, seal)
    return Phone(http, sign(str(ACCOUNT), "cadre", "assistant"))


def settle(session: Session, seal: Seal) -> None:
    session.add(station_in(VILLAGE))
    session.add(Division(code=VILLAGE, name="示例村", level="village", version=1))
    session.add(Unit(id=UNIT, name="示例单位"))
    session.add(Team(id=TEAM, name="示例乡示例村驻村工作队", village=VILLAGE))
    session.flush()
    for number, (key, value) in enumerate(STANDARDS.items()):
        row: Any = {"key": key, "division": COUNTY, "value": value, "unit": "1", "document_no": "示例〔2026〕1号"}
        session.add(Standard(id=named(50 + number), valid=Range(ARRIVED, None), version=1, **row))
    for number in range(122):
        day = date(2026, 9, 1) + timedelta(number)
        known: Any = {"ordinal": number, "provisional": False, "source": "示例", "version": 1}
        session.add(Day(date=day, working=day.weekday() < 5, **known))
    cadre_at(session, seal, FIRST, POSTED, "10001000001", str(ACCOUNT))
    cadre_at(session, seal, SECOND, POSTED_TOO, "10001000002")
    pair(session, PAIRED, HOME)
    grant_postings(session, [FIRST, SECOND], NOW)
    session.commit()


def cadre_at(session: Session, seal: Seal, cadre: UUID, posting: UUID, mobile: str, account: str | None = None) -> None:
    sealed: Any = {"sealed_mobile": seal.close(mobile, "here"), "mobile_index": seal.index(mobile)}
    session.add(Cadre(id=cadre, name=f"示甲{mobile[-1]}", unit_id=UNIT, account=account, **sealed))
    session.flush()
    session.add(Posting(id=posting, cadre_id=cadre, team_id=TEAM, role="member", valid=Range(ARRIVED, None)))
    session.flush()


def pair(session: Session, pairing: UUID, home: UUID, since: date = ARRIVED, until: date | None = None) -> Pairing:
    row = Pairing(
        id=pairing, cadre_id=FIRST, household_id=home, kind="assistant", village=VILLAGE, valid=Range(since, until),
        document_no="示例〔2026〕2号",
    )  # fmt: skip
    session.add(row)
    grant_pairings(session, {FIRST}, NOW)
    return row


def item(kind: str, number: int, /, **body: Any) -> dict[str, Any]:
    return {"kind": kind, "v": 1, "body": {"id": str(named(number))} | body}


def visit(number: int, days_ago: int = 0, **body: Any) -> dict[str, Any]:
    at = (HERE - timedelta(days=days_ago)).isoformat()
    return item("visit", number, **({"household_id": str(HOME), "at": at} | body))


def check_in(number: int, days_ago: int = 0, **body: Any) -> dict[str, Any]:
    at = (HERE - timedelta(days=days_ago)).isoformat()
    return item("check_in", number, **({"at": at, "latitude": 27.7, "longitude": 108.84, "accuracy": 12.0} | body))


def leave(number: int, first: str = "2026-11-10", last: str = "2026-11-12", **body: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": "personal", "first_day": first, "last_day": last} | body
    return item("leave", number, **said)
