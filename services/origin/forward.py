"""Hands a request on to its service and the answer back, both as streams, and adds only who is calling.

It authorises nothing: each service checks every caller itself.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from services.kit.web.errors import DomainError, NotThere, problem
from services.kit.web.strict_json import LARGEST_JSON, LARGEST_UPLOAD, PATIENCE, UPLOADS, BodyTooLarge, BodyTooSlow
from services.origin.refusals import BadAnswer, MethodNotAllowed, ServiceAway, ServiceSlow
from services.origin.table import Table

TIMEOUT = httpx.Timeout(60.0, connect=2.0, pool=5.0)  # seconds; an import of the largest file takes the longest
# A kept connection is given up before the service does it (5 s), or a request would meet its end.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=50, keepalive_expiry=2.0)
HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
}  # fmt: skip
OURS = {b"host", b"expect", b"forwarded", b"x-real-ip"}  # what a client says of itself here counts for nothing
SERVERS = {b"server", b"date"}  # added again by ours

Headers = list[tuple[bytes, bytes]]


class Forward:
    """A client per service: one service that hangs leaves the connections to the others alone."""

    def __init__(self, table: Table, urls: Mapping[str, str]) -> None:
        self._table, self._urls = table, {name: httpx.URL(url) for name, url in urls.items()}
        self._clients = {
            name: httpx.AsyncClient(timeout=TIMEOUT, limits=LIMITS, trust_env=False, follow_redirects=False)
            for name in urls
        }

    async def close(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients.values()))

    async def unready(self) -> list[str]:
        """The services that do not say they are ready."""
        names = list(self._clients)
        answers = await asyncio.gather(*(self._is_ready(name) for name in names))
        return [name for name, ready in zip(names, answers, strict=True) if not ready]

    async def _is_ready(self, name: str) -> bool:
        try:
            return (await self._clients[name].get(self._urls[name].join("/readyz"), timeout=2)).status_code == 200
        except httpx.HTTPError:
            return False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            service = self._service_for(scope)
            answer = await self._ask(service, scope, receive)
        except DomainError as refused:
            await refusal(scope, refused)(scope, receive, send)
        else:
            await hand_back(answer, send)

    def _service_for(self, scope: Scope) -> str:
        place = self._table.place(scope["path"])
        if place is None:
            raise NotThere
        if scope["method"] not in place.methods:
            raise MethodNotAllowed(", ".join(sorted(place.methods)))
        return place.service

    async def _ask(self, service: str, scope: Scope, receive: Receive) -> httpx.Response:
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        url = self._urls[service].copy_with(raw_path=target)
        headers = handed_on(scope)
        body = body_of(scope, receive) if has_body(scope["headers"]) else None
        request = httpx.Request(scope["method"], url, headers=headers, content=body)
        try:
            return await self._clients[service].send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as away:
            raise ServiceAway(service) from away
        except httpx.TimeoutException as slow:
            raise ServiceSlow(service) from slow
        except httpx.HTTPError as broken:
            raise BadAnswer(service) from broken


async def hand_back(answer: httpx.Response, send: Send) -> None:
    """Bytes as they come, still compressed. An answer that breaks off ends the connection: half is not the whole."""
    try:
        headers = [
            (name.lower(), value) for name, value in without_hops(answer.headers.raw) if name.lower() not in SERVERS
        ]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        async for piece in answer.aiter_raw():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        await answer.aclose()


def refusal(scope: Scope, refused: DomainError) -> Response:
    """The rest of a body that nobody wants is not waited for."""
    answer = problem(Request(scope), refused)
    if isinstance(refused, MethodNotAllowed):
        answer.headers["Allow"] = refused.detail
    if refused.status in (502, 504):
        answer.headers["Retry-After"] = "2"
    if has_body(scope["headers"]):
        answer.headers["Connection"] = "close"
    return answer


def handed_on(scope: Scope) -> Headers:
    """The client's own headers, but for those of this one connection and what it says of where it comes from."""
    kept = [
        (name, value)
        for name, value in without_hops(scope["headers"])
        if name not in OURS and not name.startswith(b"x-forwarded-")
    ]
    caller = (scope.get("client") or ("unknown", 0))[0]
    return [*kept, (b"x-forwarded-for", caller.encode()), (b"x-forwarded-proto", scope["scheme"].encode())]


def without_hops(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """RFC 9110 §7.6.1: also those that Connection names."""
    raw = list(headers)
    named = {part.strip().lower() for name, value in raw if name.lower() == b"connection" for part in value.split(b",")}
    return [(name, value) for name, value in raw if name.lower() not in HOP_BY_HOP | named]


def header(headers: Headers, wanted: bytes) -> bytes:
    return next((value for name, value in headers if name == wanted), b"")


def has_body(headers: Headers) -> bool:
    return bool(header(headers, b"transfer-encoding")) or header(headers, b"content-length") not in (b"", b"0")


def body_of(scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
    """Refused before the first byte when it says it is too large, else as soon as it is; late when it is late."""
    kind = header(scope["headers"], b"content-type").decode("latin-1").lower()
    largest = LARGEST_UPLOAD if kind.startswith(UPLOADS) else LARGEST_JSON
    announced = header(scope["headers"], b"content-length")
    if announced.isdigit() and int(announced[:20]) > largest:
        raise BodyTooLarge
    return pieces(receive, largest, asyncio.get_running_loop().time() + PATIENCE)


async def pieces(receive: Receive, left: int, deadline: float) -> AsyncIterator[bytes]:
    while True:
        message = await next_piece(receive, deadline)
        left -= len(message.get("body", b""))
        if left < 0:
            raise BodyTooLarge
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def next_piece(receive: Receive, deadline: float) -> Message:
    try:
        async with asyncio.timeout_at(deadline):
            message = await receive()
    except TimeoutError as late:
        raise BodyTooSlow from late
    if message["type"] == "http.disconnect":
        raise BadAnswer("the client has left")
    return message
