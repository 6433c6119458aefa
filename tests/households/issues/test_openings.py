"""Issues that another service of ours opens: any number at once, each answered by itself, asked again the same."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.issues import Issue
from services.kit.store.tables import Event
from tests.callers import Headers, Office, Sign
from tests.households.conftest import Send, family, http, send
from tests.households.issues.issues import AT_ONCE, ISSUES, problem, put, step

__all__ = ["Send", "family", "http", "send"]  # fixtures

OPENINGS = "/v1/services/households/issue-openings"


@pytest.fixture
def attendance(sign: Sign) -> Headers:
    return sign("attendance", scopes="issue:open")


@pytest.fixture
def clerk(office: Office) -> Headers:
    return office("clerk", "county")


def opening(**said: Any) -> dict[str, Any]:
    told = problem(source="inspection", source_ref="520621/2026/7") | {"id": str(uuid4()), "raised_by": "inspector"}
    return told | said


def post(http: TestClient, caller: Headers, *openings: dict[str, Any], status: int = 200) -> list[dict[str, Any]]:
    answer = http.post(OPENINGS, json={"openings": list(openings)}, headers=caller)
    assert answer.status_code == status, answer.text
    told: list[dict[str, Any]] = answer.json().get("openings", [])
    return told


def test_several_are_opened_at_once_in_the_name_of_who_found_them(
    http: TestClient, attendance: Headers, clerk: Headers
) -> None:
    one, at_once = opening(due_on="2026-12-01"), opening(put_right=AT_ONCE)
    told = post(http, attendance, one, at_once)
    assert told == [
        {"id": sent["id"], "year": 2026, "number": number, "code": None}
        for number, sent in enumerate((one, at_once), 1)
    ]
    read = http.get(f"{ISSUES}/{one['id']}", headers=clerk).json()
    assert {name: read[name] for name in one if name != "raised_by"} == {
        k: v for k, v in one.items() if k != "raised_by"
    }
    assert (read["recorded_by"], read["state"]) == ("inspector", "open")
    assert http.get(f"{ISSUES}/{at_once['id']}", headers=clerk).json()["on_the_spot"] is True


def test_asked_again_it_is_the_same_issue_whatever_has_become_of_it(
    http: TestClient, attendance: Headers, clerk: Headers, households: Session
) -> None:
    one, other = opening(), opening()
    first = post(http, attendance, one)
    step(http, clerk, one["id"], "closed")
    assert post(http, attendance, one, other, one) == [*first, *post(http, attendance, other), *first]
    assert len(households.scalars(select(Issue)).all()) == 2
    raised = [row.subject for row in households.scalars(select(Event)) if row.type == "issue.raised"]
    assert sorted(raised) == sorted([one["id"], other["id"]])


def test_one_that_is_refused_takes_no_number_and_no_other_with_it(
    http: TestClient, attendance: Headers, clerk: Headers, family: str
) -> None:
    home = family.rpartition("/")[2]
    taken = str(uuid4())
    put(http, clerk, problem(), issue_id=taken)
    mine = opening()
    post(http, attendance, mine)
    sent = {
        "another's id": (opening(id=taken), "issue-raised-before"),
        "other words": (mine | {"text": "另一问题"}, "issue-raised-before"),
        "another's name": (mine | {"raised_by": "another"}, "issue-raised-before"),
        "tomorrow": (opening(raised_on="2026-11-22"), "issue-days-wrong"),
        "due before": (opening(due_on="2026-11-01"), "issue-days-wrong"),
        "no such household": (opening(household_id=str(uuid4())), "not-there"),
        "a household elsewhere": (opening(household_id=home, division="520621002001"), "issue-elsewhere"),
    }
    told = post(http, attendance, *(one for one, _ in sent.values()), opening(household_id=home))
    assert [one["code"] for one in told] == [*(code for _, code in sent.values()), None]
    assert [one["number"] for one in told] == [None] * len(sent) + [3]


def test_the_same_openings_at_the_same_moment_are_opened_once(
    http: TestClient, attendance: Headers, households: Session
) -> None:
    """In whatever order they are named: nobody waits for the other for ever."""
    openings = [opening() for _ in range(5)]
    with ThreadPoolExecutor(8) as pool:
        orders = [openings if turn % 2 else openings[::-1] for turn in range(8)]
        told = list(pool.map(lambda order: post(http, attendance, *order), orders))
    numbers = [{one["id"]: one["number"] for one in answer} for answer in told]
    assert all(one == numbers[0] for one in numbers)
    assert sorted(numbers[0].values()) == [1, 2, 3, 4, 5]
    assert {row.id for row in households.scalars(select(Issue))} == {UUID(one["id"]) for one in openings}


@pytest.mark.parametrize("number", [0, 201])
def test_a_post_holds_two_hundred_at_most_and_is_never_empty(
    number: int, http: TestClient, attendance: Headers
) -> None:
    assert post(http, attendance, *(opening() for _ in range(number)), status=422) == []


def test_a_form_that_is_wrong_opens_nothing(http: TestClient, attendance: Headers, households: Session) -> None:
    for wrong in ({"kind": "unheard_of"}, {"raised_by": "示例"}, {"division": "52"}, {"text": ""}):
        post(http, attendance, opening(), opening() | wrong, status=422)
    assert households.scalars(select(Issue)).all() == []
