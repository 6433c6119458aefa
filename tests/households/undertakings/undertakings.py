"""Projects, loans, agreements and memberships as a clerk would send them."""

from typing import Any
from uuid import UUID, uuid4

from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import VILLAGE
from tests.households.ledgers import entries
from tests.households.ledgers.entries import entry, for_whom

UNDERTAKINGS, TOTALS = "/v1/undertakings", "/v1/undertaking-totals"
COUNTY = "520621"


def begun(kind: str, **said: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "kind": kind, "since": "2026-01-01"} | said


def project(**said: Any) -> dict[str, Any]:
    return begun("project", division=VILLAGE, title="示例园", what="industry", amount=1_000_000) | said


def loan(home: UUID, amount: int = 5_000_000, **said: Any) -> dict[str, Any]:
    told = {"household_id": str(home), "what": "subsidised", "amount": amount, "party": "示例银行"}
    return begun("loan", **told, until="2026-10-31") | said


def membership(home: UUID, **said: Any) -> dict[str, Any]:
    return begun("membership", household_id=str(home), party="示例合作社") | said


def agreement(what: str = "lease", **said: Any) -> dict[str, Any]:
    return begun("agreement", what=what, party="示例公司") | said


def post(http: TestClient, caller: Headers, body: dict[str, Any], status: int = 201) -> Any:
    answer = http.post(UNDERTAKINGS, json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def take(http: TestClient, caller: Headers, one: dict[str, Any], step: str, status: int = 201, **said: Any) -> Any:
    body = {"id": str(uuid4()), "step": step, "day": "2026-11-01"} | said
    answer = http.post(f"{UNDERTAKINGS}/{one['id']}/steps", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def read(http: TestClient, caller: Headers, one: dict[str, Any], **asked: Any) -> Any:
    answer = http.get(f"{UNDERTAKINGS}/{one['id']}", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return answer.json()


def repay(
    http: TestClient, caller: Headers, one: dict[str, Any], amount: int, day: str = "2026-06-01", status: int = 201
) -> Any:
    lines = [for_whom({"kind": "household", "id": one["household_id"]})]
    said = entry("loan_repayment", amount, day=day, lines=lines, undertaking_id=one["id"])
    return entries.post(http, caller, said, status)


def totals(http: TestClient, caller: Headers, **asked: Any) -> Any:
    answer = http.get(TOTALS, params={"division": COUNTY} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return answer.json()
