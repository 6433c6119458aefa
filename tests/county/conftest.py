"""County as callers meet it: over HTTP, with tokens it issued itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.cli.secret_files import make_secrets, secret_folder
from services.county.main import create
from services.kit.settings import Settings

PASSWORD = "a long enough password"


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
