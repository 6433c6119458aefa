"""Callers with real tokens, and a service's app over HTTP: shared by the tests of every service."""

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.kit.settings import Settings
from services.kit.store.db import read_clock
from services.kit.web.auth import AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE, Keys
from tests.clock import NOW

HERE = NOW.astimezone(ZoneInfo("Asia/Shanghai"))

Headers: TypeAlias = dict[str, str]
Sign: TypeAlias = Callable[..., Headers]
Create: TypeAlias = Callable[[Settings, Engine, Keys], FastAPI]


@pytest.fixture(scope="session")
def signing_key() -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": "test", "use": "sig", "alg": "RS256"})


@pytest.fixture(scope="session")
def sign(signing_key: RSAKey) -> Sign:
    """The headers of a caller: a subject with roles, or with scopes."""

    def headers(subject: str, *roles: str, scopes: str = "") -> Headers:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + LIFETIME}
        header = {"alg": "RS256", "kid": "test", "typ": TOKEN_TYPE}
        token = jwt.encode(header, claims | {"roles": list(roles), "scope": scopes}, signing_key, algorithms=["RS256"])
        return {"authorization": f"Bearer {token}"}

    return headers


@contextmanager
def served(create: Create, service: str, engine: Engine, key: RSAKey, secrets: Path) -> Iterator[TestClient]:
    """The service's own app at the tests' moment, with the keys of `seal` in its secrets."""
    for name, letter in (("field_key", b"f"), ("index_key", b"i")):
        (secrets / name).write_text(base64.b64encode(letter * 32).decode())
    (secrets / "client_secret").write_text("a secret of this test")
    settings = Settings(
        service=service,
        database_url="",
        secrets=secrets,
        port=1,
        county_url="http://localhost:1",
        receivers="127.0.0.1:9",
        demo_people=True,
    )
    app = create(settings, engine, Keys(lambda: KeySet([key]).as_dict(private=False)))
    app.dependency_overrides[read_clock] = lambda: HERE
    with TestClient(app) as client:
        yield client


def edit(client: TestClient, path: str, body: Mapping[str, Any], headers: Headers) -> Any:
    """As somebody edits: read, then change what was read."""
    seen = client.get(path, headers=headers).headers.get("etag")
    return client.put(path, json=body, headers=headers | ({"if-match": seen} if seen else {}))
