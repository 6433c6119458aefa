"""Every token of the table is refused by every service, in the same words, and nobody is called because of one."""

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.cli.secret_files import secret_folder
from tests.attack_tokens import ATTACKS, Attack, Forge
from tests.callers import served
from tests.secrets_made_once import make_secrets

DOORS = {
    "county": "/v1/divisions",
    "households": "/v1/households",
    "attendance": "/v1/teams",
    "alerts": "/v1/rules",
}
CALLS_OUT = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "open", "subprocess.Popen")
called: list[tuple[str, str]] = []
watching = False


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if watching and event in CALLS_OUT and not str(arguments[0]).endswith(".py"):  # Python reads its own source
        called.append((event, str(arguments[0])))


sys.addaudithook(watch)


@pytest.fixture(scope="module", params=DOORS)
def door(
    engines: dict[str, Engine],
    signing_key: RSAKey,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[tuple[TestClient, str]]:
    """A service's real app, and a path of it that asks who is there."""
    service = str(request.param)
    state = tmp_path_factory.mktemp(service)
    make_secrets(state)
    create = import_module(f"services.{service}.main").create
    with served(create, service, engines[service], signing_key, secret_folder(state, service)) as client:
        yield client, DOORS[service]


@pytest.fixture(scope="module")
def forge(signing_key: RSAKey) -> Forge:
    return Forge(signing_key)


def ask(door: tuple[TestClient, str], token: str) -> Any:
    client, path = door
    return client.get(path, headers={b"authorization": f"Bearer {token}".encode("latin-1")})


def test_there_are_at_least_sixty() -> None:
    assert len(ATTACKS) >= 60


def test_a_sound_token_is_let_in(door: tuple[TestClient, str], forge: Forge) -> None:
    """Else the refusals below would prove nothing."""
    answer = ask(door, forge.body())
    assert answer.status_code not in (401, 403) or answer.json()["code"] == "no-office"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_refused(door: tuple[TestClient, str], forge: Forge, attack: Attack) -> None:
    global watching
    token = attack(forge)
    called.clear()
    watching = True
    try:
        answer = ask(door, token)
    finally:
        watching = False
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert called == []


@pytest.mark.parametrize("sent", [["Basic dTpw"], ["Bearer"], ["bearer "], [], ["twice", "twice"]])
def test_refused_by_how_it_is_sent(door: tuple[TestClient, str], forge: Forge, sent: list[str]) -> None:
    client, path = door
    headers = [("authorization", f"Bearer {forge.body()}" if one == "twice" else one) for one in sent]
    assert client.get(path, headers=headers).status_code == 401


def test_the_edges_of_what_clocks_may_differ(door: tuple[TestClient, str], forge: Forge) -> None:
    for sound in ({"iat": 55, "exp": 300}, {"nbf": 55}, {"iat": -590, "exp": 10}):
        assert ask(door, forge.later(**sound)).status_code != 401, sound
