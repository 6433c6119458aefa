"""Tokens: only those that county signed, for us, of the right kind, while they last."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from joserfc import jwt
from starlette.testclient import TestClient

from services.county.clients import SECRET_KEPT_FOR
from services.county.tokens import Signer, load_key
from services.kit.web.auth import AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE, Keys, read_whole
from tests.county.conftest import SignedIn

GOOD: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "someone", "roles": ["county"], "scope": ""}


def signed(secrets: Path, header: dict[str, Any], claims: dict[str, Any], name: str = "current") -> str:
    key = load_key(secrets / "signing" / f"{name}.pem")
    now = int(time.time())
    whole = {"alg": "RS256", "typ": TOKEN_TYPE, "kid": key.kid} | header
    return jwt.encode(whole, GOOD | {"iat": now, "exp": now + LIFETIME} | claims, key, algorithms=["RS256"])


def nobody_left(_: str) -> float:
    return 0.0


def keys_of(secrets: Path) -> Keys:
    return Signer.read(secrets).keys()


def test_both_published_keys_are_accepted(secrets: Path) -> None:
    for name in ("current", "next"):
        assert (
            read_whole(signed(secrets, {}, {}, name), keys_of(secrets), time.time(), nobody_left)[0].subject
            == "someone"
        )


def test_a_client_system_gets_the_scopes_it_was_given_and_no_more(client: TestClient, admin: dict[str, str]) -> None:
    body = {"name": "medical-insurance", "scopes": ["alert:read"]}
    made = client.put("/v1/client-systems/medical-insurance", json=body, headers=admin).json()
    granted = client.post(
        "/v1/tokens",
        data={"grant_type": "client_credentials", "resource": "unknown here"},  # passed over: RFC 6749, section 3.2
        auth=("medical-insurance", made["secret"]),
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
    client.app.state.clock = lambda _: later
    assert client.put("/v1/client-systems/medical-insurance", json=body, headers=admin).status_code == 409


def test_a_wrong_client_secret_gets_nothing(client: TestClient) -> None:
    form = {"grant_type": "client_credentials"}
    assert client.post("/v1/tokens", data=form, auth=("alerts", "guess")).status_code == 401
    assert client.post("/v1/tokens", data=form, auth=("nobody", "")).status_code == 401
    assert client.post("/v1/tokens", data=form, headers={"authorization": "Basic !!"}).status_code == 401
    assert client.post("/v1/tokens", data=form, auth=("a\0b", "guess")).status_code == 401


def test_nobody_can_ask_for_the_facts_scope(client: TestClient, admin: dict[str, str]) -> None:
    body = {"name": "curious", "scopes": ["facts:read"]}
    assert client.put("/v1/client-systems/curious", json=body, headers=admin).status_code == 422
