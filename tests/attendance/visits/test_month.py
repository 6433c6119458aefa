"""This month's list: whom each assistant is to visit, whom they have visited, and when last."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.visits.month import days_of
from services.kit.store.tables import Standard
from tests.attendance.conftest import COUNTY, VILLAGE, Stationed, set_standard
from tests.attendance.visits.conftest import FREE, HOME, NEXT, correction, pair, send, visit
from tests.callers import Headers, Office

LISTS = "/v1/visit-lists"


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county", "county")


@pytest.fixture
def asked(attendance: Session, paired: Stationed) -> None:
    set_standard(attendance, "visits_expected", 2)
    attendance.commit()


def rows(http: TestClient, caller: Headers, **said: Any) -> list[dict[str, Any]]:
    answer = http.get(LISTS, params=said, headers=caller)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["rows"]
    return told


def row(http: TestClient, caller: Headers, **said: Any) -> dict[str, Any]:
    return next(one for one in rows(http, caller, **said) if one["household_id"] == str(HOME))


def test_nothing_is_expected_unless_a_document_says_so(http: TestClient, assistant: Headers) -> None:
    told = row(http, assistant)
    assert (told["expected"], told["missing"], told["made"], told["last_visit"]) == (None, None, 0, None)


def test_a_list_says_who_is_to_be_visited_who_was_and_when_last(
    http: TestClient, assistant: Headers, asked: None
) -> None:
    assert (row(http, assistant)["expected"], row(http, assistant)["missing"]) == (2, 2)
    send(http, assistant, visit(days_ago=2))
    send(http, assistant, visit(contact="telephone"))
    send(http, assistant, visit(contact="not_reached"))
    told = row(http, assistant)
    assert (told["made"], told["contacted"], told["not_reached"], told["missing"]) == (1, 1, 1, 1)
    assert (told["last_visit"], told["last_contact"]) == ("2026-11-19", "home")
    send(http, assistant, visit(days_ago=1, contact="elsewhere"))
    send(http, assistant, visit(days_ago=1))
    told = row(http, assistant)
    assert (told["made"], told["missing"], told["last_visit"]) == (3, 0, "2026-11-20")
    assert rows(http, assistant, missing=True) == []


def test_a_visit_of_another_month_counts_there_and_is_still_the_last(
    http: TestClient, assistant: Headers, asked: None
) -> None:
    send(http, assistant, visit(days_ago=30))
    assert (row(http, assistant)["made"], row(http, assistant)["last_visit"]) == (0, "2026-10-22")
    assert row(http, assistant, month="2026-10")["made"] == 1
    assert row(http, assistant, month="2026-02")["missing"] == 2


def test_what_was_corrected_counts_as_it_stands(http: TestClient, assistant: Headers, asked: None) -> None:
    first = visit()
    send(http, assistant, first)
    send(http, assistant, second := correction(first, contact="telephone"))
    assert (row(http, assistant)["made"], row(http, assistant)["contacted"]) == (0, 1)
    send(http, assistant, correction(second, "not_made"))
    assert (row(http, assistant)["made"], row(http, assistant)["contacted"]) == (0, 0)


def test_the_nearest_place_says_what_is_expected_and_there_the_kind_of_pairing(
    http: TestClient, assistant: Headers, asked: None, attendance: Session, paired: Stationed
) -> None:
    pair(attendance, paired.first, FREE, kind="leader")
    set_standard(attendance, "visits_expected", 4, division=VILLAGE[:9])
    made: dict[str, Any] = {"unit": "次/月", "document_no": "示例〔2026〕1号", "version": 1}
    since = Range(date(2026, 1, 1), None)
    made |= {"key": "visits_expected", "population_class": "leader", "valid": since}
    attendance.add_all(
        Standard(division=at, value=Decimal(value), **made) for at, value in ((VILLAGE[:9], 1), (COUNTY, 9))
    )
    attendance.commit()
    told = {one["kind"]: one["expected"] for one in rows(http, assistant)}
    assert told == {"assistant": 4, "leader": 1}


def test_what_is_set_in_the_middle_of_a_month_is_expected_from_the_next(
    http: TestClient, assistant: Headers, attendance: Session, paired: Stationed
) -> None:
    set_standard(attendance, "visits_expected", 2, since=date(2026, 11, 2))
    attendance.commit()
    assert row(http, assistant)["expected"] is None
    assert row(http, assistant, month="2026-12")["expected"] == 2


def test_pairings_of_the_month_alone_are_on_it(
    http: TestClient, assistant: Headers, county: Headers, attendance: Session, paired: Stationed
) -> None:
    pair(attendance, paired.first, FREE, until=date(2026, 11, 1))
    attendance.commit()
    assert {one["household_id"] for one in rows(http, county)} == {str(HOME), str(NEXT)}
    assert {one["household_id"] for one in rows(http, county, month="2026-10")} == {str(HOME), str(NEXT), str(FREE)}
    assert rows(http, county, month="2025-12") == []


def test_an_assistant_reads_their_own_list_and_an_office_that_of_its_place(
    http: TestClient, assistant: Headers, county: Headers, office: Office, paired: Stationed
) -> None:
    assert {one["household_id"] for one in rows(http, assistant)} == {str(HOME)}
    assert {one["household_id"] for one in rows(http, county, cadre_id=paired.second)} == {str(NEXT)}
    assert rows(http, office("another", "township", place="520621002")) == []
    assert rows(http, assistant, cadre_id=paired.second) == []


def test_a_list_is_paged_and_made_by_one_statement(
    http: TestClient, county: Headers, attendance: Session, paired: Stationed, api_engines: Any
) -> None:
    for _ in range(5):
        pair(attendance, paired.first, uuid4())
    attendance.commit()
    asked: list[str] = []
    listen = lambda *told: asked.append(told[2])  # noqa: E731
    event.listen(api_engines["attendance"], "before_cursor_execute", listen)
    first = http.get(LISTS, params={"limit": 4}, headers=county).json()
    event.remove(api_engines["attendance"], "before_cursor_execute", listen)
    assert len([one for one in asked if "FROM pairing" in one]) == 1
    second = http.get(LISTS, params={"limit": 4, "cursor": first["next"]}, headers=county).json()
    ids = [one["pairing_id"] for page in (first, second) for one in page["rows"]]
    assert (len(ids), len(set(ids)), second["next"]) == (7, 7, None)


def test_the_last_day_of_a_month_is_in_it() -> None:
    assert days_of("2028-02", date(2026, 1, 1)).upper == date(2028, 2, 29)
    assert days_of(None, date(2026, 11, 21)).lower == date(2026, 11, 1)
