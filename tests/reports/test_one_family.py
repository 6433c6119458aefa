"""Families as the reports tell of them: ages, illness, tuition, why they are watched."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.register import Tag
from tests.callers import Headers, edit
from tests.conftest import TODAY
from tests.households.cases.conftest import (
    Walk,
    case,
    clerk,
    frame,
    home,
    http,
    people,
    send,
    settle,
    walk,
)
from tests.households.conftest import VILLAGE, statement
from tests.households.standards import set_standards

__all__ = ["case", "clerk", "frame", "home", "http", "people", "send", "walk"]  # fixtures

FAMILY = {"示甲": (67, "01"), "示乙": (66, "10"), "示丙": (81, "52"), "示丁": (21, "30")}  # age, relation


def born(age: int) -> str:
    return date(TODAY.year - age, 1, 1).isoformat()


def test_four_people_an_illness_and_a_tuition_of_8400_are_read_back(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    members = [
        {"id": str(uuid4()), "name": name, "relation": relation, "birth_date": born(age), "sex": "1"}
        for name, (age, relation) in FAMILY.items()
    ]
    told = {"id": str(uuid4()), "number": "JK9", "village": VILLAGE, "head_name": "示甲", "members": members}
    made = http.post("/v1/households", json=told, headers=clerk)
    assert made.status_code == 201, made.text
    path = f"/v1/households/{told['id']}"
    read = http.get(path, headers=clerk).json()["members"]
    assert sorted((TODAY.year - int(one["birth_date"][:4]), one["relation"]) for one in read) == sorted(FAMILY.values())
    head = next(one["person_id"] for one in read if one["relation"] == "01")
    ill = {"since": "2026-01-01", "conditions": ["chronic"]}
    assert edit(http, f"{path}/members/{head}/health", ill, clerk).json()["conditions"] == ["chronic"]
    set_standards(households, monitoring_line=632_000, income_divisor=1)
    spent = {"wage": 2_400_000, "medical_self_paid": 0, "schooling_self_paid": 840_000, "education_loan": 800_000}
    lines = [{"kind": kind, "amount": amount} for kind, amount in spent.items()]
    assert http.post(f"{path}/statements", json=statement(lines=lines), headers=clerk).status_code == 201
    income = http.get(f"{path}/income", headers=clerk).json()
    assert (income["persons"], income["line"]["total"], income["uncovered"]) == (4, 2_528_000, 40_000)
    assert income["net_income"] == {"total": 2_400_000, "per_person": 600_000, "below_line": True}


def test_the_whole_household_is_included_for_illness_and_for_schooling(walk: Walk) -> None:
    assert walk.open(risks=["01", "09"]).status_code == 201
    walk.identified()
    seen = walk.seen()
    assert (seen["state"], seen["risks"]) == ("monitored", ["01", "09"])
    assert seen["household_id"] == walk.home.id


def test_one_household_out_of_poverty_and_two_on_the_edge_are_watched(
    http: TestClient, people: dict[str, Headers], frame: Session
) -> None:
    said: dict[str, Any] = {"housing_grade": "A", "safe_water": True}
    for number, (poor, category) in enumerate([(True, "unstable"), (False, "marginal"), (False, "marginal")]):
        home = settle(frame, f"JK{number}", **said)
        if poor:
            valid = Range(date(2014, 1, 1), None)
            frame.add(Tag(household_id=UUID(home.id), key="formerly_poor", valid=valid, source="示例"))
            frame.commit()
        one = Walk(http, people, home)
        assert one.open().status_code == 201
        one.took("visit", category=category)
        one.took("authorisation", "comparison", "review", "notice", "notice_ended", "township", "county")
        one.took("announcement")
        one.took("entry", national_number=f"520621000{number}")
    asked = {"village": VILLAGE[:6], "state": "monitored"}
    rows = http.get("/v1/cases", params=asked, headers=people["county"]).json()["rows"]
    assert sorted(one["category"] for one in rows) == ["marginal", "marginal", "unstable"]
