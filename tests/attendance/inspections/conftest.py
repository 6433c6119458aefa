"""A county of eight villages in two townships, some with a team; its office, and an inspector from one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.models.teams import Team
from services.kit.store.fields import Seal
from services.kit.store.tables import Division
from tests.attendance.conftest import COUNTY, cadre_in
from tests.callers import Headers, Office, grant

NEAR, FAR = f"{COUNTY}001", f"{COUNTY}002"
VILLAGES = [f"{township}{number:03}" for township in (NEAR, FAR) for number in (1, 2, 3, 4)]
HOME = VILLAGES[0]
UNIT = {"kind": "unit", "id": None, "label": "示例镇政府"}
REPAIR = {"kind": "work_style", "owner": UNIT}


@dataclass(frozen=True)
class Inspected:
    """Each village's team and its one cadre; the inspector is that of the first village."""

    teams: dict[str, UUID]
    cadres: dict[str, UUID]
    inspector: str


@pytest.fixture
def inspected(attendance: Session, seal: Seal, api_engines: dict[str, Engine]) -> Inspected:
    inspector, teams, cadres = "inspector-one", {}, {}
    for number, village in enumerate(VILLAGES):
        attendance.add(Division(code=village, name="示例村", level="village", version=1))
        team = Team(name=f"示例第{number}工作队", village=village)
        attendance.add(team)
        account = inspector if village == HOME else f"cadre-{number}"
        cadres[village] = cadre_in(attendance, seal, team, f"1000100000{number}", account)
        teams[village] = team.id
    attendance.commit()
    grant(api_engines["attendance"], inspector, "cadre", HOME)
    return Inspected(teams, cadres, inspector)


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


@pytest.fixture
def inspector(inspected: Inspected, sign: Any) -> Headers:
    headers: Headers = sign(inspected.inspector, "cadre")
    return headers


def ordered(*inspectors: str, **said: Any) -> dict[str, Any]:
    named = [{"account": account, "name": "示甲"} for account in inspectors or ("inspector-one",)]
    told: dict[str, Any] = {
        "kind": "unannounced",
        "document_no": "示例督〔2026〕3号",
        "division": COUNTY,
        "how_many": 3,
    }
    return told | {"how_many": 3, "first_day": "2026-11-21", "last_day": "2026-11-30", "inspectors": named} | said


def ask(
    http: TestClient,
    caller: Headers,
    path: str,
    body: dict[str, Any] | None = None,
    status: int = 200,
    how: str = "PUT",
) -> Any:
    answer = http.request(how, f"/v1/inspections/{path}", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def read(http: TestClient, caller: Headers, path: str, status: int = 200) -> Any:
    return ask(http, caller, path, None, status, "GET")


def order(http: TestClient, caller: Headers, body: dict[str, Any] | None = None, status: int = 200) -> Any:
    return ask(http, caller, str(uuid4()), body or ordered(), status)


def draw(http: TestClient, caller: Headers, **said: Any) -> Any:
    """One that is ordered and drawn."""
    return ask(http, caller, f"{order(http, caller, ordered(**said))['id']}/draw")


def found(village: str, verdict: str = "well", **said: Any) -> dict[str, Any]:
    words = {} if verdict == "well" else {"text": "示例情况"}
    asked = {"issue": REPAIR} if verdict == "repair" else {}
    return {"village": village, "day": "2026-11-21", "verdict": verdict} | words | asked | said


def record(
    http: TestClient, caller: Headers, inspection: str, body: dict[str, Any], status: int = 200, at: str | None = None
) -> Any:
    return ask(http, caller, f"{inspection}/findings/{at or uuid4()}", body, status)


def findings(http: TestClient, caller: Headers, inspection: str, status: int = 200) -> Any:
    told = read(http, caller, f"{inspection}/findings", status)
    return told["rows"] if status == 200 else told


def closed(http: TestClient, county: Headers, inspector: Headers, one: Any) -> Any:
    """With a finding for each village that has none yet."""
    for village in missing(http, county, one):
        record(http, inspector, one["id"], found(village))
    return ask(http, county, f"{one['id']}/closing")


def missing(http: TestClient, county: Headers, one: Any) -> Sequence[str]:
    known = {row["village"] for row in findings(http, county, one["id"])}
    return [village for village in one["villages"] if village not in known]


def at_moment(http: TestClient, moment: Any) -> None:
    assert isinstance(http.app, FastAPI)
    http.app.state.clock = lambda _: moment
