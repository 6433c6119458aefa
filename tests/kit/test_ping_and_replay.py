"""A subscriber tries the way to it, and asks again for what it has lost."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from standardwebhooks.webhooks import WebhookVerificationError
from starlette.testclient import TestClient

from services.alerts.main import create
from services.cli.secret_files import secret_folder
from services.kit.post.events import emit
from services.kit.post.outgoing import Lane
from services.kit.post.receivers import Allowed
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.callers import HERE, Headers, Office, Sign, served
from tests.kit.house import House
from tests.kit.receiving import SECRET, Receiver
from tests.secrets_made_once import make_secrets

PATH = "/v1/services/alerts/subscriptions"
Lanes = Callable[..., Lane]
HOUR = timedelta(hours=1)


@pytest.fixture
def house(engines: dict[str, Engine], clean: None, seal: Seal) -> House:
    return House(engines["alerts"], seal)


@pytest.fixture
def client(
    house: House, engines: dict[str, Engine], signing_key: RSAKey, tmp_path: Path, receiver: Receiver
) -> Iterator[TestClient]:
    make_secrets(tmp_path)
    with served(create, "alerts", engines["alerts"], signing_key, secret_folder(tmp_path, "alerts")) as opened:
        assert isinstance(opened.app, FastAPI)
        opened.app.state.allowed = Allowed("", receiver.place)
        yield opened


@pytest.fixture
def bureau(office: Office) -> Headers:
    return office("bureau", scopes="subscription:write alert:read")


def subscribed(client: TestClient, bureau: Headers, url: str, **said: object) -> UUID:
    key = uuid4()
    wish = {"url": url, "types": ["alert.opened"], "secret": SECRET} | said
    assert client.put(f"{PATH}/{key}", json=wish, headers=bureau).status_code == 200
    return key


def happened(house: House, *ages: timedelta, kind: str = "alert.opened", division: str = "520621001005") -> None:
    with open_session(house.engine) as session, session.begin():
        for age in ages:
            emit(session, kind, str(age), HERE - age, division=division)


def test_a_ping_reaches_its_subscriber_alone_and_shows_nothing_of_the_answer(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key, other = (subscribed(client, bureau, receiver.url(path)) for path in ("/500", "/204"))
    said = client.post(f"{PATH}/{key}/ping", headers=bureau)
    assert said.status_code == 202
    assert house.delivers(lanes(receiver.place), HERE) == 1
    [got] = receiver.got
    event = got.verified()
    assert (got.path, event["type"], event["subject"], event["data"]) == ("/500", "subscription.pinged", str(key), {})
    [shown] = client.get(f"{PATH}/{key}/deliveries", headers=bureau).json()["rows"]
    assert (shown["id"], shown["event_id"], shown["status"]) == (said.json()["id"], event["id"], 500)
    assert shown.keys() == {"id", "event_id", "attempts", "done_at", "dead_at", "due_at", "status", "problem"}
    assert client.get(f"{PATH}/{other}/deliveries", headers=bureau).json()["rows"] == []


def given_up(house: House) -> None:
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE delivery SET dead_at = now() WHERE done_at IS NULL"))


def test_dead_letters_are_listed_and_sent_once_more_under_the_same_ids(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = subscribed(client, bureau, receiver.url("/204"))
    happened(house, 3 * HOUR)
    house.delivers(lanes(receiver.place), HERE)
    happened(house, 2 * HOUR, HOUR)
    house.delivers(lanes(), HERE)  # nobody is listed, so it fails
    given_up(house)
    states: dict[str, list[dict[str, str]]] = {state: [] for state in ("waiting", "done", "dead")}
    for state in states:
        states[state] = client.get(f"{PATH}/{key}/deliveries", params={"state": state}, headers=bureau).json()["rows"]
    assert [len(rows) for rows in states.values()] == [0, 1, 2]
    receiver.got.clear()
    said = client.post(f"{PATH}/{key}/redelivery", json={}, headers=bureau)
    assert (said.status_code, said.json()) == (202, {"owed": 2})
    house.delivers(lanes(receiver.place), HERE)
    assert sorted(receiver.ids) == sorted(row["event_id"] for row in states["dead"])


def test_one_delivery_can_be_asked_for_by_name_and_nobody_elses(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key, other = (subscribed(client, bureau, receiver.url("/204")) for _ in range(2))
    happened(house, HOUR, 2 * HOUR)
    house.delivers(lanes(receiver.place), HERE)
    mine, theirs = (client.get(f"{PATH}/{k}/deliveries", headers=bureau).json()["rows"] for k in (key, other))
    asked = {"deliveries": [mine[0]["id"], theirs[0]["id"], str(uuid4())]}
    assert client.post(f"{PATH}/{key}/redelivery", json=asked, headers=bureau).json() == {"owed": 1}
    receiver.got.clear()
    house.delivers(lanes(receiver.place), HERE)
    assert receiver.ids == [mine[0]["event_id"]]


def test_what_one_may_no_longer_hear_is_not_sent_once_more(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = subscribed(client, bureau, receiver.url("/204"))
    happened(house, HOUR)
    happened(house, HOUR, division="520621002001")
    house.delivers(lanes(), HERE)
    given_up(house)
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE access_grant SET place = '520621001' WHERE holder = 'bureau'"))
    assert client.post(f"{PATH}/{key}/redelivery", json={}, headers=bureau).json() == {"owed": 1}


def test_a_new_secret_signs_beside_the_former_one_for_a_day(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = subscribed(client, bureau, receiver.url("/204"))
    said = client.post(f"{PATH}/{key}/secret", headers=bureau).json()
    until = datetime.fromisoformat(said["former_until"])
    assert timedelta(hours=23) < until - HERE < timedelta(hours=25)
    happened(house, HOUR)
    house.delivers(lanes(receiver.place), HERE)
    [got] = receiver.got
    assert got.verified(said["secret"]) == got.verified(SECRET)
    assert len(got.headers["webhook-signature"].split()) == 2
    happened(house, HOUR)
    house.delivers(lanes(receiver.place), until)
    assert receiver.got[1].verified(said["secret"])
    with pytest.raises(WebhookVerificationError):
        receiver.got[1].verified(SECRET)


def test_a_secret_is_shown_once_and_a_put_keeps_the_former_one_valid(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver
) -> None:
    key = uuid4()
    wish = {"url": receiver.url("/204"), "types": ["alert.opened"]}
    first = client.put(f"{PATH}/{key}", json=wish, headers=bureau).json()
    again = client.put(f"{PATH}/{key}", json=wish, headers=bureau).json()
    assert (first["secret"][:6], first["former_until"], again["secret"], again["former_until"]) == (
        "whsec_", None, None, None
    )  # fmt: skip
    changed = client.put(f"{PATH}/{key}", json=wish | {"secret": SECRET}, headers=bureau).json()
    assert (changed["secret"], changed["former_until"] is not None) == (None, True)
    assert [row["secret"] for row in client.get(PATH, headers=bureau).json()] == [None]


def test_a_subscription_that_was_disabled_says_why_and_is_enabled_by_putting_it_again(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = subscribed(client, bureau, receiver.url("/410"))
    happened(house, HOUR)
    house.delivers(lanes(receiver.place), HERE)
    [shown] = client.get(PATH, headers=bureau).json()
    assert (shown["disabled_because"], datetime.fromisoformat(shown["disabled_at"])) == ("gone", HERE)
    assert client.post(f"{PATH}/{key}/redelivery", json={}, headers=bureau).status_code == 409
    wish = {"url": receiver.url("/204"), "types": ["alert.opened"]}
    back = client.put(f"{PATH}/{key}", json=wish, headers=bureau).json()
    assert (back["disabled_at"], back["disabled_because"]) == (None, None)
    assert client.post(f"{PATH}/{key}/redelivery", json={}, headers=bureau).json() == {"owed": 1}


def test_what_was_told_since_a_moment_is_told_again_under_the_same_ids(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = subscribed(client, bureau, receiver.url("/204"), division="520621")
    happened(house, 5 * HOUR, 3 * HOUR, HOUR)
    house.delivers(lanes(receiver.place), HERE)
    before = sorted(receiver.ids)
    receiver.got.clear()
    said = client.post(f"{PATH}/{key}/replay", json={"since": (HERE - 3 * HOUR).isoformat()}, headers=bureau)
    assert (said.status_code, said.json()) == (202, {"owed": 2})
    house.delivers(lanes(receiver.place), HERE)
    assert {got.verified()["subject"] for got in receiver.got} == {str(3 * HOUR), str(HOUR)}
    assert set(receiver.ids) < set(before)


def test_a_replay_brings_what_was_before_the_subscription_and_what_had_died(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    happened(house, 2 * HOUR)
    house.delivers(lanes(receiver.place), HERE)
    key = subscribed(client, bureau, receiver.url("/204"))
    happened(house, HOUR)
    house.delivers(lanes(), HERE)  # nobody is listed, so it fails
    with open_session(house.engine) as session, session.begin():
        session.execute(text("UPDATE delivery SET dead_at = now()"))
    said = client.post(f"{PATH}/{key}/replay", json={"since": "2020-01-01T00:00:00Z"}, headers=bureau)
    assert said.json() == {"owed": 2}
    house.delivers(lanes(receiver.place), HERE)
    assert (len(receiver.got), house.owed) == (2, 0)


def test_a_replay_brings_nothing_the_subscriber_did_not_ask_for(
    client: TestClient, bureau: Headers, house: House, receiver: Receiver, lanes: Lanes
) -> None:
    key = subscribed(client, bureau, receiver.url("/204"), division="520621001")
    happened(house, HOUR, kind="alert.closed")
    happened(house, HOUR, division="520621002")
    house.delivers(lanes(receiver.place), HERE)
    said = client.post(f"{PATH}/{key}/replay", json={"since": "2020-01-01T00:00:00Z"}, headers=bureau)
    assert said.json() == {"owed": 0}
    assert receiver.got == []


def test_who_has_lost_the_right_to_a_type_cannot_have_it_replayed(
    client: TestClient, bureau: Headers, sign: Sign, receiver: Receiver
) -> None:
    key = subscribed(client, bureau, receiver.url("/204"))
    said = client.post(
        f"{PATH}/{key}/replay",
        json={"since": "2020-01-01T00:00:00Z"},
        headers=sign("bureau", scopes="subscription:write"),
    )
    assert said.status_code == 403


SINCE_EVER = {"since": "2020-01-01T00:00:00Z"}


@pytest.mark.parametrize(("action", "body"), [("ping", None), ("redelivery", {}), ("replay", SINCE_EVER)])
def test_only_its_own_subscriber_can_ask_and_only_while_it_lasts(
    client: TestClient, bureau: Headers, office: Office, receiver: Receiver, action: str, body: object
) -> None:
    key = subscribed(client, bureau, receiver.url("/204"))
    other = office("another", scopes="subscription:write alert:read")
    assert client.post(f"{PATH}/{key}/{action}", json=body, headers=other).status_code == 404
    client.delete(f"{PATH}/{key}", headers=bureau)
    said = client.post(f"{PATH}/{key}/{action}", json=body, headers=bureau)
    assert (said.status_code, said.json()["code"]) == (409, "subscription-ended")


def test_a_secret_is_made_for_its_own_subscriber_alone(
    client: TestClient, bureau: Headers, office: Office, receiver: Receiver
) -> None:
    key = subscribed(client, bureau, receiver.url("/204"))
    other = office("another", scopes="subscription:write alert:read")
    assert client.post(f"{PATH}/{key}/secret", headers=other).status_code == 404


def test_a_moment_without_its_zone_is_refused(client: TestClient, bureau: Headers, receiver: Receiver) -> None:
    key = subscribed(client, bureau, receiver.url("/204"))
    said = client.post(f"{PATH}/{key}/replay", json={"since": "2026-11-01T00:00:00"}, headers=bureau)
    assert said.status_code == 422
