"""Sign-on from WeCom and DingTalk, against servers that speak as their documents say."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pyotp
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.county.settings import SignInSettings
from tests.county.conftest import PASSWORD, county_with
from tests.county.conftest import sign_in as own_sign_in

ME = "/v1/accounts/me/second-factor"


@dataclass
class Platform:
    """Both platforms in one: a code is good once, and an app token until it is said to have ended."""

    port: int = 0
    token: str = "token-1"
    asked_for_tokens: int = 0
    away: bool = False
    codes: dict[str, str] = field(default_factory=dict)

    def answer(self, path: str, query: dict[str, str], body: dict[str, str]) -> dict[str, Any]:
        if path in ("/cgi-bin/gettoken", "/gettoken"):
            self.asked_for_tokens += 1
            if query in ({"corpid": "corp", "corpsecret": "hush"}, {"appkey": "app", "appsecret": "hush"}):
                return {"errcode": 0, "errmsg": "ok", "access_token": self.token, "expires_in": 7200}
            return {"errcode": 40013, "errmsg": "invalid corpid"}
        if query.get("access_token") != self.token:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        member = self.codes.pop(query.get("code") or body.get("code", ""), None)
        if member is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        if path == "/cgi-bin/auth/getuserinfo":
            return {"errcode": 0, "errmsg": "ok", "openid" if member == "outsider" else "userid": member}
        return {"errcode": 0, "errmsg": "ok", "result": {"userid": member, "unionid": "u", "sys": False}}


@pytest.fixture
def platform() -> Iterator[Platform]:
    platform = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply({})

        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def reply(self, body: dict[str, str]) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            told = json.dumps(platform.answer(address.path, query, body)).encode()
            self.send_response(502 if platform.away else 200)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        platform.port = server.server_port
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield platform
        server.shutdown()
        serving.join()


@pytest.fixture
def door(platform: Platform, secrets: Path, engines: dict[str, Engine], admin: dict[str, str]) -> Iterator[TestClient]:
    url = f"http://127.0.0.1:{platform.port}"
    for name in ("wecom_secret", "dingtalk_secret"):
        (secrets / name).write_text("hush")
    limits = SignInSettings(wecom_url=url, wecom_corporation="corp", dingtalk_url=url, dingtalk_app="app")
    with county_with(secrets, engines["county"], limits) as opened:
        body = {"id": str(uuid4()), "username": "li", "name": "某人", "password": PASSWORD, "roles": ["cadre"]}
        li = opened.post("/v1/accounts", json=body, headers=admin).json()["id"]
        for provider in ("wecom", "dingtalk"):
            path = f"/v1/accounts/{li}/sign-on/{provider}"
            assert opened.put(path, json={"subject": f"li-at-{provider}"}, headers=admin).status_code == 200
        yield opened


def sign_in(client: TestClient, provider: str, code: str) -> Any:
    return client.post(f"/v1/sign-ins/{provider}", json={"code": code})


each = pytest.mark.parametrize("provider", ["wecom", "dingtalk"])


@each
def test_a_code_signs_its_member_in_once(door: TestClient, platform: Platform, provider: str) -> None:
    platform.codes["c1"] = f"li-at-{provider}"
    answer = sign_in(door, provider, "c1").json()
    headers = {"authorization": f"Bearer {answer['access_token']}"}
    assert door.get("/v1/accounts/me", headers=headers).json()["username"] == "li"
    assert sign_in(door, provider, "c1").status_code == 401


@each
def test_a_member_nobody_has_linked_is_nobody(door: TestClient, platform: Platform, provider: str) -> None:
    platform.codes |= {"c1": "stranger", "c2": "outsider"}
    assert [sign_in(door, provider, code).status_code for code in ("c1", "c2", "guess")] == [401, 401, 401]


@each
def test_the_app_s_own_token_is_asked_for_once_and_again_when_it_ended(
    door: TestClient, platform: Platform, provider: str
) -> None:
    platform.codes |= {"c1": f"li-at-{provider}", "c2": f"li-at-{provider}", "c3": f"li-at-{provider}"}
    assert [sign_in(door, provider, code).status_code for code in ("c1", "c2")] == [200, 200]
    assert platform.asked_for_tokens == 1
    platform.token = "token-2"
    assert [sign_in(door, provider, "c3").status_code for _ in range(2)] == [503, 200]


@each
def test_a_platform_that_is_away_is_no_wrong_password(door: TestClient, platform: Platform, provider: str) -> None:
    platform.away = True
    refused = sign_in(door, provider, "c1")
    assert (refused.status_code, refused.json()["code"]) == (503, "provider-away")


@each
def test_who_has_bound_a_second_factor_is_asked_for_it(door: TestClient, platform: Platform, provider: str) -> None:
    mine = own_sign_in(door, "li")
    url = door.put(ME, json={"password": PASSWORD}, headers=mine).json()["otpauth_url"]
    totp = pyotp.TOTP(parse_qs(urlsplit(url).query)["secret"][0])
    earlier = totp.at(int(time.time()) - 30)
    assert door.post(f"{ME}/confirmation", json={"totp": earlier}, headers=mine).status_code == 201
    answers = []
    for number, said in enumerate(({}, {"totp": "000000"}, {"totp": totp.now()})):
        platform.codes[f"c{number}"] = f"li-at-{provider}"
        answers.append(door.post(f"/v1/sign-ins/{provider}", json={"code": f"c{number}", **said}).status_code)
    assert answers == [401, 401, 200]


def test_a_member_over_there_is_one_account_here(door: TestClient, admin: dict[str, str]) -> None:
    body = {"id": str(uuid4()), "username": "wang", "name": "某人", "password": PASSWORD, "roles": ["cadre"]}
    wang = door.post("/v1/accounts", json=body, headers=admin).json()["id"]
    taken = door.put(f"/v1/accounts/{wang}/sign-on/wecom", json={"subject": "li-at-wecom"}, headers=admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "link-taken")


@each
def test_what_the_operator_has_not_set_is_not_there(client: TestClient, provider: str) -> None:
    assert sign_in(client, provider, "c1").status_code == 404
