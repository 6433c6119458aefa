"""A county with a calendar and its days to answer, and a declaration as a villager sends one."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from services.kit.store.tables import Day, Division, Standard
from tests.households.conftest import VILLAGE

COUNTY = VILLAGE[:6]
ID_NUMBER = "990000196001010017"


def set_standard(session: Session, key: str, value: int, division: str = COUNTY) -> None:
    made: dict[str, Any] = {"unit": "日", "document_no": "示例〔2026〕1号", "version": 1}
    valid = Range(date(2026, 1, 1), None)
    session.add(Standard(key=key, division=division, valid=valid, value=Decimal(value), **made))


@pytest.fixture
def frame(households: Session) -> None:
    """Working days Monday to Friday; 2026-11-21, the tests' today, is a Saturday."""
    households.add(Division(code=COUNTY, name="示例县", level="county", version=1))
    day, ordinal = date(2026, 11, 1), 0
    while day < date(2027, 1, 1):
        working = day.weekday() < 5
        ordinal += working
        households.add(Day(date=day, working=working, ordinal=ordinal, provisional=False, source="示例", version=1))
        day += timedelta(days=1)
    set_standard(households, "declaration_answer_days", 5)
    set_standard(households, "correction_answer_days", 10)
    set_standard(households, "view_code_days", 7)
    households.commit()


def declaration(**changed: Any) -> dict[str, Any]:
    said = {"id": str(uuid4()), "village": VILLAGE, "name": "示甲", "phone": "10000000001", "text": "家中房屋受损。"}
    return said | changed
