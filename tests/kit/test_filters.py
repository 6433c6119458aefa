"""A subscriber hears of what it asked for: types and a place within its grants, by every way alike, and knows since
when."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.alerts.main import create
from services.cli.follow import fetch_all
from services.cli.secret_files import secret_folder
from services.kit import clock
from services.kit.post.events import emit
from services.kit.post.outgoing import Lane
from services.kit.post.receivers import Allowed
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.callers import HERE, Headers, Office, served
from tests.kit.house import House
from tests.kit.receiving import SECRET, Receiver
from tests.secrets_made_once import make_secrets

PATH = "/v1/services/alerts"
TOWNSHIP, VILLAGE, BESIDE, ELSEWHERE = "520621001", "520621001005", "520621001006", "520622001001"
LATER = HERE + timedelta(hours=1)
Lanes = Callable[..., Lane]


@pytest.fixture
def house(engines: dict[str, Engine], clean: None, seal: Seal) -> House:
    return House(engines["alerts"], seal, "alerts")


@pytest.fixture
def client(
    house: House, api_engines: dict[str, Engine], signing_key: RSAKey, tmp_path: Path, receiver: Receiver
) -> Iterator[TestClient]:
    make_secrets(tmp_path)
    with served(create, "alerts", api_engines["alerts"], signing_key, secret_folder(tmp_path, "alerts")) as opened:
        assert isinstance(opened.app, FastAPI)
        opened.app.state.allowed = Allowed("", receiver.place)
        yield opened
        opened.app.state.clock = clock.now


@pytest.fixture
def bureau(office: Office) -> Headers:
    return office("bureau", scopes="subscription:write alert:read", place=TOWNSHIP)


def at(client: TestClient, moment: datetime) -> None:
    assert isinstance(client.app, FastAPI)
    client.app.state.clock = lambda _: moment


def asks(client: TestClient, headers: Headers, url: str, key: UUID | None = None, **said: Any) -> Any:
    wish = {"url": url, "types": ["alert.opened"], "secret": SECRET} | said
    return client.put(f"{PATH}/subscriptions/{key or uuid4()}", json=wish, headers=headers)


def happened(house: House, subject: str, kind: str, division: str = VILLAGE) -> None:
    with open_session(house.engine) as session, session.begin():
        emit(session, kind, subject, HERE, division=division)


@pytest.mark.parametrize("place", ["520621", "520621002", ELSEWHERE, "52"])
def test_a_place_that_is_not_within_a_grant_is_refused_by_both_ways(
    client: TestClient, bureau: Headers, receiver: Receiver, place: str
) -> None:
    put = asks(client, bureau, receiver.url(), division=place)
    fed = client.get(f"{PATH}/feed", params={"division": place}, headers=bureau)
    for answer in (put, fed):
        assert (answer.status_code, answer.json()["code"]) == (422, "place-beyond-grants")
    assert client.get(f"{PATH}/subscriptions", headers=bureau).json() == []


@pytest.mark.parametrize("place", ["", TOWNSHIP, VILLAGE])
def test_a_place_within_a_grant_and_no_place_at_all_are_taken(
    client: TestClient, bureau: Headers, receiver: Receiver, place: str
) -> None:
    assert asks(client, bureau, receiver.url(), division=place).json()["division"] == place
    assert client.get(f"{PATH}/feed", params={"division": place}, headers=bureau).status_code == 200


def test_a_place_whose_grant_was_taken_back_is_refused_and_the_subscription_stays_as_it_was(
    client: TestClient, house: House, bureau: Headers, receiver: Receiver
) -> None:
    key = UUID(asks(client, bureau, receiver.url(), division=TOWNSHIP).json()["id"])
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE access_grant SET revoked = true WHERE holder = 'bureau'"))
    assert asks(client, bureau, receiver.url(), key, division=VILLAGE).json()["code"] == "place-beyond-grants"
    assert [row["division"] for row in client.get(f"{PATH}/subscriptions", headers=bureau).json()] == [TOWNSHIP]


@pytest.mark.parametrize(
    ("said", "since"),
    [
        ({}, HERE),
        ({"types": ["alert.opened", "alert.opened"], "batch": True, "ordered": True}, HERE),
        ({"types": ["alert.closed"]}, LATER),
        ({"types": ["alert.opened", "alert.closed"]}, LATER),
        ({"division": VILLAGE}, LATER),
        ({"divisions": [VILLAGE, BESIDE]}, LATER),
    ],
    ids=["the same", "another way of sending", "other types", "one more type", "a place", "several places"],
)
def test_a_subscription_says_since_when_its_types_and_place_count(
    client: TestClient, bureau: Headers, receiver: Receiver, said: dict[str, Any], since: datetime
) -> None:
    at(client, HERE)
    first = asks(client, bureau, receiver.url()).json()
    at(client, LATER)
    again = asks(client, bureau, receiver.url(), UUID(first["id"]), **said).json()
    assert [datetime.fromisoformat(one["counts_from"]) for one in (first, again)] == [HERE, since]


def test_one_that_had_ended_counts_from_when_it_is_put_again(
    client: TestClient, bureau: Headers, receiver: Receiver
) -> None:
    at(client, HERE)
    key = UUID(asks(client, bureau, receiver.url()).json()["id"])
    assert client.delete(f"{PATH}/subscriptions/{key}", headers=bureau).status_code == 204
    at(client, LATER)
    assert datetime.fromisoformat(asks(client, bureau, receiver.url(), key).json()["counts_from"]) == LATER


def test_of_several_places_each_lies_within_a_grant_and_their_order_says_nothing(
    client: TestClient, bureau: Headers, receiver: Receiver
) -> None:
    at(client, HERE)
    beyond: dict[str, Any] = {"divisions": [VILLAGE, ELSEWHERE]}
    assert asks(client, bureau, receiver.url(), **beyond).json()["code"] == "place-beyond-grants"
    fed = client.get(f"{PATH}/feed", params={"division": beyond["divisions"]}, headers=bureau)
    assert fed.json()["code"] == "place-beyond-grants"
    both = asks(client, bureau, receiver.url(), division=TOWNSHIP, divisions=[VILLAGE])
    assert (both.status_code, both.json()["code"]) == (422, "one-place-or-several")
    first = asks(client, bureau, receiver.url(), divisions=[VILLAGE, BESIDE]).json()
    assert (first["division"], first["divisions"]) == ("", [VILLAGE, BESIDE])
    at(client, LATER)
    again = asks(client, bureau, receiver.url(), UUID(first["id"]), divisions=[BESIDE, VILLAGE, BESIDE]).json()
    assert datetime.fromisoformat(again["counts_from"]) == HERE


def test_one_whose_beginning_was_never_noted_shows_none_until_its_filter_changes(
    client: TestClient, house: House, bureau: Headers, receiver: Receiver
) -> None:
    key = house.subscribe(receiver.url(), subscriber="bureau", types=["alert.opened"], division=TOWNSHIP)
    at(client, LATER)
    assert asks(client, bureau, receiver.url(), key, division=TOWNSHIP).json()["counts_from"] is None
    changed = asks(client, bureau, receiver.url(), key, division=VILLAGE).json()
    assert datetime.fromisoformat(changed["counts_from"]) == LATER


def test_of_several_places_and_hundreds_of_events_of_one_subject_every_way_tells_the_same_in_one_order(
    client: TestClient, house: House, bureau: Headers, receiver: Receiver, lanes: Lanes, tmp_path: Path
) -> None:
    """More than one post holds, one page shows and one round takes up; some in the same transaction, some not."""
    wish: dict[str, Any] = {"divisions": [VILLAGE, BESIDE]}
    ways: dict[str, dict[str, Any]] = {"/200": {"batch": True}, "/204": {"ordered": True}}
    for path, said in ways.items():
        asks(client, bureau, receiver.url(path), **wish, **said).raise_for_status()
    late = UUID(asks(client, bureau, receiver.url("/201"), **wish, batch=True).json()["id"])
    client.delete(f"{PATH}/subscriptions/{late}", headers=bureau)
    for number in range(70):
        happened(house, "one", "alert.opened", "520621001007")
        with open_session(house.engine) as session, session.begin():
            for place in (VILLAGE, BESIDE, VILLAGE):
                emit(session, "alert.opened", "one", HERE, division=place, data={"number": number})
            emit(session, "alert.opened", "another", HERE, division=BESIDE)
    house.delivers(lanes(receiver.place), HERE)
    asks(client, bureau, receiver.url("/201"), late, **wish, batch=True).raise_for_status()
    asked = {"since": (HERE - timedelta(days=1)).isoformat()}
    key = {"Idempotency-Key": str(uuid4())}
    owed = client.post(f"{PATH}/subscriptions/{late}/replay", json=asked, headers=bureau | key)
    assert owed.json() == {"owed": 280}
    house.delivers(lanes(receiver.place), HERE)

    def ask(following: str | None) -> Any:
        page = {"type": "alert.opened", "division": wish["divisions"], "limit": 200, "cursor": following}
        known = {name: value for name, value in page.items() if value}
        return client.get(f"{PATH}/feed", params=known, headers=bureau).raise_for_status().json()

    folder = tmp_path / "folder"
    folder.mkdir()
    assert fetch_all(ask, folder) == 280
    files = [path.read_bytes() for path in sorted(folder.glob("0*.json"))]
    fed = [json.loads(file) for file in files]
    by_batch, replayed = (
        [event for got in receiver.got if got.path == path for event in got.verified()] for path in ("/200", "/201")
    )
    by_ones = [got.body for got in receiver.got if got.path == "/204"]
    assert by_batch == replayed == fed
    assert sorted(by_ones) == sorted(files)
    for subject in ("one", "another"):
        mine = [file for file in files if json.loads(file)["subject"] == subject]
        assert [body for body in by_ones if json.loads(body)["subject"] == subject] == mine


def test_after_a_change_webhook_feed_and_folder_tell_the_same_of_the_new_filter_in_one_order(
    client: TestClient, house: House, bureau: Headers, receiver: Receiver, lanes: Lanes, tmp_path: Path
) -> None:
    """What was owed before the change still comes, by the old one."""
    wide: dict[str, Any] = {"types": ["alert.opened", "alert.closed"], "division": TOWNSHIP}
    narrow: dict[str, Any] = {"types": ["alert.closed"], "division": VILLAGE}
    key = UUID(asks(client, bureau, receiver.url("/200"), batch=True, **wide).json()["id"])
    happened(house, "before", "alert.opened")
    house.delivers(lanes(receiver.place), HERE)
    asked: dict[str, Any] = {"type": narrow["types"], "division": VILLAGE, "limit": 2}
    cursor = client.get(f"{PATH}/feed", params=asked, headers=bureau).json()["next"]
    asks(client, bureau, receiver.url("/200"), key, batch=True, **narrow).raise_for_status()
    for number in range(5):
        happened(house, f"heard {number}", "alert.closed")
        happened(house, "another type", "alert.opened")
        happened(house, "another village", "alert.closed", "520621001006")
        happened(house, "beyond the grant", "alert.closed", ELSEWHERE)
    house.delivers(lanes(receiver.place), HERE)

    def ask(following: str | None) -> Any:
        after = asked | {"cursor": following or cursor}
        return client.get(f"{PATH}/feed", params=after, headers=bureau).raise_for_status().json()

    folder = tmp_path / "folder"
    folder.mkdir()
    fetch_all(ask, folder)
    by_post = [event for got in receiver.got for event in got.verified()]
    by_file = [path.read_text() for path in sorted(folder.glob("0*.json"))]
    assert [event["subject"] for event in by_post] == ["before", *(f"heard {number}" for number in range(5))]
    assert len(by_file) == 5
    for event, file in zip(by_post[1:], by_file, strict=True):
        assert event["id"] in file
        assert event["subject"] in file
