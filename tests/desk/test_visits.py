"""In and out: what the browser is given, what it must bring back, and when it counts no more."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from services.cli.demo import PASSWORD
from services.desk.renewals import Renewals
from services.desk.visits import COOKIE
from tests.desk.conftest import Open, panel, parsed, shown, sign_in, today, token_in
from tests.outside.watched_county import WatchedCounty, wait_for


def cookie_of(client: TestClient) -> str:
    return next(cookie.value or "" for cookie in client.cookies.jar if cookie.name == COOKIE)


def with_cookie(client: TestClient, cookie: str) -> Any:
    client.cookies.clear()
    return client.get("/desk", headers={"cookie": f"{COOKIE}={cookie}"}, follow_redirects=False)


def test_nobody_is_shown_anything_before_signing_in(desk: TestClient) -> None:
    for path in ("/desk", "/desk/panels/villages", "/desk/panels/deliveries"):
        assert desk.get(path, follow_redirects=False).headers["location"].startswith("/desk/sign-in")


@pytest.mark.parametrize(("username", "password"), [("county", "wrong password 1"), ("nobody-at-all", PASSWORD)])
def test_what_was_wrong_is_not_told(desk: TestClient, username: str, password: str) -> None:
    refused = sign_in(desk, username, password)
    assert refused.status_code == 401
    assert shown(parsed(refused.text).find(".//p[@role='alert']")) == "登录名或密码不正确。"
    assert username not in refused.text
    assert desk.get("/desk", follow_redirects=False).status_code == 303


def test_too_many_tries_are_told_with_the_time_to_wait_and_only_where_they_were_made(desk: TestClient) -> None:
    name, here = f"nobody-{uuid4().hex[:12]}", {"x-forwarded-for": "203.0.113.9"}
    assert {sign_in(desk, name, "wrong password 1", **here).status_code for _ in range(6)} == {401}
    locked = sign_in(desk, name, "wrong password 1", **here)
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 60
    assert "尝试次数过多，请约 30 分钟后再试。" in locked.text
    assert sign_in(desk, name, "wrong password 1", **{"x-forwarded-for": "203.0.113.10"}).status_code == 401


def test_when_county_is_away_nobody_is_told_that_the_password_was_wrong(opened: Open) -> None:
    with opened("county") as desk:
        refused = sign_in(desk, "county")
        assert (refused.status_code, "暂时无法登录" in refused.text) == (503, True)


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(desk: TestClient, scheme: str, secure: bool) -> None:
    answer = sign_in(desk, "clerk", **{"x-forwarded-proto": scheme})
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert flags == {"httponly", "samesite=strict", "path=/desk"} | ({"secure"} if secure else set())


def test_the_cookie_and_the_pages_show_no_token(desk: TestClient, county: WatchedCounty) -> None:
    answer = sign_in(desk, "county")
    sealed = base64.urlsafe_b64decode(cookie_of(desk))
    assert b"eyJ" not in sealed
    assert answer.headers["location"] == "/desk"
    page = desk.get("/desk")
    assert "eyJ" not in page.text
    assert cookie_of(desk) not in page.text
    assert page.headers["cache-control"] == "no-store"


def test_a_cookie_that_was_changed_or_sealed_elsewhere_is_nobodys(desk: TestClient) -> None:
    sign_in(desk, "county")
    cookie = cookie_of(desk)
    changed = cookie[:60] + ("A" if cookie[60] != "A" else "B") + cookie[61:]
    for forged in (
        changed,
        cookie[:-8],
        "",
        "!",
        base64.urlsafe_b64encode(json.dumps({"name": "x"}).encode()).decode(),
    ):
        assert with_cookie(desk, forged).status_code == 303
    assert with_cookie(desk, cookie).status_code == 200


@pytest.mark.parametrize("token", [None, "", "0" * 32])
@pytest.mark.parametrize("path", ["/desk/sign-in", "/desk/sign-out"])
def test_a_form_from_another_page_is_refused(desk: TestClient, path: str, token: str | None) -> None:
    sign_in(desk, "county")
    sent = {"username": "county", "password": PASSWORD} | ({} if token is None else {"csrf": token})
    refused = desk.post(path, data=sent, follow_redirects=False)
    assert refused.status_code == 403
    assert "页面已过期" in refused.text
    assert desk.get("/desk", follow_redirects=False).status_code == 200


def test_the_token_of_another_browser_is_refused(opened: Open) -> None:
    with opened() as one, opened() as other:
        foreign = token_in(one.get("/desk/sign-in").text)
        other.get("/desk/sign-in")
        sent = {"username": "county", "password": PASSWORD, "csrf": foreign}
        assert other.post("/desk/sign-in", data=sent, follow_redirects=False).status_code == 403


def test_after_signing_out_neither_a_copied_cookie_nor_its_refresh_token_counts(desk: TestClient) -> None:
    sign_in(desk, "county")
    cookie = cookie_of(desk)
    page = desk.get("/desk")
    left = desk.post("/desk/sign-out", data={"csrf": token_in(page.text)}, follow_redirects=False)
    assert left.headers["location"] == "/desk/sign-in"
    assert desk.get("/desk", follow_redirects=False).status_code == 303
    assert with_cookie(desk, cookie).status_code == 303


def test_the_sign_in_that_was_signed_out_is_ended_at_county_too(opened: Open) -> None:
    """Another process of the desk knows nothing of the sign-out: county tells it."""
    with opened() as one, opened() as other:
        sign_in(one, "clerk")
        cookie = cookie_of(one)
        one.post("/desk/sign-out", data={"csrf": token_in(one.get("/desk").text)})
        renewals, visits = other.app.state.renewals, other.app.state.visits  # type: ignore[attr-defined]
        visit = visits.read(bearing(cookie))
        assert visit.is_signed_in
        assert other.portal is not None
        assert other.portal.call(renewals.renew, visit.refresh).refused


def bearing(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())]})


def test_who_is_disabled_is_shown_out_within_seconds(desk: TestClient, county: WatchedCounty) -> None:
    admin, account = county.office("admin"), str(uuid4())
    made = {"id": account, "username": "leaving", "name": "示乙", "password": PASSWORD, "roles": ["county"]}
    admin.post("county", "/v1/accounts", made)
    assert sign_in(desk, "leaving").status_code == 303
    assert desk.get("/desk").status_code == 200
    admin.put("county", f"/v1/accounts/{account}/disabled", {"disabled": True})
    wait_for(lambda: desk.get("/desk", follow_redirects=False).status_code == 303, 60)
    part = desk.get("/desk/panels/sweep", headers={"hx-request": "true"})
    assert part.headers["hx-redirect"] == "/desk/sign-in?ended"


def test_a_visit_goes_on_when_its_token_has_ended_and_twenty_parts_bring_the_cookie_of_before(opened: Open) -> None:
    """Each use of a refresh token but the first would end the sign-in."""
    with opened() as desk:
        sign_in(desk, "county")
        state = desk.app.state  # type: ignore[attr-defined]
        state.renewals = Renewals(state.services, clock=lambda: time.time() + 595)
        cookie = cookie_of(desk)
        assert [with_cookie(desk, cookie).status_code for _ in range(20)] == [200] * 20
        renewed = with_cookie(desk, cookie).headers["set-cookie"].partition(";")[0].partition("=")[2].strip('"')
        assert with_cookie(desk, renewed).status_code == 200


def test_after_a_working_day_a_password_is_asked_for(opened: Open) -> None:
    with opened(longest_visit=1) as desk:
        sign_in(desk, "county")
        time.sleep(1.1)
        assert desk.get("/desk", follow_redirects=False).status_code == 303


def test_the_page_speaks_the_language_that_was_asked_for_or_chosen(desk: TestClient) -> None:
    sign_in(desk, "county")
    assert today(desk).get("lang") == "zh-CN"
    english = desk.get("/desk", headers={"accept-language": "en-GB,en"}).text
    assert parsed(english).get("lang") == "en"
    desk.get("/desk?lang=en")
    chosen = today(desk)
    assert chosen.get("lang") == "en"
    assert "Teams on duty today" in shown(panel(chosen, "teams"))


def test_every_answer_tells_the_browser_to_do_nothing_of_its_own(desk: TestClient) -> None:
    for path in ("/desk/sign-in", "/desk/nothing", "/desk/static/map.js", "/desk/vendor/htmx.min.js", "/livez"):
        headers = desk.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
