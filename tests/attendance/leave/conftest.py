"""A village with a captain and two members, a second village of its township; a calendar; who decides about how many
days; and an office at each level."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.grants.postings import grant_postings
from services.attendance.models.teams import Posting, Team
from services.kit.store.fields import Seal
from services.kit.store.tables import Day
from tests.attendance.conftest import COUNTY, Stationed, cadre_in, set_standard
from tests.callers import Headers, Office, Sign
from tests.conftest import NOW

HOLIDAYS = {date(2026, 10, day) for day in range(1, 8)}
MADE_UP = {date(2026, 10, 10)}  # a Saturday
NEXT_VILLAGE = "520621001006"


@dataclass(frozen=True)
class House:
    """Callers, and whose ids they need. `captain` and `member` are of one team, `beside` of the next village's."""

    member: Headers
    member_id: UUID
    captain: Headers
    captain_id: UUID
    second_id: UUID
    beside_id: UUID
    township: Headers
    clerk: Headers
    county: Headers
    elsewhere: Headers
    team: UUID


def calendar(session: Session, first: date = date(2026, 9, 1), last: date = date(2026, 12, 31)) -> None:
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        working = day in MADE_UP or (day.weekday() < 5 and day not in HOLIDAYS)
        session.add(Day(date=day, working=working, ordinal=number, provisional=False, source="示例", version=1))


@pytest.fixture
def house(attendance: Session, seal: Seal, village: Stationed, http: TestClient, office: Office, sign: Sign) -> House:
    calendar(attendance)
    for key, value in (("leave_days_captain", 1), ("leave_days_township", 5), ("leave_working_only", 0)):
        set_standard(attendance, key, value, COUNTY)
    team = attendance.get_one(Team, village.team)
    account = str(uuid4())
    captain = cadre_in(attendance, seal, team, "10001000003", account)
    attendance.scalars(select(Posting).where(col(Posting.cadre_id) == captain)).one().role = "captain"
    other = Team(name="示例乡另一村驻村工作队", village=NEXT_VILLAGE)
    attendance.add(other)
    beside = cadre_in(attendance, seal, other, "10001000004", str(uuid4()))
    grant_postings(attendance, [village.first, captain, beside], NOW)
    attendance.commit()
    return House(
        sign(village.account, "cadre"), village.first, sign(account, "captain"), captain, village.second, beside,
        office("township", "township", place="520621001"), office("clerk", "township", place="520621001"),
        office("county", "county"), office("elsewhere", "township", "captain", place="520621002"), village.team,
    )  # fmt: skip


def leave(first: str = "2026-11-23", last: str = "2026-11-25", kind: str = "personal", **said: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "kind": kind, "first_day": first, "last_day": last} | said


def send(http: TestClient, caller: Headers, body: dict[str, Any], status: int = 201) -> Any:
    answer = http.post("/v1/leaves", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def decide(http: TestClient, caller: Headers, of: Any, level: str = "township", status: int = 200, **said: Any) -> Any:
    body = {"outcome": "approved"} | said
    answer = http.put(f"/v1/leaves/{of['id']}/decisions/{level}", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def back(http: TestClient, caller: Headers, of: Any, day: str, status: int = 201, **said: Any) -> Any:
    body = {"id": str(uuid4()), "day": day} | said
    answer = http.post(f"/v1/leaves/{of['id']}/returns", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def listed(http: TestClient, caller: Headers, **asked: Any) -> list[str]:
    answer = http.get("/v1/leaves", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["rows"]]
