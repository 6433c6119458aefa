"""Callers with real tokens, and a service's app over HTTP: shared by the tests of every service."""

import base64
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import Range
from starlette.testclient import TestClient

from services.cli.secret_files import audit_key, keep
from services.kit.settings import Settings
from services.kit.store.db import open_session
from services.kit.store.grants import CLIENT, Grant
from services.kit.store.key_ring import FOLDER, Key
from services.kit.store.suites import SUITES
from services.kit.web.auth import AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE, Keys
from tests.clock import NOW

HERE = NOW.astimezone(ZoneInfo("Asia/Shanghai"))

Headers: TypeAlias = dict[str, str]
Sign: TypeAlias = Callable[..., Headers]
Office: TypeAlias = Callable[..., Headers]
Create: TypeAlias = Callable[[Settings, Engine, Keys], FastAPI]


@pytest.fixture(scope="session")
def signing_key() -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": "test", "use": "sig", "alg": "RS256"})


@pytest.fixture(scope="session")
def sign(signing_key: RSAKey) -> Sign:
    return signing(signing_key)


def signing(key: RSAKey) -> Sign:
    """The headers of a caller: a subject with roles, or with scopes."""

    def headers(subject: str, *roles: str, scopes: str = "") -> Headers:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + LIFETIME}
        header = {"alg": "RS256", "kid": key.kid, "typ": TOKEN_TYPE}
        token = jwt.encode(header, claims | {"roles": list(roles), "scope": scopes}, key, algorithms=["RS256"])
        return {"authorization": f"Bearer {token}"}

    return headers


# The whole suite runs under the national suite too: SHOUWANG_SUITE=national make test
SUITE = SUITES[os.environ.get("SHOUWANG_SUITE", "international")]
TEST_KEY = Key(1, SUITE, b"f" * SUITE.key_length, b"i" * 32)


def write_key(secrets: Path, key: Key) -> None:
    """As the operator's command writes it; in place of one of that number."""
    folder = secrets / FOLDER / str(key.number)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite").write_text(key.suite.name)
    (folder / "field").write_text(base64.b64encode(key.field_key).decode())
    (folder / "index").write_text(base64.b64encode(key.index_key).decode())


def grant(engine: Engine, holder: str, role: str, place: str, kind: str = "division", **said: Any) -> UUID:
    """As a service's copy has it, since the year began."""
    held: dict[str, Any] = {
        "owner": "county",
        "source": "示例",
        "version": 1,
        "valid": Range(date(2026, 1, 1), None),
    } | said
    row = Grant(holder=holder, role=role, place=place, kind=kind, **held)
    with open_session(engine) as session, session.begin():
        session.add(row)
    return row.id


@pytest.fixture
def office(engines: dict[str, Engine], clean: None, sign: Sign) -> Office:
    """The headers of a caller who holds an office, in every service's copy: the county's unless a place is named."""

    def hold(subject: str, *roles: str, place: str = "520621", kind: str = "division", scopes: str = "") -> Headers:
        for engine in engines.values():
            for role in roles or (CLIENT,):
                grant(engine, subject, role, place, kind)
        return sign(subject, *roles, scopes=scopes)

    return hold


def as_process(service: str, engine: Engine, secrets: Path) -> dict[str, str]:
    """The environment of a service's process on a test's database, and its secrets as an operator keeps them."""
    url = engine.url
    keep(secrets / "audit_key", audit_key)
    keep(secrets / "database" / str(url.username), lambda: str(url.password))
    for path in secrets.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return {
        **os.environ,
        "SHOUWANG_SERVICE": service,
        "SHOUWANG_DATABASE_URL": f"postgresql+psycopg://{url.username}@{url.host}:{url.port}/{url.database}",
        "SHOUWANG_SECRETS": str(secrets),
        "SHOUWANG_PORT": "1",
        "SHOUWANG_COUNTY_URL": "http://127.0.0.1:9",
        "SHOUWANG_HOUSEHOLDS_URL": "http://127.0.0.1:9",
        "SHOUWANG_ATTENDANCE_URL": "http://127.0.0.1:9",
        "SHOUWANG_ALERTS_URL": "http://127.0.0.1:9",
        "SHOUWANG_SUITE": SUITE.name,
    }


LAID: dict[Create, FastAPI] = {}


def routes_laid_once(create: Create, app: FastAPI) -> FastAPI:
    """FastAPI lays out two hundred routes when the first request looks at them, which takes longer than most tests do.
    So the first app of a service is kept for its routes, and takes everything else from the one made for this test."""
    if getattr(create, "__closure__", None) or not create.__module__.startswith("services."):
        return app  # made by the test itself: it may have routes of its own
    kept = LAID.setdefault(create, app)
    kept.state = app.state
    kept.user_middleware, kept.middleware_stack = app.user_middleware, None
    return kept


@contextmanager
def served(create: Create, service: str, engine: Engine, key: RSAKey, secrets: Path) -> Iterator[TestClient]:
    """The service's own app at the tests' moment, with the keys of `seal` in its secrets."""
    write_key(secrets, TEST_KEY)
    (secrets / "client_secret").write_text("a secret of this test 1234567890")
    settings = Settings(
        service=service,
        database_url="",
        secrets=secrets,
        port=1,
        county_url="http://localhost:1",
        receivers="127.0.0.1:9",
        demo_people=True,
        guesses_per_minute=6_000,
        suite=TEST_KEY.suite.name,
    )
    app = routes_laid_once(create, create(settings, engine, Keys(lambda: KeySet([key]).as_dict(private=False))))
    app.state.clock = lambda _: HERE
    with TestClient(app) as client:
        yield client


def edit(client: TestClient, path: str, body: Mapping[str, Any], headers: Headers) -> Any:
    """As somebody edits: read, then change what was read."""
    seen = client.get(path, headers=headers).headers.get("etag")
    return client.put(path, json=body, headers=headers | ({"if-match": seen} if seen else {}))
