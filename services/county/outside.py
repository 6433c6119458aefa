"""Calls to the sign-in providers the operator has named: behind the guard of all calls out (kit/post/outgoing.py).

The name of a provider is listed by being named; where it leads inside, its network is listed among the receivers.
"""

import json
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from services.county.settings import SignInSettings
from services.kit.post.outgoing import Lane, Post
from services.kit.post.receivers import Allowed
from services.kit.settings import Settings

DEADLINE = 5.0  # seconds for a whole answer
READS = 262_144  # bytes of it: a province's keys may come with their certificates
JSON = {"accept": "application/json", "content-type": "application/json"}


class NoAnswer(ValueError):
    """There was none, or it was refused, or is no JSON object."""


class Outside:
    """Opens its lane with the first call: most counties have no provider."""

    def __init__(self, allowed: Allowed) -> None:
        self.allowed = allowed
        self._lane: Lane | None = None
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings, limits: SignInSettings) -> "Outside":
        return cls(Allowed.read(settings, entries(limits.oidc_keys_url, limits.wecom_url, limits.dingtalk_url)))

    def get(self, url: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._ask("GET", url, query or {}, b"")

    def post(self, url: str, query: Mapping[str, str], body: Mapping[str, str]) -> dict[str, Any]:
        return self._ask("POST", url, query, json.dumps(body).encode())

    def _ask(self, method: str, url: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        whole = f"{url}?{urlencode(query)}" if query else url
        headers = JSON | {"content-length": str(len(body))}
        answer = self._open().send(Post(whole, headers, body, method, READS)).result()
        if not answer.accepted:
            raise NoAnswer(answer.problem or f"status {answer.status}")
        try:
            told = json.loads(answer.body)
        except RecursionError as error:
            raise NoAnswer("too deep") from error
        if not isinstance(told, dict):
            raise NoAnswer("no object")
        return told

    def _open(self) -> Lane:
        with self._lock:
            self._lane = self._lane or Lane(self.allowed, DEADLINE)
            return self._lane

    @asynccontextmanager
    async def while_serving(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            if self._lane:
                self._lane.close()


def entries(*urls: str) -> list[str]:
    """As they would stand in the list of receivers: each host and port, and nothing of the path."""
    return [f"{parts.scheme}://{parts.netloc}" for url in urls if url and (parts := urlsplit(url))]
