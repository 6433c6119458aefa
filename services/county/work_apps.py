"""Sign-on from within WeCom (企业微信) and DingTalk (钉钉): the page inside the app gets a code, we ask whose it is.

Both take two calls: our credentials for a token of the app, then the token and the code for a member's number.
WeCom: developer.work.weixin.qq.com, 获取access_token and 获取访问用户身份. DingTalk: open.dingtalk.com,
获取企业内部应用的access_token and 通过免登码获取用户信息. A new provider is one more class with `subject_of`.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from services.county.outside import Outside
from services.county.settings import SignInSettings
from services.kit.settings import Settings
from services.kit.web.errors import DomainError, NotSignedIn


class WorkApp(Protocol):
    def subject_of(self, code: str) -> str:
        """The member's number there. Raises `NotSignedIn` for a code that is wrong, used or somebody outside's."""


class ProviderAway(DomainError):
    status = 503
    zh = "对方登录服务暂时不可用，请稍后再试。"
    en = "The other sign-in service is away for a moment. Please try again."


class AppToken:
    """The app's own token, kept until a minute before its end: the providers count how often it is asked for."""

    def __init__(self, outside: Outside, url: str, credentials: Mapping[str, str]) -> None:
        self._outside, self._url, self._credentials = outside, url, credentials
        self._token, self._until = "", 0.0
        self._lock = threading.Lock()

    def current(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                told = self._outside.get(self._url, self._credentials)
                if told.get("errcode") != 0 or not isinstance(told.get("access_token"), str):
                    raise ProviderAway
                self._token = told["access_token"]
                self._until = time.monotonic() + float(told.get("expires_in", 0)) - 60
            return self._token

    def forget(self) -> None:
        with self._lock:
            self._until = 0.0


class WeCom:
    BAD_TOKEN = (40014, 42001)

    def __init__(self, outside: Outside, url: str, corporation: str, secret: str) -> None:
        self._outside, self._url = outside, url.rstrip("/")
        credentials = {"corpid": corporation, "corpsecret": secret}
        self._token = AppToken(outside, f"{self._url}/cgi-bin/gettoken", credentials)

    def subject_of(self, code: str) -> str:
        """Somebody outside the corporation has an `openid` and no `userid`."""
        with asking():
            query = {"access_token": self._token.current(), "code": code}
            told = self._outside.get(f"{self._url}/cgi-bin/auth/getuserinfo", query)
        if told.get("errcode") in self.BAD_TOKEN:
            self._token.forget()
            raise ProviderAway
        return member(told, told.get("userid"))


class DingTalk:
    BAD_TOKEN = (40014, 42001, 88)

    def __init__(self, outside: Outside, url: str, app: str, secret: str) -> None:
        self._outside, self._url = outside, url.rstrip("/")
        self._token = AppToken(outside, f"{self._url}/gettoken", {"appkey": app, "appsecret": secret})

    def subject_of(self, code: str) -> str:
        with asking():
            query = {"access_token": self._token.current()}
            told = self._outside.post(f"{self._url}/topapi/v2/user/getuserinfo", query, {"code": code})
        if told.get("errcode") in self.BAD_TOKEN:
            self._token.forget()
            raise ProviderAway
        result = told.get("result")
        return member(told, result.get("userid") if isinstance(result, dict) else None)


@contextmanager
def asking() -> Iterator[None]:
    """Whatever goes wrong on the way is the provider being away."""
    try:
        yield
    except ValueError as error:
        raise ProviderAway from error


def member(told: Mapping[str, Any], subject: object) -> str:
    if told.get("errcode") != 0 or not isinstance(subject, str) or not subject:
        raise NotSignedIn
    return subject


def work_apps(settings: Settings, limits: SignInSettings, outside: Outside) -> dict[str, WorkApp]:
    """Those whose address the operator has set; their secrets are files beside the others."""
    apps: dict[str, WorkApp] = {}
    if limits.wecom_url:
        apps["wecom"] = WeCom(outside, limits.wecom_url, limits.wecom_corporation, settings.secret("wecom_secret"))
    if limits.dingtalk_url:
        apps["dingtalk"] = DingTalk(
            outside, limits.dingtalk_url, limits.dingtalk_app, settings.secret("dingtalk_secret")
        )
    return apps
