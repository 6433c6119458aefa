"""The issuer's keys: fetched, kept for a while, and not waited for by everybody in turn."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from joserfc.jwk import KeySet, RSAKey
from starlette.testclient import TestClient

from services.kit.web.auth import FRESH_FOR, RETRY_AFTER, TRUSTED_FOR, IssuerAway, Keys, request_caller
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
        return Keys(self.publish, lambda: self.now)


class Nobody:
    """Nobody's tokens have been revoked."""

    def not_before(self, subject: str) -> float:
        return 0.0


@pytest.fixture
def issuer(signing_key: RSAKey) -> Issuer:
    return Issuer(signing_key)


def known(keys: Keys) -> list[str | None]:
    return [key.kid for key in keys.that_know("test").keys]


def test_a_caller_is_told_to_come_again_while_county_is_away_and_his_key_unknown(issuer: Issuer, sign: Sign) -> None:
    app = FastAPI()
    speak_problems(app)
    issuer.away, app.state.keys, app.state.revoked = True, Keys(issuer.publish), Nobody()
    app.state.verified = Verified()
    app.get("/", dependencies=[Depends(request_caller)])(lambda: "seen")
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/", headers=sign("someone"))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "issuer-away", "2")


def test_a_look_for_keys_that_failed_is_not_repeated_by_everybody_in_turn(issuer: Issuer) -> None:
    keys, issuer.away = issuer.read_by_others(), True
    for _ in range(10):
        with pytest.raises(IssuerAway):
            keys.that_know("test")
    assert issuer.asked == 1
    issuer.away, issuer.now = False, RETRY_AFTER
    assert known(keys) == ["test"]


def test_a_withdrawn_key_is_not_trusted_until_restart(issuer: Issuer) -> None:
    keys = issuer.read_by_others()
    assert known(keys) == ["test"]
    issuer.keys, issuer.now = [RSAKey.generate_key(2048, parameters={"kid": "new"})], FRESH_FOR
    assert known(keys) == ["new"]


def test_old_keys_serve_while_county_is_away_but_no_longer_than_a_token_lasts(issuer: Issuer) -> None:
    keys = issuer.read_by_others()
    known(keys)
    issuer.away, issuer.now = True, FRESH_FOR
    assert known(keys) == ["test"]
    issuer.now = TRUSTED_FOR
    with pytest.raises(IssuerAway):
        keys.that_know("test")


def test_an_unknown_key_is_not_looked_for_again_and_again(issuer: Issuer) -> None:
    keys = issuer.read_by_others()
    for _ in range(10):
        keys.that_know("a stranger's")
    assert issuer.asked == 1
