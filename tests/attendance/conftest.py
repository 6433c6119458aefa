"""A village with a team and a station in a county that has switched check-in on; and callers with real tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.main import create
from services.attendance.models.teams import MOBILE, Cadre, Posting, Station, Team, Unit
from services.kit.store.fields import Seal
from services.kit.store.tables import Standard
from tests.callers import served

COUNTY, VILLAGE = "520621", "520621001005"
ARRIVED = date(2026, 1, 1)
STATION = (27.70, 108.84)
RADIUS = 500


@dataclass(frozen=True)
class Stationed:
    """One team; `first` is linked to `account`, `second` to none."""

    team: UUID
    first: UUID
    second: UUID
    account: str


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "attendance", api_engines["attendance"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def village(attendance: Session, seal: Seal) -> Stationed:
    """Two cadres in one team since January, a station of 500 m; check-in is on, the day begins at five."""
    set_standard(attendance, "self_check_in", 1)
    set_standard(attendance, "day_starts_at", 5)
    attendance.add(station_in(VILLAGE))
    account = str(uuid4())
    team = Team(name="示例乡示例村驻村工作队", village=VILLAGE)
    attendance.add(team)
    first = cadre_in(attendance, seal, team, "10001000001", account)
    second = cadre_in(attendance, seal, team, "10001000002")
    attendance.commit()
    return Stationed(team.id, first, second, account)


def set_standard(session: Session, key: str, value: int, division: str = COUNTY, since: date = ARRIVED) -> None:
    made: dict[str, Any] = {"unit": "1", "document_no": "示例〔2026〕1号", "version": 1}
    session.add(Standard(key=key, division=division, valid=Range(since, None), value=Decimal(value), **made))
    session.flush()


def station_in(village: str) -> Station:
    latitude, longitude = STATION
    return Station(
        village=village,
        name="示例便民服务中心",
        latitude=latitude,
        longitude=longitude,
        sent_latitude=latitude,
        sent_longitude=longitude,
        datum="wgs84",
        radius=RADIUS,
    )


def cadre_in(session: Session, seal: Seal, team: Team, mobile: str, account: str | None = None) -> UUID:
    unit = Unit(name=f"示例单位{mobile[-1]}")
    session.add(unit)
    session.flush()
    cadre = Cadre(
        name="示甲子",
        sealed_mobile=b"",
        mobile_index=seal.index(mobile),
        unit_id=unit.id,
        account=account,
    )
    cadre.sealed_mobile = seal.close(mobile, MOBILE.place(cadre.id))
    session.add(cadre)
    session.flush()
    session.add(Posting(cadre_id=cadre.id, team_id=team.id, role="member", valid=Range(ARRIVED, None)))
    session.flush()
    return cadre.id
