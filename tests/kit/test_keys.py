"""The issuer's keys: fetched, kept for a while, and not waited for by everybody in turn."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from joserfc.jwk import KeySet, RSAKey
from starlette.testclient import TestClient

from services.kit.web.auth import IssuerAway, Keys, request_caller
from services.kit.web.errors import speak_problems
from services.kit.web.verified import Verified
from tests.callers import Sign


class Issuer:
    """Answers, or does not; with a clock that stands until it is moved."""

    def __init__(self, *keys: RSAKey) -> None:
        self.keys, self.away, self.asked, self.now = list(keys), False, 0, 0.0

    def publish(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.away:
            raise httpx.ConnectError("nobody there")
        return KeySet(list(self.keys)).as_dict(private=False)

    def read_by_others(self) -> Keys:
        return Keys(self.publish, lambda: 1_000.0 + self.now)


class Revoked:
    """Everybody's tokens until then."""

    def __init__(self, until: float = 0.0) -> None:
        self.until = until

    def not_before(self, subject: str) -> float:
        return self.until


@pytest.fixture
def issuer(signing_key: RSAKey) -> Issuer:
    return Issuer(signing_key)


@contextmanager
def county_that_says(status: int, told: bytes) -> Iterator[str]:
    """The address of a server whose only page is that of the keys."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/v1/keys" else 404)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *said: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def known(keys: Keys) -> list[str | None]:
    return [key.kid for key in keys.that_know("test").keys]


@contextmanager
def read_at(keys: Keys, revoked: Revoked) -> Iterator[TestClient]:
    app = FastAPI()
    speak_problems(app)
    app.state.keys, app.state.revoked, app.state.verified = keys, revoked, Verified()
    app.get("/", dependencies=[Depends(request_caller)])(lambda: "seen")
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_a_caller_is_told_to_come_again_while_county_is_away_and_his_key_unknown(issuer: Issuer, sign: Sign) -> None:
    issuer.away = True
    with read_at(Keys(issuer.publish), Revoked()) as client:
        answer = client.get("/", headers=sign("someone"))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "issuer-away", "2")


@pytest.mark.parametrize("scheme", ["Basic", "Token", "", "Bearer2", "Digest"])
def test_a_good_token_of_another_scheme_is_no_token(issuer: Issuer, sign: Sign, scheme: str) -> None:
    token = sign("someone")["authorization"].partition(" ")[2]
    with read_at(Keys(issuer.publish), Revoked()) as client:
        assert client.get("/", headers={"authorization": f"bearer {token}"}).status_code == 200
        answer = client.get("/", headers={"authorization": f"{scheme} {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


@pytest.mark.parametrize(("later", "status"), [(-60, 200), (60, 401)], ids=["before-it", "after-it"])
def test_a_token_from_before_its_subject_was_sent_away_is_refused(
    issuer: Issuer, sign: Sign, later: float, status: int
) -> None:
    with read_at(Keys(issuer.publish), Revoked(until=time.time() + later)) as client:
        assert client.get("/", headers=sign("someone")).status_code == status


@pytest.mark.parametrize(
    "told",
    [{}, {"keys": 5}, {"keys": [{"kty": "RSA"}]}, {"keys": [{"kty": "none"}]}, {"keys": [{}]}],
    ids=["nothing", "a-number", "half-a-key", "no-kind-of-ours", "an-empty-key"],
)
def test_what_is_no_set_of_keys_is_as_if_nobody_had_answered(told: dict[str, Any]) -> None:
    with pytest.raises(IssuerAway):
        Keys(lambda: told).that_know("test")


def test_a_look_for_keys_that_failed_is_not_repeated_by_everybody_in_turn(issuer: Issuer) -> None:
    keys, issuer.away = issuer.read_by_others(), True
    for _ in range(10):
        with pytest.raises(IssuerAway):
            keys.that_know("test")
    assert issuer.asked == 1
    issuer.away, issuer.now = False, 3.0
    assert known(keys) == ["test"]


def test_keys_that_are_known_are_read_beside_a_look_that_takes_long(issuer: Issuer) -> None:
    """Whoever knows the key waits for nobody."""
    keys = issuer.read_by_others()
    assert known(keys) == ["test"]
    with keys._lock, ThreadPoolExecutor(1) as others:
        assert others.submit(known, keys).result(timeout=10) == ["test"]
    assert issuer.asked == 1


def test_a_withdrawn_key_is_not_trusted_until_restart(issuer: Issuer) -> None:
    keys = issuer.read_by_others()
    assert known(keys) == ["test"]
    issuer.keys, issuer.now = [RSAKey.generate_key(2048, parameters={"kid": "new"})], 300.0
    assert known(keys) == ["new"]


def test_old_keys_serve_while_county_is_away_but_no_longer_than_a_token_lasts(issuer: Issuer) -> None:
    keys = issuer.read_by_others()
    known(keys)
    issuer.away, issuer.now = True, 300.0
    assert known(keys) == ["test"]
    issuer.now = 600.0
    with pytest.raises(IssuerAway):
        keys.that_know("test")


def test_who_may_not_wait_is_told_what_is_known_without_a_look(issuer: Issuer) -> None:
    keys = issuer.read_by_others()
    assert (keys.knows("test"), issuer.asked) == (False, 0)
    known(keys)
    issuer.now = 299.9
    assert (keys.knows("test"), keys.knows("a stranger's")) == (True, False)
    issuer.now = 300.0
    assert (keys.knows("test"), issuer.asked) == (False, 1)


def test_an_unknown_key_is_not_looked_for_again_and_again(issuer: Issuer) -> None:
    keys = issuer.read_by_others()
    for _ in range(10):
        keys.that_know("a stranger's")
    assert issuer.asked == 1
    issuer.now = 59.9
    keys.that_know("a stranger's")
    assert issuer.asked == 1
    issuer.now = 60.0
    keys.that_know("a stranger's")
    assert issuer.asked == 2


def test_countys_keys_are_fetched_from_it_and_through_no_proxy(
    signing_key: RSAKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with county_that_says(200, json.dumps(KeySet([signing_key]).as_dict(private=False)).encode()) as address:
        assert known(Keys.of(address)) == ["test"]


def test_keys_on_a_page_that_says_something_went_wrong_are_none(signing_key: RSAKey) -> None:
    told = json.dumps(KeySet([signing_key]).as_dict(private=False)).encode()
    with county_that_says(500, told) as address, pytest.raises(IssuerAway):
        Keys.of(address).that_know("test")


def test_a_page_that_is_no_json_is_no_set_of_keys() -> None:
    with county_that_says(200, b"<html>") as address, pytest.raises(IssuerAway):
        Keys.of(address).that_know("test")
