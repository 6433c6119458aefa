"""A village, two of its cadres, and households: `HOME` is paired with the first, `NEXT` with the second, `FREE` with
nobody. The register tells where each lies, to whoever asks."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.grants.pairings import grant_pairings
from services.attendance.models.pairings import Pairing
from services.attendance.pairings.register import Register
from tests.attendance.conftest import ARRIVED, VILLAGE, Stationed
from tests.callers import HERE, Headers, Sign
from tests.conftest import NOW

HOME, NEXT, FREE, FAR = uuid4(), uuid4(), uuid4(), uuid4()
ELSEWHERE = "520621002001"
LIE: Mapping[str, str] = {str(HOME): VILLAGE, str(NEXT): VILLAGE, str(FREE): VILLAGE, str(FAR): ELSEWHERE}


@pytest.fixture
def register(http: TestClient) -> Iterator[list[bool]]:
    """Answers while its list is empty."""
    away: list[bool] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get_list("household")
        rows = [{"household_id": one, "village": LIE[one]} for one in asked if one in LIE]
        return httpx.Response(503 if away else 200, json=rows)

    assert isinstance(http.app, FastAPI)
    with httpx.Client(base_url="http://register", transport=httpx.MockTransport(answer)) as client:
        http.app.state.register = Register(client)
        yield away


@pytest.fixture
def paired(attendance: Session, village: Stationed) -> Stationed:
    pair(attendance, village.first, HOME)
    pair(attendance, village.second, NEXT)
    attendance.commit()
    return village


def pair(session: Session, cadre: UUID, home: UUID, until: date | None = None, **said: Any) -> UUID:
    held: dict[str, Any] = {"id": uuid4(), "kind": "assistant", "village": VILLAGE, "document_no": "示例"}
    row = Pairing(cadre_id=cadre, household_id=home, valid=Range(ARRIVED, until), **held | said)
    session.add(row)
    grant_pairings(session, {cadre}, NOW)
    session.flush()
    return row.id


@pytest.fixture
def assistant(sign: Sign, paired: Stationed, register: list[bool]) -> Headers:
    """The first cadre, in the role that follows from the pairing alone."""
    return sign(paired.account, "assistant")


def visit(home: UUID = HOME, *, days_ago: int = 0, **said: Any) -> dict[str, Any]:
    at = (HERE - timedelta(days=days_ago)).isoformat()
    return {"id": str(uuid4()), "household_id": str(home), "at": at} | said


def send(http: TestClient, caller: Headers, body: Mapping[str, Any], status: int = 201) -> Any:
    answer = http.post("/v1/visits", json=dict(body), headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def correction(of: Mapping[str, Any], because: str = "mistake", **said: Any) -> dict[str, Any]:
    return dict(of) | {"id": str(uuid4()), "corrects": of["id"], "because": because} | said


def listed(http: TestClient, caller: Headers, **asked: Any) -> list[str]:
    rows = http.get("/v1/visits", params=asked, headers=caller).json()["rows"]
    return [row["id"] for row in rows]
