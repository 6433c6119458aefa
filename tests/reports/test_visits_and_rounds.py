"""Rounds of the month and of the day, and how many households were visited how often."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.visits.freezing import freezes_rounds
from services.kit.store.claim import work_a_job
from tests.attendance.conftest import VILLAGE, Stationed, http, village
from tests.attendance.visits.conftest import pair, visit
from tests.attendance.visits.test_rounds import FIVE, ROUNDS, body, sheet
from tests.callers import HERE, Headers, Office, Sign
from tests.conftest import NOW, TODAY

__all__ = ["http", "village"]  # fixtures


class Register:
    """A village's households as our own service is told them, two thousand a page."""

    def __init__(self, number: int) -> None:
        self.homes = sorted(uuid4() for _ in range(number))

    def get(self, path: str, *, division: str, after: str | None, limit: int) -> Any:
        facts = {"monitored": False, "formerly_poor": False}
        told = [one for one in self.homes if str(one) > (after or "")][:limit]
        rows = [{"subject": str(home), "division": VILLAGE, "version": 1, "facts": facts} for home in told]
        return {"rows": rows, "after": rows[-1]["subject"] if len(told) == limit else None}


@pytest.fixture
def register() -> Register:
    return Register(532)


@pytest.fixture
def county(office: Office, village: Stationed) -> Headers:
    return office("a-county", "county")


@pytest.fixture
def open_round(http: TestClient, county: Headers, engines: dict[str, Engine], register: Register) -> Callable[..., str]:
    frozen = freezes_rounds(engines["attendance"], register)  # type: ignore[arg-type]  # in a peer's place

    def opened(**said: Any) -> str:
        asked = body(**said)
        assert http.post(ROUNDS, json=asked, headers=county).status_code == 201
        assert work_a_job(engines["attendance"], frozen, NOW) == 1
        return str(asked["id"])

    return opened


def tell(http: TestClient, caller: Headers, visits: list[dict[str, Any]]) -> None:
    for at in range(0, len(visits), 500):
        answer = http.post("/v1/visit-batches", json={"visits": visits[at : at + 500]}, headers=caller)
        assert answer.status_code == 200, answer.text
        assert {one["outcome"] for one in answer.json()["rows"]} == {"stored"}, answer.json()


@pytest.fixture
def assistant(attendance: Session, village: Stationed, register: Register, sign: Sign) -> Headers:
    """Who answers for all of them."""
    for home in register.homes:
        pair(attendance, village.first, home)
    attendance.commit()
    return sign(village.account, "assistant")


def test_210_households_were_visited_and_some_of_them_more_than_once(
    http: TestClient, assistant: Headers, register: Register, sign: Sign
) -> None:
    tell(http, assistant, [visit(home, days_ago=number % 5) for number, home in enumerate(register.homes[:210])])
    tell(http, assistant, [visit(home) for home in register.homes[:40]])
    asked = {
        "division": VILLAGE,
        "begin": (HERE - timedelta(days=300)).isoformat(),
        "until": (HERE + timedelta(days=1)).isoformat(),
    }
    ours = sign("alerts", scopes="visit:count")
    told = http.get("/v1/services/attendance/visit-figures", params=asked, headers=ours)
    assert told.status_code == 200, told.text
    assert (told.json()["total"]["visits"], told.json()["total"]["met"]) == (250, 210)


def test_a_round_of_one_day_covers_every_household_and_the_next_day_has_its_own(
    http: TestClient, county: Headers, assistant: Headers, register: Register, open_round: Callable[..., str]
) -> None:
    """532 households every day; one of them is told of, and the others are named."""
    today = {"first_day": TODAY.isoformat(), "last_day": TODAY.isoformat(), "division": VILLAGE}
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    one, next_one = open_round(**today), open_round(**today | {"first_day": tomorrow, "last_day": tomorrow})
    tell(http, assistant, [visit(home) for home in register.homes[:-1]])
    told = sheet(http, county, one)["total"]
    assert [told[name] for name in ("households", *FIVE)] == [532, 531, 0, 0, 0, 1]
    left = http.get(f"{ROUNDS}/{one}/tasks", params={"outcome": "not_tried"}, headers=county).json()["rows"]
    assert [row["household_id"] for row in left] == [str(register.homes[-1])]
    assert sheet(http, county, next_one)["total"]["not_tried"] == 532


def test_a_round_of_every_month_has_its_last_day(
    http: TestClient, county: Headers, open_round: Callable[..., str]
) -> None:
    for month in (9, 10, 11):
        open_round(name=f"{month}月摸排", first_day=f"2026-{month:02}-01", last_day=f"2026-{month:02}-30")
    rows = http.get(ROUNDS, headers=county).json()["rows"]
    assert {(one["name"], one["last_day"]) for one in rows} == {
        ("9月摸排", "2026-09-30"), ("10月摸排", "2026-10-30"), ("11月摸排", "2026-11-30"),
    }  # fmt: skip
    on = http.get(ROUNDS, params={"on": "2026-10-15"}, headers=county).json()["rows"]
    assert [one["name"] for one in on] == ["10月摸排"]


def test_four_rounds_of_visits_are_read_back_as_four(
    http: TestClient, county: Headers, assistant: Headers, register: Register
) -> None:
    home: UUID = register.homes[0]
    for days in (90, 60, 30, 0):
        tell(http, assistant, [visit(home, days_ago=days)])
    rows = http.get("/v1/visits", params={"household_id": str(home)}, headers=county).json()["rows"]
    assert len({one["day"] for one in rows}) == 4
