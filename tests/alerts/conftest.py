"""A county whose standards hold, and the short way to tell alerts about a family."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.alerts.facts.learn import Told
from services.alerts.intake.take_in import take_in
from services.alerts.models.watch import Alert
from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.rules.rules import ship
from services.kit.store.tables import Standard
from tests.conftest import NOW

VILLAGE = "520621001005"
COUNTY = "520621"
STANDARDS = {
    "monitoring_line": 632_000,
    "medical_burden": 2_000_000,
    "medical_burden_formerly_poor": 500_000,
    "schooling_burden": 1_000_000,
    "expense_gap": 1_500_000,
    "income_fall": 30,
    "income_age": 240,
    "income_floor": 50_000,
    "income_ceiling": 3_000_000,
    "transfer_share": 80,
    "low_income_line": 948_000,
    "team_strength": 3,
    "presence_gap": 2,
    "leader_absence": 5,
    "member_absence": 10,
    "posting_term": 600,
}


@pytest.fixture
def watched(alerts: Session, engines: dict[str, Engine]) -> Session:
    """alerts with the shipped rules, this county's standards and a calendar of the year's days."""
    ship(engines["alerts"], NOW)
    set_standards(alerts, STANDARDS)
    alerts.execute(
        text(
            "INSERT INTO day (date, working, ordinal, provisional, source, version)"
            " SELECT d, true, row_number() OVER (ORDER BY d), false, 'test', 1"
            " FROM generate_series(date '2026-01-01', date '2027-01-31', interval '1 day') AS d"
        )
    )
    alerts.commit()
    return alerts


@pytest.fixture
def swept(watched: Session) -> Session:
    """A county whose sweep day is the 20th."""
    set_standards(watched, {"sweep_day": 20})
    watched.commit()
    return watched


def set_standards(session: Session, standards: dict[str, int], division: str = COUNTY) -> None:
    session.add_all(
        Standard(
            key=key,
            division=division,
            valid=Range(date(2026, 1, 1), None),
            value=Decimal(value),
            unit="",
            document_no=f"示例〔2026〕{key}",
            version=1,
        )
        for key, value in standards.items()
    )


def told(session: Session, subject: UUID | None = None, *, version: int = 1, **facts: Any) -> UUID:
    """Alerts hears of a household. Facts not named are unknown."""
    family = subject or uuid4()
    take_in(session, HOUSEHOLD, [Told(family, VILLAGE, version, facts)], NOW)
    session.commit()
    return family


def open_alerts(session: Session, subject: UUID) -> list[str]:
    wanted = select(col(Alert.rule_key)).where(col(Alert.subject) == subject, col(Alert.closed_at).is_(None))
    return sorted(session.scalars(wanted))


def yuan(amount: int | str) -> int:
    """Fen."""
    return int(Decimal(amount) * 100)
