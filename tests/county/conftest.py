"""County as callers meet it: over HTTP, with tokens it issued itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from starlette.datastructures import State
from starlette.testclient import TestClient

from services.cli.secret_files import secret_folder
from services.county import tokens
from services.county.main import create
from services.county.settings import SignInSettings
from services.kit.settings import Settings
from tests.secrets_made_once import make_secrets

PASSWORD = "a long enough password"


@pytest.fixture(scope="session", autouse=True)
def keys_looked_at_once() -> Iterator[None]:
    """Whether an RSA key is sound takes longer to see than most tests take."""
    kept: dict[str, RSAKey] = {}

    def load(path: Path) -> RSAKey:
        written = path.read_text()
        if written not in kept:
            kept[written] = look(path)
        return kept[written]

    look = tokens.load_key
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tokens, "load_key", load)
        yield


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("state")
    make_secrets(state)
    return secret_folder(state, "county")


@pytest.fixture
def client(secrets: Path, engines: dict[str, Engine], clean: None) -> Iterator[TestClient]:
    settings = Settings(
        service="county", database_url="unused", secrets=secrets, port=1, county_url="", receivers="127.0.0.1:9"
    )
    with TestClient(create(settings, engines["county"])) as opened:
        yield opened


@pytest.fixture
def admin(client: TestClient, secrets: Path) -> dict[str, str]:
    token = (secrets / "first_admin_token").read_text()
    first = {"token": token, "username": "admin", "name": "管理员", "password": PASSWORD}
    assert client.post("/v1/first-administrator", json=first).status_code == 201
    return sign_in(client, "admin")


def sign_in(client: TestClient, username: str, password: str = PASSWORD) -> dict[str, str]:
    answer = client.post("/v1/sign-in", json={"username": username, "password": password})
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


SignedIn = Callable[[str], dict[str, str]]


@pytest.fixture
def signed_in(client: TestClient, admin: dict[str, str]) -> SignedIn:
    """Headers of somebody with a role."""

    def make(role: str) -> dict[str, str]:
        account: dict[str, Any] = {
            "id": str(uuid4()),
            "username": f"a-{role}",
            "name": "某人",
            "password": PASSWORD,
            "roles": [role],
        }
        assert client.post("/v1/accounts", json=account, headers=admin).status_code == 201
        return sign_in(client, f"a-{role}")

    return make


def state_of(client: TestClient) -> State:
    assert isinstance(client.app, FastAPI)
    return client.app.state


def know_revocations(client: TestClient) -> None:
    """What a service does every two seconds, now."""
    state_of(client).revoked.read()


@contextmanager
def county_with(
    secrets: Path, engine: Engine, limits: SignInSettings | None = None, now: datetime | None = None
) -> Iterator[TestClient]:
    """Another process of the same county, perhaps with other limits, perhaps at another time."""
    settings = Settings(
        service="county", database_url="unused", secrets=secrets, port=1, county_url="", trusted_proxies="127.0.0.1"
    )
    app = create(settings, engine, limits=limits)
    if now:
        app.state.clock = lambda _: now
    with TestClient(app, client=("127.0.0.1", 5000)) as opened:
        yield opened
