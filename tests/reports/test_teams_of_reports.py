"""Units and whom they sent, in the reports' own numbers."""

from datetime import date

from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.models.teams import Cadre, Unit
from tests.attendance.conftest import http
from tests.attendance.test_staffing import county, post, staffing, teams_in
from tests.callers import Headers

__all__ = ["county", "http"]  # fixtures


def test_nine_units_sent_114_cadres(http: TestClient, county: Headers, attendance: Session) -> None:
    (team,) = teams_in(attendance, ["520621001005"])
    units = [Unit(name=f"示例单位{number}") for number in range(9)]
    attendance.add_all(units)
    attendance.flush()
    cadres = [
        Cadre(name="示甲子", sealed_mobile=b"sealed", mobile_index=str(n).encode(), unit_id=units[n % 9].id)
        for n in range(114)
    ]
    attendance.add_all(cadres)
    attendance.flush()
    for cadre in cadres:
        post(attendance, cadre, team, date(2026, 1, 1))
    attendance.commit()
    told = staffing(http, county)
    assert (told["units"], told["cadres"], told["teams"]) == (9, 114, 1)
