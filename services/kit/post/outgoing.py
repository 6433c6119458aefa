"""Calls to addresses that somebody else chose: a total deadline, a byte cap, no redirects, only listed receivers."""

import asyncio
import ssl
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpcore

from services.kit.post.connecting import AddressRefused, Guarded, LookUp, look_up
from services.kit.post.places import Place
from services.kit.post.receivers import Allowed

DEADLINE = 10.0  # seconds, for the whole exchange; the library's own timeouts are per read and never end a drip
CAP = 16_384  # bytes of an answer's body that are read
MOST = 2 * CAP  # bytes that are read of a connection, headers and interim answers with them
LOOK_UPS = 32  # names looked up at a time: one whose server is silent holds a thread past the deadline
NOT_LISTED = "address not on the operator's list"
OUR_HEADERS = {"accept-encoding": "identity", "connection": "close", "user-agent": "shouwang"}


@dataclass(frozen=True)
class Post:
    """`reads`: how many bytes of the answer's body are handed over; of a webhook's, none."""

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    reads: int = 0


@dataclass(frozen=True)
class Answer:
    """`status` is None when there was none; `problem` says why in our words, never in the receiver's. `wait` is what
    a receiver that is busy asked for."""

    status: int | None
    problem: str | None = None
    wait: timedelta = timedelta(0)
    body: bytes = b""

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Lane:
    """An event loop in a thread of its own. Each post has its own connection: nothing of one receiver's can meet
    another's, and the address is checked each time."""

    def __init__(
        self,
        allowed: Allowed,
        deadline: float = DEADLINE,
        look_up: LookUp = look_up,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed, self._deadline, self._look_up = allowed, deadline, look_up
        self._tls = tls or ssl.create_default_context()
        self._names = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look up")
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(self._names)
        self._thread = threading.Thread(target=self._loop.run_forever, name="lane", daemon=True)
        self._thread.start()

    def send(self, post: Post) -> "Future[Answer]":
        """Beside all others; it ends within the deadline whatever the other side does."""
        return asyncio.run_coroutine_threadsafe(self._send(post), self._loop)

    def close(self) -> None:
        """What is under way is given up; its retry is booked."""
        asyncio.run_coroutine_threadsafe(give_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._names.shutdown(wait=False)
        self._loop.close()

    async def _send(self, post: Post) -> Answer:
        place = self._allowed.place_of(post.url)
        if place is None:
            return Answer(None, NOT_LISTED)
        try:
            async with asyncio.timeout(self._deadline):
                return await self._exchange(place, post)
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(None, "no answer within the deadline")
        except AddressRefused:
            return Answer(None, NOT_LISTED)
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return Answer(None, type(error).__name__)

    async def _exchange(self, place: Place, post: Post) -> Answer:
        origin = httpcore.Origin(place.scheme.encode(), place.host.encode(), place.port)
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=place.port, target=place.target)
        headers = list((OUR_HEADERS | {"host": place.authority} | post.headers).items())
        guarded = Guarded(place, self._allowed, self._look_up, MOST + post.reads)
        async with (
            httpcore.AsyncHTTPConnection(origin, self._tls, network_backend=guarded) as connection,
            connection.stream(post.method, url, headers=headers, content=post.body) as response,
        ):
            body = await read_capped(response, max(CAP, post.reads))
            return Answer(response.status, wait=asked_wait(response), body=body[: post.reads])


def asked_wait(response: httpcore.Response) -> timedelta:
    """Retry-After, in seconds or as a date (RFC 9110 §10.2.3). What cannot be read asks for nothing."""
    said = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"").decode("latin-1")
    try:
        if said.isascii() and said.isdigit():
            return timedelta(seconds=min(int(said[:9]), 10**8))
        return max(parsedate_to_datetime(said) - datetime.now(UTC), timedelta(0))
    except (ValueError, TypeError):  # a date without its zone cannot be subtracted
        return timedelta(0)


async def read_capped(response: httpcore.Response, cap: int) -> bytes:
    """To the end of a small answer, so that its receiver is not cut short; a large one is left unread."""
    read = b""
    async for chunk in response.aiter_stream():
        read += chunk
        if len(read) > cap:
            break
    return read


async def give_up() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
