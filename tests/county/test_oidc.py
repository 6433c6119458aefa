"""A foreign provider says who somebody is; our own account says what he may do."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pyotp
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.county.settings import SignInSettings
from tests.county.conftest import PASSWORD, county_with, sign_in
from tests.county.identity import id_token, installed, providing

ME = "/v1/accounts/me/second-factor"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with providing(installed(tmp_path_factory.mktemp("provider"))) as address:
        yield address


@pytest.fixture
def trusting(issuer: str, secrets: Path, engines: dict[str, Engine], admin: dict[str, str]) -> Iterator[TestClient]:
    limits = SignInSettings(oidc_issuer=issuer, oidc_audience="shouwang-desk", oidc_keys_url=f"{issuer}/jwks")
    with county_with(secrets, engines["county"], limits) as opened:
        yield opened


@pytest.fixture
def li(trusting: TestClient, admin: dict[str, str]) -> str:
    body = {"id": str(uuid4()), "username": "li", "name": "某人", "password": PASSWORD, "roles": ["auditor"]}
    return str(trusting.post("/v1/accounts", json=body, headers=admin).json()["id"])


def link(client: TestClient, admin: dict[str, str], account: str, subject: str, provider: str = "oidc") -> Any:
    return client.put(f"/v1/accounts/{account}/sign-on/{provider}", json={"subject": subject}, headers=admin)


def exchange(client: TestClient, token: str, **said: str) -> Any:
    return client.post("/v1/sign-ins/oidc", json={"id_token": token} | said)


def test_a_linked_person_signs_in_with_our_roles_and_none_of_theirs(
    trusting: TestClient, admin: dict[str, str], li: str, issuer: str
) -> None:
    """Their token says role `system`."""
    assert link(trusting, admin, li, "person-li").status_code == 200
    answer = exchange(trusting, id_token(issuer, "person-li")).json()
    headers = {"authorization": f"Bearer {answer['access_token']}"}
    assert trusting.get("/v1/accounts/me", headers=headers).json()["roles"] == ["auditor"]
    assert trusting.post("/v1/accounts", json={}, headers=headers).status_code == 403
    assert trusting.post("/v1/refreshes", json={"refresh_token": answer["refresh_token"]}).status_code == 200


def test_a_token_is_taken_once(trusting: TestClient, admin: dict[str, str], li: str, issuer: str) -> None:
    link(trusting, admin, li, "person-li")
    token = id_token(issuer, "person-li")
    assert [exchange(trusting, token).status_code for _ in range(2)] == [200, 401]


def test_somebody_nobody_has_linked_or_disabled_is_nobody(
    trusting: TestClient, admin: dict[str, str], li: str, issuer: str
) -> None:
    assert exchange(trusting, id_token(issuer, "person-li")).status_code == 401
    link(trusting, admin, li, "person-li")
    trusting.put(f"/v1/accounts/{li}/disabled", json={"disabled": True}, headers=admin)
    assert exchange(trusting, id_token(issuer, "person-li")).status_code == 401


def test_their_token_for_another_client_opens_nothing(
    trusting: TestClient, admin: dict[str, str], li: str, issuer: str
) -> None:
    link(trusting, admin, li, "person-li")
    assert exchange(trusting, id_token(issuer, "person-li", "another")).status_code == 401


def test_their_token_at_the_api_and_ours_at_the_exchange_open_nothing(
    trusting: TestClient, admin: dict[str, str], li: str, issuer: str
) -> None:
    link(trusting, admin, li, "person-li")
    theirs = {"authorization": f"Bearer {id_token(issuer, 'person-li')}"}
    assert trusting.get("/v1/accounts/me", headers=theirs).status_code == 401
    assert exchange(trusting, admin["authorization"].removeprefix("Bearer ")).status_code == 401


def test_by_user_name_where_the_operator_says_so(
    issuer: str, secrets: Path, engines: dict[str, Engine], li: str
) -> None:
    limits = SignInSettings(
        oidc_issuer=issuer,
        oidc_audience="shouwang-desk",
        oidc_keys_url=f"{issuer}/jwks",
        oidc_username_claim="preferred_username",
    )
    with county_with(secrets, engines["county"], limits) as opened:
        assert exchange(opened, id_token(issuer, "person-li")).status_code == 200
        assert exchange(opened, id_token(issuer, "person-stranger")).status_code == 401


@pytest.fixture
def totp(trusting: TestClient, admin: dict[str, str], li: str) -> pyotp.TOTP:
    """Li, linked twice over, has bound an authenticator; the code of the confirmation is used up."""
    link(trusting, admin, li, "person-li")
    mine = sign_in(trusting, "li")
    url = trusting.put(f"{ME}", json={"password": PASSWORD}, headers=mine).json()["otpauth_url"]
    totp = pyotp.TOTP(parse_qs(urlsplit(url).query)["secret"][0])
    earlier = totp.at(int(time.time()) - 30)
    assert trusting.post(f"{ME}/confirmation", json={"totp": earlier}, headers=mine).status_code == 201
    return totp


def test_who_has_bound_a_second_factor_is_asked_for_it_here_too(
    trusting: TestClient, li: str, issuer: str, totp: pyotp.TOTP
) -> None:
    token = id_token(issuer, "person-li")
    missing, wrong = exchange(trusting, token), exchange(trusting, token, totp="000000")
    assert missing.status_code == wrong.status_code == 401
    assert missing.content == wrong.content == exchange(trusting, id_token(issuer, "person-stranger")).content
    assert exchange(trusting, token, totp=totp.now()).status_code == 200  # what failed has not used the token up
    again = id_token(issuer, "person-li")
    assert exchange(trusting, again, totp=totp.now()).status_code == 401  # the code is


def test_guessing_at_the_code_with_their_word_is_ended_like_guessing_at_a_password(
    trusting: TestClient, li: str, issuer: str, totp: pyotp.TOTP
) -> None:
    token = id_token(issuer, "person-li")
    answers = [exchange(trusting, token, totp="000000").status_code for _ in range(8)]
    assert answers == [401] * 6 + [429] * 2
    assert exchange(trusting, token, totp=totp.now()).status_code == 429


def test_who_was_asked_for_a_second_factor_there_is_not_asked_here(
    trusting: TestClient, admin: dict[str, str], li: str, issuer: str, totp: pyotp.TOTP
) -> None:
    link(trusting, admin, li, "person-li-twice")
    assert exchange(trusting, id_token(issuer, "person-li-twice")).status_code == 200


def test_without_a_trusted_issuer_there_is_no_such_door(client: TestClient) -> None:
    assert exchange(client, "a.b.c").status_code == 404
