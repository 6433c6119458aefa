"""Alerts asks whose numbers these are; nothing of a person goes back, and nobody else may ask."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Office, Sign
from tests.households.conftest import VILLAGE, Send, household_row, member_row, valid


def number(person: int) -> str:
    return valid(f"9952061960010{person}001")


def asked(http: TestClient, headers: dict[str, str], *persons: tuple[str, str | None]) -> Any:
    body = {"persons": [{"id_number": number, "name": name} for number, name in persons]}
    return http.post("/v1/services/households/matches", json=body, headers=headers)


def test_a_number_is_matched_by_its_holder_today_and_their_name(
    http: TestClient, send: Send, sign: Sign, households: Session
) -> None:
    send("households", household_row())
    send("members", *(member_row(id_number=number(one), 姓名="示 例甲") for one in (1, 2, 3)))
    households.execute(
        text("UPDATE membership SET valid = daterange(lower(valid), lower(valid) + 1) WHERE person_id = :gone"),
        {"gone": households.execute(text("SELECT id FROM person WHERE birth_date = '1960-01-03'")).scalar_one()},
    )
    households.commit()
    alerts = sign("alerts", scopes="household:match")
    told = asked(
        http, alerts,
        (number(9), "示例甲"), (number(1), "示例 甲"), (number(2), "示癸"), (number(3), "示例甲"), ("1" * 18, "示例甲"),
        (number(2), None),
    )  # fmt: skip
    assert told.status_code == 200, told.text
    home = str(households.execute(text("SELECT id FROM household")).scalar_one())
    here = {"household": home, "village": VILLAGE}
    nobody = {"outcome": "unknown", "household": None, "village": None}
    assert told.json()["matches"] == [
        nobody, {"outcome": "matched"} | here, {"outcome": "ambiguous"} | here, nobody, nobody,
        {"outcome": "matched"} | here,
    ]  # fmt: skip


@pytest.mark.parametrize("scopes", ["facts:read", "household:read"])
def test_nobody_else_may_ask(http: TestClient, office: Office, sign: Sign, scopes: str) -> None:
    assert asked(http, sign("attendance", scopes=scopes), ("1" * 18, "示甲")).status_code == 403
    assert asked(http, office("a-county", "county"), ("1" * 18, "示甲")).status_code == 403
