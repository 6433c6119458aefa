"""Who was helped to what, and who came from which unit, in the reports' own numbers."""

from typing import Any
from uuid import uuid4

from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import VILLAGE, Send, clerk, household_numbered, household_row, http, member_row, send
from tests.households.help.conftest import Put, county, measure, put_policy

__all__ = ["clerk", "county", "http", "put_policy", "send"]  # fixtures


def test_fifteen_who_lost_their_work_have_a_public_post(
    http: TestClient, clerk: Headers, households: Session, send: Send, put_policy: Put
) -> None:
    """Each post answers 务工就业不稳, names who has it and out of which funds, and is done."""
    put_policy("public-post", given_to="person")
    numbers = [f"JK{number:03}" for number in range(15)]
    send("households", *(household_row(number) for number in numbers))
    send("members", *(member_row(number) for number in numbers))
    for number in numbers:
        home = f"/v1/households/{household_numbered(households, number)}"
        (who,) = http.get(home, headers=clerk).json()["members"]
        told = measure(person_id=who["person_id"], state="done", done_on="2026-11-01", fund_source="示例衔接资金")
        answer = http.put(f"{home}/measures/{uuid4()}", json=told, headers=clerk)
        assert answer.status_code in (200, 201), answer.text
    asked: dict[str, Any] = {"village": VILLAGE, "policy": "public-post", "state": "done", "limit": 50}
    answer = http.get("/v1/measures", params=asked, headers=clerk)
    assert answer.status_code == 200, answer.text
    rows = answer.json()["rows"]
    assert (len(rows), {one["risk"] for one in rows}) == (15, {"07"})
    assert {one["fund_source"] for one in rows} == {"示例衔接资金"}
