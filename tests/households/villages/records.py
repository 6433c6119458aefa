"""Records of a village as a cadre would send them."""

from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import VILLAGE

RECORDS, COUNTS = "/v1/village-records", "/v1/village-record-counts"
COUNTY = "520621"


def record(kind: str, **said: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "kind": kind, "division": VILLAGE, "since": "2021-03-01"} | said


def facility(what: str = "clinic", state: str = "in_use", **said: Any) -> dict[str, Any]:
    return record("facility", what=what, state=state, **said)


def post(http: TestClient, caller: Headers, body: dict[str, Any], status: int = 201) -> Any:
    answer = http.post(RECORDS, json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def end(http: TestClient, caller: Headers, record_id: str, status: int = 201, **said: Any) -> Any:
    body = {"id": str(uuid4()), "day": "2026-06-01", "because": "已撤销"} | said
    answer = http.post(f"{RECORDS}/{record_id}/ending", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def listed(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get(RECORDS, params={"division": COUNTY} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["rows"]
    return told


def counts(http: TestClient, caller: Headers, **asked: Any) -> list[tuple[Any, ...]]:
    answer = http.get(COUNTS, params={"division": COUNTY} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return [tuple(one[name] for name in ("what", "key", "records", "villages", "persons"))
            for one in answer.json()["counts"]]  # fmt: skip


def profile(http: TestClient, caller: Headers, village: str = VILLAGE, **asked: Any) -> Any:
    answer = http.get(f"/v1/village-profiles/{village}", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return answer.json()
