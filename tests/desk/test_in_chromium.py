"""The page as a person sees it: a real browser, before the one address that the launcher has opened."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from services.cli.demo import PASSWORD, TOWNSHIP
from tests.outside.watched_county import WatchedCounty

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine")
PATIENCE = 60_000  # milliseconds


@dataclass
class Window:
    """A tab, and what it asked for and complained of."""

    page: Page
    origin: str
    asked: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        self.page.goto(f"{self.origin}/desk/sign-in")
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        self.page.press("#password", "Enter")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(params=[{"width": 1280, "height": 900}], ids=["desk"])
def window(chromium: Browser, county: WatchedCounty, request: pytest.FixtureRequest) -> Iterator[Window]:
    context = chromium.new_context(locale="zh-CN", viewport=request.param)
    context.set_default_timeout(PATIENCE)
    one = Window(context.new_page(), str(county.processes()["origin"]["url"]))
    one.page.on("request", lambda asked: one.asked.add(urlsplit(asked.url).netloc))
    one.page.on("console", lambda said: one.complaints.append(said.text) if said.type in ("error", "warning") else None)
    one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
    yield one
    context.close()


def test_who_signs_in_sees_the_map_and_every_part_and_nothing_comes_from_elsewhere(window: Window) -> None:
    window.sign_in("county")
    page = window.page
    expect(page.locator("h1")).to_have_text("今日", timeout=PATIENCE)
    expect(page.locator("#map canvas")).to_be_visible(timeout=PATIENCE)
    placed = page.locator("#villages-table tr[data-latitude]").count()
    assert page.locator("#map").get_attribute("data-points") == str(placed)
    assert placed > 0
    assert page.locator("section").evaluate_all("all => all.map(one => one.id)") == [
        "villages", "alerts", "teams", "sweep", "overdue", "deliveries",
    ]  # fmt: skip
    with page.expect_response(lambda answer: answer.url.endswith("/desk/panels/sweep")) as polled:
        pass
    assert polled.value.status == 200
    expect(page.locator("#sweep progress")).to_have_attribute("value", "3", timeout=PATIENCE)
    assert page.evaluate("document.cookie") == ""
    kept = page.evaluate("[...Object.values(localStorage), ...Object.values(sessionStorage)]")
    assert [one for one in kept if one != "/desk"] == []  # htmx keeps the path it is on
    assert window.asked == {urlsplit(window.origin).netloc}
    assert window.complaints == []


def test_a_wrong_password_is_said_and_a_right_one_lets_in_until_one_signs_out(window: Window) -> None:
    window.sign_in("clerk", "wrong password 1")
    expect(window.page.locator("[role=alert]")).to_have_text("登录名或密码不正确。", timeout=PATIENCE)
    window.sign_in("clerk")
    expect(window.page.locator(".who")).to_have_text("乡镇演示员", timeout=PATIENCE)
    window.page.click("header button")
    expect(window.page.locator("h1")).to_have_text("登录", timeout=PATIENCE)
    window.page.goto(f"{window.origin}/desk")
    expect(window.page.locator("h1")).to_have_text("登录", timeout=PATIENCE)
    assert [said for said in window.complaints if "401" not in said] == []


def test_a_township_has_the_points_of_its_own_villages_alone(window: Window, county: WatchedCounty) -> None:
    window.sign_in("clerk")
    expect(window.page.locator("h1")).to_have_text("今日", timeout=PATIENCE)
    stations = county.office("county").get("attendance", "/v1/stations", village_prefix=TOWNSHIP)
    expect(window.page.locator("#map")).to_have_attribute("data-points", str(len(stations)), timeout=PATIENCE)


@pytest.mark.parametrize("window", [{"width": 360, "height": 740}], indirect=True, ids=["phone"])
def test_on_a_phone_nothing_runs_off_the_side_and_the_keyboard_reaches_all(window: Window) -> None:
    window.sign_in("county")
    page = window.page
    expect(page.locator("#map canvas")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator("#villages summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#villages-table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert window.complaints == []
