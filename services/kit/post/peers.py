"""Calls to our own services by name: with this service's own credentials, a bounded time, and clear failures."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx

from services.kit.web.request_id import passed_on

TIMEOUT = httpx.Timeout(10.0, connect=2.0)


class Tokens:
    """This service's own access token, fetched again a minute before it ends."""

    def __init__(self, county_url: str, client: str, secret: str) -> None:
        self._http = httpx.Client(base_url=county_url, timeout=TIMEOUT, trust_env=False)
        self._credentials = (client, secret)
        self._token = ""
        self._until = 0.0
        self._lock = threading.Lock()

    def current(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                form = {"grant_type": "client_credentials"}
                granted = self._http.post("/v1/tokens", data=form, auth=self._credentials).raise_for_status().json()
                self._token = granted["access_token"]
                self._until = time.monotonic() + granted["expires_in"] - 60
            return self._token

    def refused(self, token: str) -> None:
        """By a service whose clock was put forward, or back, since it was granted."""
        with self._lock:
            if token == self._token:
                self._until = 0.0


class Peer:
    """One of our own services, as another of them sees it."""

    def __init__(self, name: str, url: str, tokens: Tokens) -> None:
        self.name = name
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False)
        self._tokens = tokens

    def get(self, path: str, **params: Any) -> Any:
        known = {key: value for key, value in params.items() if value is not None}
        return self._call("GET", path, params=known)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._call("PUT", path, json=body)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._call("POST", path, json=body)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = self._send(method, path, **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            answer = self._send(method, path, **options)
        return answer.raise_for_status().json()

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        token = self._tokens.current()
        headers = passed_on() | {"authorization": f"Bearer {token}"}
        answer = self._http.request(method, path, headers=headers, **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._tokens.refused(token)
        return answer
