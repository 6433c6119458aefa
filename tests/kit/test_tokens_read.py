"""What a token must say, to the letter and to the second: written out here, and not as the code has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.testclient import TestClient

from services.kit.web.auth import Keys, SignInEnded, policy, read_whole
from services.kit.web.errors import DomainError, NotSignedIn, speak_problems
from services.kit.web.verified import Verified
from tests.callers import Sign

NOW = 1_800_000_000
HEADER = {"alg": "RS256", "kid": "test", "typ": "at+jwt"}
CLAIMS: dict[str, Any] = {"iss": "shouwang-county", "aud": "shouwang", "sub": "someone", "iat": NOW, "exp": NOW + 600,
          "roles": ["cadre"], "scope": ""}  # fmt: skip


def read(key: RSAKey, header: dict[str, Any], claims: dict[str, Any], since: float = 0.0) -> Any:
    token = jwt.encode(HEADER | header, CLAIMS | claims, key, algorithms=["RS256"])
    return read_whole(token, Keys(KeySet([key]).as_dict), NOW, lambda subject: since)[0]


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iat": NOW + 60, "exp": NOW + 61},
        {"iat": NOW + 60, "exp": NOW + 660},
        {"nbf": NOW + 60},
        {"iat": NOW - 599, "exp": NOW + 1},
        {"roles": [], "scope": "frame:read facts:read"},
        {"roles": ["r" * 40] * 20},
        {"roles": [], "scope": "s" * 2000},
        {"sub": "Az09._-" * 9 + "a"},
    ],
    ids=[
        "as-it-is", "of-a-clock-ahead", "whole-ahead", "not-before-ahead", "at-its-last-second", "of-a-system",
        "many-long-roles", "many-scopes", "a-long-name",
    ],
)  # fmt: skip
def test_a_token_that_is_as_it_must_be_is_read(signing_key: RSAKey, claims: dict[str, Any]) -> None:
    caller = read(signing_key, {}, claims)
    said = CLAIMS | claims
    assert (caller.subject, caller.roles) == (said["sub"], frozenset(said["roles"]))
    assert caller.scopes == frozenset(said["scope"].split())


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "JWT"}, {}),
        ({"typ": ""}, {}),
        ({"cty": "JWT"}, {}),
        ({}, {"iss": "another"}),
        ({}, {"aud": "another"}),
        ({}, {"aud": ["shouwang"]}),
        ({}, {"iat": NOW + 61, "exp": NOW + 100}),
        ({}, {"nbf": NOW + 61}),
        ({}, {"iat": NOW - 600, "exp": NOW}),
        ({}, {"exp": NOW + 601}),
        ({}, {"iat": NOW + 60, "exp": NOW + 60}),
        ({}, {"roles": ["cadre"], "scope": "frame:read"}),
        ({}, {"roles": ["r" * 41]}),
        ({}, {"roles": ["cadre"] * 21}),
        ({}, {"roles": [], "scope": "s" * 2001}),
        ({}, {"sub": "a" * 65}),
        ({}, {"sub": ""}),
        ({}, {"sub": "some one"}),
        ({}, {"iat": str(NOW)}),
        ({}, {"exp": NOW + 600.0}),
        ({}, {"nbf": True}),
    ],
    ids=[
        "another-type", "no-type", "a-name-too-many", "another-issuer", "another-audience", "several-audiences",
        "from-the-future", "not-yet", "ended", "too-long", "ended-as-it-began", "person-and-system",
        "a-role-too-long", "too-many-roles", "too-long-a-scope", "too-long-a-name", "no-name", "a-blank-within",
        "a-number-in-quotes", "a-number-with-a-point", "a-truth",
    ],
)  # fmt: skip
def test_a_token_that_differs_in_one_thing_is_refused(
    signing_key: RSAKey, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    with pytest.raises(NotSignedIn) as refused:
        read(signing_key, header, claims)
    assert not isinstance(refused.value, SignInEnded)


def test_who_was_sent_away_is_told_so_from_the_second_on(signing_key: RSAKey) -> None:
    assert read(signing_key, {}, {}, since=NOW).subject == "someone"
    with pytest.raises(SignInEnded):
        read(signing_key, {}, {}, since=NOW + 1)


class UsedUp(DomainError):
    """Of an allowance that is used up."""

    status = 429
    zh = "示例"
    en = "an example"


@contextmanager
def app_of(key: RSAKey, *, used_up: bool = True) -> Iterator[TestClient]:
    def count(subject: str, request: Request) -> None:
        if used_up:
            raise UsedUp

    app = FastAPI()
    speak_problems(app)
    app.state.keys = Keys(KeySet([key]).as_dict)
    app.state.revoked = SimpleNamespace(not_before=lambda subject: 0.0)
    app.state.verified, app.state.allowance = Verified(), SimpleNamespace(count=count)
    allow = policy({"facts:read": frozenset({"county", "township"})})

    def asked(request: Request) -> dict[str, Any]:
        return {"holder": request.state.asked.holder, "roles": sorted(request.state.asked.roles)}

    app.get("/", dependencies=[allow("facts:read")])(asked)
    with TestClient(app) as client:
        yield client


def test_our_own_services_alone_are_not_counted(signing_key: RSAKey, sign: Sign) -> None:
    with app_of(signing_key) as client:
        assert client.get("/", headers=sign("alerts", scopes="facts:read")).status_code == 200
        assert client.get("/", headers=sign("a-bureau", scopes="frame:read")).status_code == 429


def test_a_system_asks_by_its_scope_and_a_person_by_the_roles_that_hold_the_right(
    signing_key: RSAKey, sign: Sign
) -> None:
    """Of a person's offices those alone count that are named for what is asked."""
    with app_of(signing_key, used_up=False) as client:
        system = client.get("/", headers=sign("a-bureau", scopes="facts:read"))
        assert system.json() == {"holder": "a-bureau", "roles": ["client"]}
        person = client.get("/", headers=sign("someone", "county", "cadre"))
        assert person.json() == {"holder": "someone", "roles": ["county", "township"]}
        for headers in (sign("someone", "cadre"), sign("a-bureau", scopes="frame:read")):
            assert client.get("/", headers=headers).json()["code"] == "not-allowed"
