"""Issues as a cadre would send them, and how many there are."""

from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import VILLAGE

ISSUES, COUNTS, COUNTY = "/v1/issues", "/v1/issue-counts", "520621"
UNIT = {"kind": "unit", "id": None, "label": "示例镇政府"}
AT_ONCE = {"text": "当场协调解决", "evidence": None, "satisfaction": "satisfied"}


def problem(kind: str = "demand", **said: Any) -> dict[str, Any]:
    told = {"division": VILLAGE, "kind": kind, "source": "visit", "raised_on": "2026-11-02", "text": "示例问题"}
    return told | {"owner": UNIT} | said


def put(http: TestClient, caller: Headers, body: dict[str, Any], status: int = 200, issue_id: str | None = None) -> Any:
    answer = http.put(f"{ISSUES}/{issue_id or uuid4()}", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def step(
    http: TestClient, caller: Headers, issue: str, kind: str, status: int = 200, at: str | None = None, **said: Any
) -> Any:
    body = {"kind": kind, "day": "2026-11-09", "text": "示例说明"} | said
    answer = http.put(f"{ISSUES}/{issue}/steps/{at or uuid4()}", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def listed(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    params: dict[str, Any] = {"division": COUNTY, "limit": 200} | asked
    answer = http.get(ISSUES, params=params, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def counts(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get(COUNTS, params={"division": COUNTY} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["counts"]
    return told
