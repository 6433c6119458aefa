"""A county with a unit, a team in one village and its office; charges as they are sent."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.attendance.grants.postings import grant_postings
from tests.attendance.conftest import COUNTY, VILLAGE, Stationed
from tests.callers import Headers, Office, Sign, edit
from tests.conftest import NOW

TOWNSHIP = VILLAGE[:9]
NEXT_VILLAGE, FAR_VILLAGE = "520621001006", "520621002001"
PERSON = {"kind": "person", "name": "示乙"}


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


@pytest.fixture
def member(village: Stationed, attendance: Any, sign: Sign) -> Headers:
    grant_postings(attendance, [village.first, village.second], NOW)
    attendance.commit()
    return sign(village.account, "cadre")


def charged(kind: str = "grid_member", **said: Any) -> dict[str, Any]:
    place = {} if "team_id" in said else {"division": VILLAGE}
    return {"kind": kind, "bearer": PERSON, "since": "2026-03-01"} | place | said


def grouped(**said: Any) -> dict[str, Any]:
    group = {"body": "示例工作协调领导小组", "function": "member", "document_no": "示例〔2026〕2号", "division": COUNTY}
    return charged("group_member", **(group | said))


def put(
    http: TestClient, caller: Headers, body: dict[str, Any], status: int = 200, of: UUID | str | None = None
) -> Any:
    answer = edit(http, f"/v1/charges/{of or uuid4()}", body, caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def read(http: TestClient, caller: Headers, path: str, status: int = 200, **asked: Any) -> Any:
    answer = http.get(f"/v1/{path}", params=asked, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def listed(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read(http, caller, "charges", **asked)["rows"]
    return rows


def counted(http: TestClient, caller: Headers, **asked: Any) -> dict[tuple[str, str], tuple[int, int, int]]:
    rows = read(http, caller, "charge-counts", **{"division": COUNTY} | asked)["rows"]
    return {(one["kind"], one["place"]): (one["charges"], one["places"], one["bearers"]) for one in rows}


def unit(http: TestClient, county: Headers, name: str) -> dict[str, str]:
    one = str(uuid4())
    answer = http.put(f"/v1/units/{one}", json={"name": name}, headers=county)
    assert answer.status_code == 200, answer.text
    return {"kind": "unit", "id": one}


def at_moment(http: TestClient, moment: datetime) -> None:
    assert isinstance(http.app, FastAPI)
    http.app.state.clock = lambda _: moment
