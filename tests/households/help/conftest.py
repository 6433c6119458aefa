"""Policies, measures and plans as a county sends them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from tests.callers import Headers, Office, edit

CADRE = {"kind": "cadre", "id": "5b0c1e0e-6d6f-4a63-9a0a-3f3f1d3a0042", "label": "示甲"}


def policy(**changed: Any) -> dict[str, Any]:
    told = {"since": "2026-01-01", "division": "520621", "name": "示例政策", "department": "示例局"}
    return told | {"family": "100A48", "given_to": "household", "document_no": "示例〔2026〕1号"} | changed


def measure(**changed: Any) -> dict[str, Any]:
    return {"policy_key": "public-post", "risk": "07", "due": "2026-12-31", "responsible": CADRE} | changed


def plan(**changed: Any) -> dict[str, Any]:
    return {"since": "2026-03-01", "reason": "初次制定", "goal": "稳定收入", "responsible": CADRE} | changed


Put = Callable[..., Any]


@pytest.fixture
def county(office: Office) -> Headers:
    return office("county", "county")


@pytest.fixture
def put_policy(http: TestClient, county: Headers) -> Put:
    def put(key: str, **changed: Any) -> Any:
        return edit(http, f"/v1/policies/{key}", policy(**changed), county)

    return put


@pytest.fixture
def put_measure(http: TestClient, clerk: Headers, family: str, put_policy: Put) -> Put:
    """A measure of the family: its id in the answer."""
    put_policy("public-post")

    def put(measure_id: str = "", **changed: Any) -> Any:
        return edit(http, f"{family}/measures/{measure_id or uuid4()}", measure(**changed), clerk)

    return put
