"""What every answer carries and every operation understands, whatever it is about.

Compression: only of reads, from 1 kB. A secret that is shown once stands in the answer to a write, and those are never
compressed: beside text that somebody else chose, the length of a compressed answer tells of the secret (BREACH). Reads
repeat nothing of their request, and no cookie lets a foreign page make one.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.clock import said
from services.kit.web.errors import DomainError, methods_of
from services.kit.web.request_id import begin
from services.kit.web.sunset import announce_end

COMPRESSED_FROM = 1_000  # bytes
JSON_RANGES = {"*/*", "application/*", "application/json", "application/problem+json"}

# An operation that sets its own keeps it; the rest may hold somebody's data, or a refusal meant for one caller.
ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class NotAcceptable(DomainError):
    status = 406
    zh = "这里只提供 JSON。"
    en = "Only JSON is spoken here."


class CompressedReads:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=COMPRESSED_FROM, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads = scope["type"] == "http" and scope["method"] == "GET"
        await (self._compressed if reads else self._app)(scope, receive, send)


class Courtesies:
    """Outermost of our own: headers on every answer, also on a refusal of those further in. HEAD is a GET whose body
    stays here, OPTIONS says what an address understands."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        sent = Request(scope).headers
        known_as = begin(sent.get("x-request-id", ""), sent.get("traceparent", ""))
        scope["said"] = ALWAYS | said() | {"X-Request-ID": known_as}
        told = saying(scope["said"], send)
        if scope["method"] == "OPTIONS" and (allowed := methods_of(scope)):
            return await Response(status_code=204, headers={"Allow": allowed})(scope, receive, told)
        if scope["method"] == "HEAD":
            return await self._app({**scope, "method": "GET"}, receive, without_body(told))
        return await self._app(scope, receive, told)


def saying(said: dict[str, str], send: Send) -> Send:
    async def politely(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in said.items():
                headers.setdefault(name, value)
            headers.add_vary_header("Accept-Language")
        await send(message)

    return politely


def without_body(send: Send) -> Send:
    async def headers_alone(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return headers_alone


async def check_manners(request: Request) -> None:
    """What every operation asks first. A misspelt name is never passed over: a filter would answer with everything."""
    announce_end(request)
    check_accept(request)
    dependant = request.scope["route"].dependant
    if request.scope["query_string"]:
        refuse_strangers("query", request.query_params, query_names(dependant))
    fields = [field.alias for field in dependant.body_params if isinstance(field.field_info, Form)]
    if fields and request.headers.get("content-type", "").startswith("multipart/form-data"):
        refuse_strangers("body", await request.form(), fields)


def refuse_strangers(place: str, sent: Iterable[str], known: Iterable[str]) -> None:
    if strangers := sorted(set(sent) - set(known)):
        raise RequestValidationError([{"type": "extra_forbidden", "loc": (place, name)} for name in strangers])


def query_names(dependant: Any) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from query_names(inner)


def check_accept(request: Request) -> None:
    """An operation that answers with something else than JSON says so by its response class and is not asked here."""
    media = getattr(request.scope["route"].response_class, "media_type", "application/json")
    accepted = request.headers.get("accept", "*/*")
    if media == "application/json" and not any(map(takes_json, accepted.split(","))):
        raise NotAcceptable


def takes_json(media_range: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
    return kind in JSON_RANGES and not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", said) for said in parameters)
