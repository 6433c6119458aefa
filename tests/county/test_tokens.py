"""Tokens: only those that county signed, for us, of the right kind, while they last."""

import base64
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from services.county.clients import SECRET_KEPT_FOR
from services.county.tokens import Signer, load_key
from services.kit.store.db import read_clock
from services.kit.web.auth import AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE, Keys, read_token
from services.kit.web.errors import NotSignedIn
from tests.county.conftest import SignedIn

GOOD: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "someone", "roles": ["county"], "scope": ""}


def signed(secrets: Path, header: dict[str, Any], claims: dict[str, Any], name: str = "current") -> str:
    key = load_key(secrets / "signing" / f"{name}.pem")
    now = int(time.time())
    whole = {"alg": "RS256", "typ": TOKEN_TYPE, "kid": key.kid} | header
    return jwt.encode(whole, GOOD | {"iat": now, "exp": now + LIFETIME} | claims, key, algorithms=["RS256"])


def keys_of(secrets: Path) -> Keys:
    return Signer.read(secrets).keys()


def test_both_published_keys_are_accepted(secrets: Path) -> None:
    for name in ("current", "next"):
        assert read_token(signed(secrets, {}, {}, name), keys_of(secrets), time.time()).subject == "someone"


NOW = int(time.time())
ATTACKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another type": ({"typ": "JWT"}, {}),
    "a log-out token": ({"typ": "logout+jwt"}, {}),
    "an unknown key": ({"kid": "../../dev/null"}, {}),
    "another issuer": ({}, {"iss": "elsewhere"}),
    "another audience": ({}, {"aud": "elsewhere"}),
    "us among other audiences": ({}, {"aud": [AUDIENCE, "elsewhere"]}),
    "ended": ({}, {"iat": NOW - 2 * LIFETIME, "exp": NOW - LIFETIME}),
    "of the future": ({}, {"iat": NOW + 3600, "exp": NOW + 3600 + LIFETIME}),
    "for ten years": ({}, {"exp": NOW + 315_360_000}),
    "without an end": ({}, {"exp": None}),
    "an end that is text": ({}, {"exp": "tomorrow"}),
    "without a subject": ({}, {"sub": None}),
    "roles that are a number": ({}, {"roles": 3}),
    "a scope that is a list": ({}, {"scope": ["facts:read"]}),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_is_refused_that_is(attack: str, secrets: Path) -> None:
    header, claims = ATTACKS[attack]
    claims = {name: value for name, value in claims.items() if value is not None}
    token = signed(secrets, header, claims)
    for name, value in ATTACKS[attack][1].items():
        if value is None:
            token = without(secrets, name)
    with pytest.raises(NotSignedIn):
        read_token(token, keys_of(secrets), time.time())


def without(secrets: Path, claim: str) -> str:
    key = load_key(secrets / "signing" / "current.pem")
    now = int(time.time())
    claims = GOOD | {"iat": now, "exp": now + LIFETIME}
    del claims[claim]
    return jwt.encode({"alg": "RS256", "typ": TOKEN_TYPE, "kid": key.kid}, claims, key, algorithms=["RS256"])


def test_a_token_of_another_key_or_none_at_all_is_refused(secrets: Path) -> None:
    stranger = RSAKey.generate_key(2048)
    kid = load_key(secrets / "signing" / "current.pem").kid
    now = int(time.time())
    claims = GOOD | {"iat": now, "exp": now + LIFETIME}
    forged = jwt.encode({"alg": "RS256", "typ": TOKEN_TYPE, "kid": kid}, claims, stranger, algorithms=["RS256"])
    parts = [{"alg": "none", "typ": TOKEN_TYPE, "kid": kid}, claims]
    bare = ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."
    for token in (forged, bare, "", "a.b.c", "x" * 100_000):
        with pytest.raises(NotSignedIn):
            read_token(token, keys_of(secrets), time.time())


def test_a_client_system_gets_the_scopes_it_was_given_and_no_more(client: TestClient, admin: dict[str, str]) -> None:
    body = {"name": "medical-insurance", "scopes": ["alert:read"]}
    made = client.put("/v1/client-systems/medical-insurance", json=body, headers=admin).json()
    granted = client.post(
        "/v1/tokens", data={"grant_type": "client_credentials"}, auth=("medical-insurance", made["secret"])
    )
    headers = {"authorization": f"Bearer {granted.json()['access_token']}"}
    assert client.get("/v1/standards", headers=headers).status_code == 403
    other = body | {"scopes": ["frame:read"]}
    assert client.put("/v1/client-systems/medical-insurance", json=other, headers=admin).status_code == 409


def test_a_secret_whose_answer_was_lost_is_told_again_to_who_asked_for_it_and_soon(
    client: TestClient, admin: dict[str, str], signed_in: SignedIn
) -> None:
    body = {"name": "medical-insurance", "scopes": ["alert:read"]}
    first, again = (client.put("/v1/client-systems/medical-insurance", json=body, headers=admin) for _ in range(2))
    assert (first.status_code, first.content) == (201, again.content)
    another = client.put("/v1/client-systems/medical-insurance", json=body, headers=signed_in("system"))
    assert another.json()["code"] == "client-exists"
    later = datetime.now(ZoneInfo("Asia/Shanghai")) + SECRET_KEPT_FOR
    assert isinstance(client.app, FastAPI)
    client.app.dependency_overrides[read_clock] = lambda: later
    assert client.put("/v1/client-systems/medical-insurance", json=body, headers=admin).status_code == 409


def test_a_wrong_client_secret_gets_nothing(client: TestClient) -> None:
    form = {"grant_type": "client_credentials"}
    assert client.post("/v1/tokens", data=form, auth=("alerts", "guess")).status_code == 401
    assert client.post("/v1/tokens", data=form, auth=("nobody", "")).status_code == 401
    assert client.post("/v1/tokens", data=form, headers={"authorization": "Basic !!"}).status_code == 401


def test_nobody_can_ask_for_the_facts_scope(client: TestClient, admin: dict[str, str]) -> None:
    body = {"name": "curious", "scopes": ["facts:read"]}
    assert client.put("/v1/client-systems/curious", json=body, headers=admin).status_code == 422
