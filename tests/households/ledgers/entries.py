"""Ledger entries as a clerk would send them, and what they come to."""

from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import VILLAGE

ENTRIES, TOTALS, KINDS = "/v1/ledger-entries", "/v1/ledger-totals", "/v1/ledger-kinds"
COUNTY = "520621"


def yuan(amount: int) -> int:
    return amount * 100


def actor(kind: str, label: str) -> dict[str, Any]:
    return {"kind": kind, "label": label}


def those(kind: str, label: str | None = None, heads: int | None = None, exactly: str | None = None) -> dict[str, Any]:
    """Of whom nobody is named."""
    return {"kind": kind, "label": label, "heads": heads, "heads_precision": exactly}


def for_whom(beneficiary: dict[str, Any] | None, amount: int | None = None, **said: Any) -> dict[str, Any]:
    return {"beneficiary": beneficiary, "amount": amount} | said


def entry(kind: str, amount: int, unit: str = "fen", **said: Any) -> dict[str, Any]:
    told = {"id": str(uuid4()), "kind": kind, "division": VILLAGE, "day": "2026-11-02", "unit": unit}
    return told | {"amount": amount} | said


def post(http: TestClient, caller: Headers, body: dict[str, Any], status: int = 201) -> Any:
    answer = http.post(ENTRIES, json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def reverse(http: TestClient, caller: Headers, entry_id: str, status: int = 201, **said: Any) -> Any:
    body = {"id": str(uuid4()), "day": "2026-11-03", "because": "登记有误"} | said
    answer = http.post(f"{ENTRIES}/{entry_id}/reversal", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def totals(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get(TOTALS, params={"division": COUNTY} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["totals"]
    return told


def total(http: TestClient, caller: Headers, **asked: Any) -> dict[str, Any]:
    (only,) = totals(http, caller, **asked)
    return only
