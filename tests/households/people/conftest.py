"""A family's addresses, and standards of the county as the service has copied them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.kit.store.tables import Standard
from tests.callers import Headers
from tests.households.conftest import VILLAGE

Put = Callable[..., Any]
Count = Callable[[str], int]


@pytest.fixture
def member(households: Session, family: str) -> str:
    """The address of the family's one member."""
    person = households.execute(text("SELECT id FROM person")).scalar_one()
    return f"{family}/members/{person}"


@pytest.fixture
def put(http: TestClient, clerk: Headers) -> Put:
    """Read, then put, as somebody edits."""

    def edit(path: str, body: dict[str, Any], headers: Headers = clerk) -> Any:
        seen = http.get(path, headers=headers).headers.get("etag")
        return http.put(path, json=body, headers=headers | ({"if-match": seen} if seen else {}))

    return edit


@pytest.fixture
def count(households: Session) -> Count:
    def rows(table: str) -> int:
        households.rollback()
        return int(households.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608

    return rows


@pytest.fixture
def water_standards(households: Session) -> None:
    """Thirty-five litres in the county, twenty in the village; the village's are what holds there."""
    values = {"litres": 35, "fetch_minutes": 20, "fetch_metres": 800, "fetch_climb": 80, "outage_days": 36}
    said = [(f"water_{key}", VILLAGE[:6], value) for key, value in values.items()] + [("water_litres", VILLAGE, 20)]
    households.add_all(
        Standard(
            id=uuid4(), key=key, division=place, valid=Range(date(2020, 1, 1), None), value=Decimal(value), unit="示例",
            document_no="示例〔2020〕1号", version=1,
        )
        for key, place, value in said
    )  # fmt: skip
    households.commit()
