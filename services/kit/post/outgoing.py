"""Calls to addresses that somebody else chose: a total deadline, a byte cap, no redirects, only listed receivers."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

DEADLINE = 10.0  # seconds, for the whole exchange; the library's own timeouts are per read and never end a drip
CAP = 65_536  # bytes of an answer that are read
PORTS = {"http": 80, "https": 443}
INBOX = re.compile(r"/v1/services/[a-z]+/inbox/[a-z]+")  # and no other resource, however the path is bent


@dataclass(frozen=True)
class Post:
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """`status` is None when there was none; `problem` says why in our words, never in the receiver's."""

    status: int | None
    problem: str | None = None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Allowed:
    """Our own inboxes, fixed in the operator's settings, and receivers listed there by exact host and port."""

    def __init__(self, inboxes: str, receivers: str) -> None:
        self._services = [url.strip().rstrip("/") for url in inboxes.split(",") if url.strip()]
        self._receivers = {place.strip() for place in receivers.split(",") if place.strip()}

    def is_own(self, url: str) -> bool:
        return any(url.startswith(service) and INBOX.fullmatch(url, len(service)) for service in self._services)

    def permits(self, url: str) -> bool:
        if self.is_own(url):
            return True
        try:
            parts = urlsplit(url)
            usual = PORTS[parts.scheme]
            port = parts.port or usual
        except (ValueError, KeyError):
            return False
        return parts.username is None and f"{parts.hostname}:{port}" in self._receivers


class Lane:
    """One client and one event loop for one thread: a client shared by many slows all of them."""

    def __init__(self, allowed: Allowed, deadline: float = DEADLINE) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._runner = asyncio.Runner()
        self._client: httpx.AsyncClient | None = None

    def send(self, posts: Sequence[Post]) -> list[Answer]:
        """All at the same time; each ends within the deadline whatever the other side does."""
        return self._runner.run(self._send_all(posts))

    def close(self) -> None:
        if self._client:
            self._runner.run(self._client.aclose())
        self._runner.close()

    async def _send_all(self, posts: Sequence[Post]) -> list[Answer]:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._deadline,
                follow_redirects=False,
                trust_env=False,
                headers={"accept-encoding": "identity"},
            )
        return list(await asyncio.gather(*(self._send(self._client, post) for post in posts)))

    async def _send(self, client: httpx.AsyncClient, post: Post) -> Answer:
        if not self._allowed.permits(post.url):
            return Answer(None, "address not on the operator's list")
        try:
            async with asyncio.timeout(self._deadline):
                async with client.stream("POST", post.url, content=post.body, headers=post.headers) as response:
                    await read_capped(response)
                    return Answer(response.status_code)
        except TimeoutError:
            return Answer(None, "no answer within the deadline")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(None, type(error).__name__)


async def read_capped(response: httpx.Response) -> None:
    """Drain a small answer so that the connection can be used again; leave a large one unread."""
    read = 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        if read > CAP:
            return
