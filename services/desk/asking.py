"""The services as one visitor sees them: asked with the visitor's own token, each in bounded time, all at once.

A service that is away or refuses is no error here: what it would have told is missing, and the page says so.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from services.kit.web.request_id import passed_on

TIMEOUT = httpx.Timeout(30.0, connect=2.0)
DEADLINE = 10.0  # seconds for a whole answer: the timeouts bound each read alone
PASSWORD = 30.0  # seconds: a password is looked at with care, and others may be before it
LIMITS = httpx.Limits(max_connections=40, max_keepalive_connections=20, keepalive_expiry=2.0)

T = TypeVar("T")
Trouble: TypeAlias = Literal["", "away", "not-signed-in", "no-office", "not-allowed"]


@dataclass(frozen=True)
class Told(Generic[T]):
    """What a service said, or why it said nothing."""

    value: T | None
    trouble: Trouble = ""


class Services:
    """A client per service: one that hangs leaves the connections to the others alone."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._clients = {
            name: httpx.AsyncClient(base_url=url, timeout=TIMEOUT, limits=LIMITS, trust_env=False)
            for name, url in urls.items()
        }

    async def close(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients.values()))

    async def send(
        self,
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, object] | None = None,
        *,
        deadline: float = DEADLINE,
    ) -> httpx.Response | None:
        """None when it did not answer."""
        try:
            async with asyncio.timeout(deadline):
                told = passed_on() | dict(headers)
                return await self._clients[service].request(method, path, headers=told, json=body)
        except (httpx.HTTPError, TimeoutError):
            return None


class Asker:
    """For one page: what two of its parts want to know is asked once."""

    def __init__(self, services: Services, token: str, language: str) -> None:
        self._services = services
        self._headers = {"authorization": f"Bearer {token}", "accept-language": language}
        self._asked: dict[tuple[str, str], asyncio.Task[httpx.Response | None]] = {}

    async def get(self, service: str, path: str, kind: type[T]) -> Told[T]:
        """`kind` is what we make use of; a service may tell more."""
        key = (service, path)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._services.send(service, "GET", path, self._headers))
        return read(await self._asked[key], kind)


def read(answer: httpx.Response | None, kind: type[T]) -> Told[T]:
    if answer is None or answer.status_code not in (200, 401, 403):
        return Told(None, "away")
    if answer.status_code == 401:
        return Told(None, "not-signed-in")
    try:
        if answer.status_code == 403:
            return Told(None, "no-office" if answer.json()["code"] == "no-office" else "not-allowed")
        return Told(TypeAdapter(kind).validate_json(answer.content))
    except (ValidationError, ValueError, KeyError, TypeError):
        return Told(None, "away")
