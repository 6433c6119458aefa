"""Pages neither repeat nor skip, and a cursor is of use to its caller and for its query alone."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from services.kit.store.fields import Seal
from services.kit.store.tables import Event
from tests.callers import Headers, Sign, served
from tests.clock import NOW
from tests.kit.notes import notes

PLACE = "520621"


@pytest.fixture
def http(
    engines: dict[str, Engine], clean: None, signing_key: RSAKey, seal: Seal, tmp_path: Path
) -> Iterator[TestClient]:
    with served(notes(seal), "households", engines["households"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def clerk(sign: Sign) -> Headers:
    return sign("clerk", "county")


@pytest.fixture
def happened(households: Session) -> Callable[[int, int], None]:
    """Events `first` up to before `last`, two at each moment."""

    def add(first: int, last: int) -> None:
        for number in range(first, last):
            at = NOW + timedelta(seconds=number // 2)
            told: dict[str, Any] = {"type": "note.made", "subject": str(number), "division": PLACE, "occurred_at": at}
            households.add(Event(id=UUID(int=number), data={}, **told))
        households.commit()

    return add


def walk(http: TestClient, headers: Headers, query: str) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor = ""
    while True:
        page = http.get(f"/v1/events?division={PLACE}{query}{cursor}", headers=headers).json()
        pages.append([row["subject"] for row in page["rows"]])
        if page["next"] is None:
            return pages
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 200])
@pytest.mark.parametrize("newest", ["false", "true"])
def test_every_row_stands_on_one_page(
    http: TestClient, clerk: Headers, happened: Callable[[int, int], None], limit: int, newest: str
) -> None:
    happened(0, 7)
    pages = walk(http, clerk, f"&limit={limit}&newest={newest}")
    everything = [str(number) for number in range(7)]
    assert [row for page in pages for row in page] == (everything[::-1] if newest == "true" else everything)
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert pages[-1] != []


def test_an_empty_list_is_one_empty_page(http: TestClient, clerk: Headers) -> None:
    assert walk(http, clerk, "") == [[]]


def test_rows_that_come_on_the_way_move_no_page(
    http: TestClient, clerk: Headers, happened: Callable[[int, int], None]
) -> None:
    happened(10, 16)
    first = http.get(f"/v1/events?division={PLACE}&limit=4", headers=clerk).json()
    happened(0, 10)
    second = http.get(f"/v1/events?division={PLACE}&limit=4&cursor={first['next']}", headers=clerk).json()
    assert [row["subject"] for row in second["rows"]] == ["14", "15"]


@pytest.fixture
def cursor(http: TestClient, clerk: Headers, happened: Callable[[int, int], None]) -> str:
    happened(0, 7)
    return str(http.get(f"/v1/events?division={PLACE}&limit=3", headers=clerk).json()["next"])


def refusal(http: TestClient, headers: Headers, query: str) -> str:
    answer = http.get(f"/v1/events?{query}", headers=headers)
    return "" if answer.status_code == 200 else str(answer.json()["code"])


def test_a_cursor_opens_for_its_own_query_alone(http: TestClient, clerk: Headers, sign: Sign, cursor: str) -> None:
    mine, other = "not-a-cursor-of-this-query", sign("other", "county")
    assert refusal(http, clerk, f"division={PLACE}&cursor={cursor}") == ""
    assert refusal(http, clerk, f"cursor={cursor}&limit=5&division={PLACE}") == ""
    assert refusal(http, clerk, f"division=420325&cursor={cursor}") == mine
    assert refusal(http, clerk, f"division={PLACE}&newest=true&cursor={cursor}") == mine
    assert refusal(http, other, f"division={PLACE}&cursor={cursor}") == mine


def test_a_cursor_that_was_changed_opens_nothing(http: TestClient, clerk: Headers, cursor: str) -> None:
    raw = bytearray(base64.urlsafe_b64decode(cursor))
    for place in range(1, len(raw)):  # the first byte says how the rest is laid out
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        sent = base64.urlsafe_b64encode(changed).decode()
        assert refusal(http, clerk, f"division={PLACE}&cursor={sent}") == "not-a-cursor-of-this-query", place
    for odd in ("AAAA", "A", "====", base64.urlsafe_b64encode(b'["2026-11-22", "x"]').decode()):
        assert refusal(http, clerk, f"division={PLACE}&cursor={odd}") == "not-a-cursor-of-this-query"


def test_a_cursor_tells_nothing_of_its_row(cursor: str) -> None:
    raw = base64.urlsafe_b64decode(cursor)
    assert b"2026" not in raw
    assert str(UUID(int=2)).encode() not in raw


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x"])
def test_a_page_is_one_to_two_hundred_rows(http: TestClient, clerk: Headers, limit: str) -> None:
    assert refusal(http, clerk, f"division={PLACE}&limit={limit}") == "not-understood"
