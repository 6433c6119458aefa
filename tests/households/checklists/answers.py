"""Checklists as a team would fill them in."""

from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import VILLAGE

ANSWERS, LISTS = "/v1/checklist-answers", "/v1/checklists"
COUNTY = "520621"


def answer(checklist: str = "village_seven", mode: str = "self", **said: Any) -> dict[str, Any]:
    """Of a village, unless somebody else is named."""
    told = {"id": str(uuid4()), "checklist": checklist, "day": "2026-11-02", "mode": mode, "done_by": "示例组"}
    if not {"household_id", "person_id"} & said.keys():
        told["division"] = VILLAGE
    return told | {"verdicts": [{"item": "clinic", "verdict": "not_met", "note": None}]} | said


def says(**verdicts: str) -> list[dict[str, Any]]:
    return [{"item": item, "verdict": verdict} for item, verdict in verdicts.items()]


def post(http: TestClient, caller: Headers, body: dict[str, Any], status: int = 201) -> Any:
    told = http.post(ANSWERS, json=body, headers=caller)
    assert told.status_code == status, told.text
    return told.json()


def results(http: TestClient, caller: Headers, checklist: str = "village_seven", **asked: Any) -> Any:
    params = {"division": COUNTY, "checklist": checklist} | asked
    told = http.get("/v1/checklist-results", params=params, headers=caller)
    assert told.status_code == 200, told.text
    return told.json()


def of_item(told: Any, item: str) -> dict[str, Any]:
    (one,) = (one for one in told["items"] if one["item"] == item)
    found = {one["mode"]: {name: number for name, number in one.items() if name != "mode" and number}
             for one in one["found"]}  # fmt: skip
    return {"found": found, "computed": one["computed"], "differ": one["differ"]}


def gaps(http: TestClient, caller: Headers, item: str, mode: str, checklist: str = "village_seven") -> list[Any]:
    params = {"division": COUNTY, "checklist": checklist, "item": item, "mode": mode}
    told = http.get("/v1/checklist-gaps", params=params, headers=caller)
    assert told.status_code == 200, told.text
    found: list[Any] = told.json()["rows"]
    return found


def own(**said: Any) -> dict[str, Any]:
    return {
        "division": COUNTY, "zh": "办公设施", "en": "Offices", "subject": "team", "valid_from": "2026-01-01",
        "document_no": "示例〔2026〕7号", "items": [{"key": "desk", "zh": "有办公桌", "en": "A desk"}],
    } | said  # fmt: skip


def put_list(http: TestClient, caller: Headers, body: dict[str, Any], key: str = "own_office", **seen: str) -> Any:
    return http.put(f"{LISTS}/{key}", json=body, headers=caller | seen)
