"""Pages for people who write programs: everything on them comes from here, unchanged since it was taken in."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from services.cli.openapi.problems import problem_pages
from services.cli.secret_files import SERVICES
from services.origin.app import DOCUMENT, create
from services.origin.pages import FILES, HERE
from tests.origin.behind import running_origin

GONE = dict.fromkeys((*SERVICES, "desk"), "http://127.0.0.1:9")
PAGES = ("/", "/docs", "/redoc", "/problems", "/problems/not-there")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def origin() -> Iterator[TestClient]:
    with TestClient(create(GONE)) as client:
        yield client


def test_the_vendored_files_are_those_their_packages_published() -> None:
    manifest = json.loads((HERE / "vendor" / "manifest.json").read_text())
    files = {path.name: path for path in (HERE / "vendor").iterdir() if path.name not in ("manifest.json", "README.md")}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == manifest["sha256"]
    assert {name for name, place in FILES.items() if place == "vendor"} <= files.keys()
    assert {package["licence"] for package in manifest["packages"].values()} == {"Apache-2.0", "MIT"}
    assert {"redoc.LICENSE", "swagger-ui.LICENSE", "swagger-ui.NOTICE"} <= files.keys()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fetches_nothing_from_elsewhere_and_runs_nothing_written_into_it(origin: TestClient, path: str) -> None:
    page = origin.get(path)
    policy = page.headers["content-security-policy"]
    assert page.status_code == 200
    assert not re.search(r"unsafe|https?:|\*", policy)
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self' ")
    assert re.findall(r"<script(?! src=\"/docs/[a-z.-]+\"></script>)", page.text) == []
    assert [at for at in re.findall(r'(?:src|href)="([^"]*)"', page.text) if not re.match(r"/(?!/)|data:,", at)] == []
    assert " style=" not in page.text
    for at in set(re.findall(r'(?:src|href)="(/[^"]*)"', page.text)) - {"/desk"}:  # of another process
        assert origin.get(at).status_code == 200, at


@pytest.mark.parametrize("path", [*PAGES, "/livez", "/openapi.json", "/v1/nothing", "/docs/redoc.standalone.js"])
def test_every_answer_tells_the_browser_to_do_nothing_of_its_own(origin: TestClient, path: str) -> None:
    headers = origin.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "geolocation=()" in headers["permissions-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")


def test_the_document_is_the_committed_one(origin: TestClient) -> None:
    assert origin.get("/openapi.json").content == DOCUMENT.read_bytes()


def test_the_type_of_every_refusal_is_a_page_in_the_readers_language(origin: TestClient) -> None:
    for code, page in problem_pages().items():
        chinese = origin.get(f"/problems/{code}").text
        english = origin.get(f"/problems/{code}", headers={"accept-language": "en"}).text
        assert chinese.index(page["zh"][0]) < chinese.index("What to do")
        assert 'lang="en"' in english
        assert english.index("What to do") < english.index(page["do"]["zh"])


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine")
@pytest.mark.parametrize(("path", "shown"), [("/docs", "county accounts"), ("/redoc", "到岗登记")])
def test_in_a_real_browser_the_page_is_drawn_and_asks_no_other_host(path: str, shown: str, tmp_path: Path) -> None:
    """The browser's own business (updates, time) has another initiator than the page and is left out."""
    log = tmp_path / "net.json"
    wishes = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--virtual-time-budget=30000"]
    wishes += [f"--user-data-dir={tmp_path}", f"--log-net-log={log}", "--disable-background-networking", "--dump-dom"]
    with running_origin(GONE) as url:
        argv = [CHROMIUM or "", *wishes, url + path]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    asked = {
        event["params"]["url"]
        for event in json.loads(log.read_text())["events"]
        if event.get("params", {}).get("initiator") == url and "url" in event["params"]
    }
    assert shown in done.stdout
    assert f"{url}/openapi.json" in asked
    assert [one for one in asked if not one.startswith((url + "/", "data:", "blob:"))] == []
