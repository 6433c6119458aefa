"""A whole county in real processes, and the desk before it: the launcher's own, or one of the test's."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element

import html5lib
import pytest
from starlette.testclient import TestClient

from services.cli.demo import PASSWORD
from services.cli.secret_files import SERVICES, secret_folder
from services.desk.app import create
from services.desk.settings import Settings
from services.kit.store.fields import Seal
from tests.outside.watched_county import WatchedCounty, watched_county
from tests.secrets_made_once import make_secrets

GONE = "http://127.0.0.1:9"  # nobody listens there

Open: TypeAlias = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture(scope="package")
def county() -> Iterator[WatchedCounty]:
    with watched_county(households=150, teams=6) as watched:
        yield watched


@pytest.fixture
def opened(county: WatchedCounty, tmp_path: Path) -> Open:
    """A browser without scripts before a desk of its own; `away` are services that desk cannot reach."""
    make_secrets(tmp_path)
    secrets = secret_folder(tmp_path, "desk")
    urls = {name: str(county.processes()[name]["url"]) for name in SERVICES}

    @contextmanager
    def window(*away: str, **said: Any) -> Iterator[TestClient]:
        reached: Mapping[str, str] = urls | dict.fromkeys(away, GONE)
        addresses: dict[str, Any] = {f"{name}_url": url for name, url in reached.items()}
        settings = Settings(port=1, secrets=secrets, **addresses, **said)
        app = create(settings, settings.urls(), Seal.read(secrets))
        with TestClient(app, client=("127.0.0.1", 50_000)) as client:
            yield client

    return window


@pytest.fixture
def desk(opened: Open) -> Iterator[TestClient]:
    with opened() as client:
        yield client


def parsed(html: str) -> Element:
    """By the HTML standard's own algorithm; a page with an error in it fails."""
    page: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    return page


def token_in(html: str) -> str:
    field = parsed(html).find(".//input[@name='csrf']")
    assert field is not None
    return str(field.get("value"))


def sign_in(client: TestClient, username: str, password: str = PASSWORD, **headers: str) -> Any:
    sent = {"username": username, "password": password, "csrf": token_in(client.get("/desk/sign-in").text)}
    return client.post("/desk/sign-in", data=sent, headers=headers, follow_redirects=False)


def today(client: TestClient) -> Element:
    answer = client.get("/desk", follow_redirects=False)
    assert answer.status_code == 200, answer.headers.get("location")
    return parsed(answer.text)


def panel(page: Element, name: str) -> Element | None:
    return page.find(f".//section[@id='{name}']")


def shown(element: Element | None) -> str:
    assert element is not None
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def rows(element: Element | None) -> list[list[str]]:
    assert element is not None
    return [[shown(cell) for cell in row] for row in element.findall(".//tbody/tr")]
