"""The feed: who would rather fetch gets the same events, each once, in the order of their commits."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.alerts.main import create
from services.cli import follow
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

FEED = "/v1/services/alerts/feed"
VILLAGE = "520621001005"


@pytest.fixture
def house(engines: dict[str, Engine], clean: None, seal: Seal) -> House:
    return House(engines["alerts"], seal, "alerts")


@pytest.fixture
def client(
    house: House, engines: dict[str, Engine], api_engines: dict[str, Engine], signing_key: RSAKey, tmp_path: Path
) -> Iterator[TestClient]:
    make_secrets(tmp_path)
    with served(create, "alerts", api_engines["alerts"], signing_key, secret_folder(tmp_path, "alerts")) as opened:
        yield opened


@pytest.fixture
def bureau(office: Office) -> Headers:
    return office("bureau", scopes="subscription:write alert:read")


def happened(house: House, *subjects: str, kind: str = "alert.opened", division: str = VILLAGE) -> None:
    with open_session(house.engine) as session, session.begin():
        for subject in subjects:
            emit(session, kind, subject, HERE, division=division)


def read(client: TestClient, headers: Headers, **asked: Any) -> tuple[list[str], str]:
    answer = client.get(FEED, params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return [row["subject"] for row in answer.json()["rows"]], answer.json()["next"]


def read_to_the_end(client: TestClient, headers: Headers, cursor: str | None = None) -> tuple[list[str], str]:
    told: list[str] = []
    while True:
        page, following = read(client, headers, limit=2, **({"cursor": cursor} if cursor else {}))
        told, cursor = told + page, following
        if not page:
            return told, following


def test_it_is_read_in_pages_and_goes_on_where_it_ended(client: TestClient, house: House, bureau: Headers) -> None:
    told, cursor = read_to_the_end(client, bureau)
    assert told == []
    for subject in "abcde":
        happened(house, subject)
    told, cursor = read_to_the_end(client, bureau, cursor)
    assert told == list("abcde")
    happened(house, "f")
    assert read_to_the_end(client, bureau, cursor)[0] == ["f"]


def test_what_a_slow_transaction_commits_late_is_not_skipped(client: TestClient, house: House, bureau: Headers) -> None:
    with open_session(house.engine) as slow:
        emit(slow, "alert.opened", "slow", HERE, division=VILLAGE)
        slow.flush()
        happened(house, "quick")
        told, cursor = read_to_the_end(client, bureau)
        assert told == []
        slow.commit()
    assert read_to_the_end(client, bureau, cursor)[0] == ["slow", "quick"]


def test_only_types_and_places_one_may_hear_are_told(client: TestClient, house: House, bureau: Headers) -> None:
    happened(house, "mine")
    happened(house, "elsewhere", division="520622001001")
    happened(house, "not published", kind="subscription.pinged")
    assert read(client, bureau)[0] == ["mine"]
    assert read(client, bureau, type="alert.closed")[0] == []
    assert read(client, bureau, division="520621001")[0] == ["mine"]
    assert read(client, bureau, division="520621002")[0] == []
    assert read(client, bureau, since=(HERE + timedelta(seconds=1)).isoformat())[0] == []


def test_a_type_without_the_right_is_refused(client: TestClient, house: House, office: Office) -> None:
    happened(house, "a")
    poor = office("poor", scopes="subscription:write")
    assert read(client, poor)[0] == []
    assert client.get(FEED, params={"type": "alert.opened"}, headers=poor).status_code == 403
    assert client.get(FEED, params={"type": "no.such"}, headers=poor).json()["code"] == "unknown-type"


def test_a_grant_that_ended_ends_what_is_told(client: TestClient, house: House, bureau: Headers) -> None:
    happened(house, "a")
    cursor = read(client, bureau)[1]
    happened(house, "b")
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE access_grant SET revoked = true WHERE holder = 'bureau'"))
    assert read(client, bureau, cursor=cursor)[0] == []


def test_a_cursor_is_its_callers_own(client: TestClient, house: House, bureau: Headers, office: Office) -> None:
    cursor = read(client, bureau)[1]
    other = office(f"other-{uuid4()}", scopes="subscription:write alert:read")
    assert client.get(FEED, params={"cursor": cursor}, headers=other).status_code == 422


@pytest.fixture
def ago(client: TestClient) -> Iterator[Callable[[int], None]]:
    """The clock of the requests, so many days back."""

    def put_back(days: int) -> None:
        client.app.state.clock = lambda _: datetime.now(UTC) - timedelta(days=days)  # type: ignore[attr-defined]

    yield put_back
    client.app.state.clock = clock.now  # type: ignore[attr-defined]


def test_a_cursor_from_before_what_is_kept_is_refused_and_says_why(
    client: TestClient, house: House, bureau: Headers, ago: Callable[[int], None]
) -> None:
    """Though nothing happened in between: whoever stayed away that long cannot know."""
    happened(house, "a")
    ago(31)
    cursor = read(client, bureau)[1]
    ago(0)
    answer = client.get(FEED, params={"cursor": cursor}, headers=bureau)
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor-too-old")
    assert read(client, bureau)[0] == ["a"]


def test_who_comes_often_keeps_up_though_nothing_happens_for_long(
    client: TestClient, house: House, bureau: Headers, ago: Callable[[int], None]
) -> None:
    happened(house, "a")
    happened(house, "elsewhere", division="520622001001")
    cursor = None
    for days in (60, 40, 20, 0):
        ago(days)
        told, cursor = read(client, bureau, **({"cursor": cursor} if cursor else {}))
        assert told == (["a"] if days == 60 else [])
    happened(house, "b")
    assert read(client, bureau, cursor=cursor)[0] == ["b"]


WISH: dict[str, Any] = {"types": ["alert.opened", "alert.closed"], "division": "520621001", "secret": SECRET}
ASKED = {"type": WISH["types"], "division": WISH["division"]}


def much_happens(house: House) -> None:
    """Of several types, subjects, places and moments of commit, most of which the subscriber asked for."""
    kinds = ("alert.opened", "alert.closed", "sweep.certified", "task.opened")
    for round_ in range(15):
        with open_session(house.engine) as slow:
            emit(slow, "alert.opened", "slow", HERE, division=VILLAGE, data={"severity": "high", "round": round_})
            slow.flush()
            for number, kind in enumerate(kinds):
                place = "520621002003" if number == round_ % 5 else VILLAGE
                happened(house, f"中文{round_ % 3}", kind=kind, division=place)
            slow.commit()


def test_the_feed_the_webhook_and_the_folder_tell_the_same_in_the_same_order(
    client: TestClient,
    house: House,
    bureau: Headers,
    receiver: Receiver,
    lanes: Callable[..., Lane],
    tmp_path: Path,
) -> None:
    assert isinstance(client.app, FastAPI)
    client.app.state.allowed = Allowed("", receiver.place)
    for path, said in {"/200": {"batch": True}, "/204": {"ordered": True}}.items():
        wish = WISH | {"url": receiver.url(path)} | said
        put = client.put(f"/v1/services/alerts/subscriptions/{uuid4()}", json=wish, headers=bureau)
        assert put.status_code == 200, put.text
    much_happens(house)
    house.delivers(lanes(receiver.place), HERE)
    by_ones = [got.body for got in receiver.got if got.path == "/204"]
    in_batches = [event for got in receiver.got if got.path == "/200" for event in got.verified()]

    def ask(cursor: str | None) -> Any:
        asked = ASKED | {"limit": 7} | ({"cursor": cursor} if cursor else {})
        return client.get(FEED, params=asked, headers=bureau).raise_for_status().json()

    folder = tmp_path / "folder"
    folder.mkdir()
    assert fetch_all(ask, folder) == len(by_ones)
    files = [path.read_bytes() for path in sorted(folder.glob("0*.json"))]
    fed = [json.loads(file) for file in files]
    assert in_batches == fed
    assert len(fed) > 30
    assert sorted(by_ones) == sorted(files)
    assert by_subject([json.loads(body) for body in by_ones]) == by_subject(fed)


def by_subject(events: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Where `ordered` is asked for, a subject's events come one after the other."""
    ordered = sorted(events, key=itemgetter("subject"))
    return {subject: [event["id"] for event in some] for subject, some in groupby(ordered, itemgetter("subject"))}


def test_who_was_killed_before_the_place_was_noted_writes_the_same_files_again(
    client: TestClient, house: House, bureau: Headers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for subject in "abcde":
        happened(house, subject)

    def ask(cursor: str | None) -> Any:
        asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        return client.get(FEED, params=asked, headers=bureau).raise_for_status().json()

    kill_after, wrote = [0], follow.write

    def write_and_die(path: Path, content: str) -> None:
        wrote(path, content)
        kill_after[0] -= 1
        if not kill_after[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(follow, "write", write_and_die)
    for writes in range(1, 9):
        kill_after[0] = writes
        with suppress(KeyboardInterrupt):
            fetch_all(ask, tmp_path)
    kill_after[0] = 0
    fetch_all(ask, tmp_path)
    happened(house, "f")
    assert fetch_all(ask, tmp_path) == 1
    files = sorted(tmp_path.glob("0*.json"))
    assert [json.loads(path.read_text())["subject"] for path in files] == list("abcdef")
    assert [path.name[:12] for path in files] == [f"{number:012d}" for number in range(1, 7)]
