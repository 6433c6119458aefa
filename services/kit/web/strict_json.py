"""What a body must be before anybody reads it: within bounds, whole in time, and JSON that means one thing only.

Python's own reader takes NaN, repeated keys, lone surrogates and NUL, and each of them ends as an error further in or,
worse, as a stored value. They are refused here, for every operation alike, by where they stand and never by value.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.web.errors import DomainError, problem

LARGEST_JSON = 1024 * 1024  # bytes
LARGEST_UPLOAD = 21 * 1024 * 1024  # a little over the largest sheet, for the form around it
UPLOADS = ("multipart/form-data", "application/x-ndjson")  # no document of JSON: whoever takes one bounds its lines
DEEPEST = 32
LONGEST_NUMBER = 30  # characters
PATIENCE = 20.0  # seconds for a whole body; a phone on one bar sends 20 kB in less
READ = "read_strictly"  # in the scope: what the body said, for operations that need not read it again
BROKEN = re.compile("[\x00\ud800-\udfff]")


class BodyTooLarge(DomainError):
    status = 413
    zh = "提交的内容过大。"
    en = "The body is too large."


class BodyTooSlow(DomainError):
    status = 408
    zh = "提交的内容没有在规定时间内收完。"
    en = "The body did not arrive in time."


class NotStrictJson(DomainError):
    status = 400
    zh = "提交的内容不是规范的 JSON。"
    en = "The body is not strict JSON."


class NotPlainText(DomainError):
    status = 400
    zh = "网址中含有不可用的字符。"
    en = "The address holds a character that cannot be used."


class StrictBody:
    """Stands before the app. Streams nothing: a body is at most a sheet, and read whole it can be refused whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        try:
            check_address(scope)
            body = await read_whole(scope, receive)
            if is_json(scope) and body:
                scope[READ] = read_strictly(body)
        except DomainError as refused:
            return await problem(Request(scope), refused)(scope, receive, send)
        return await self._app(scope, replaying(body, receive), send)


def check_address(scope: Scope) -> None:
    """Path and query, decoded: a database text holds no NUL."""
    query = scope["query_string"].decode("latin-1")
    if "%00" in query or not is_utf8(query) or BROKEN.search(scope["path"]):
        raise NotPlainText


def is_utf8(query: str) -> bool:
    raw = re.sub("%([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), query)
    try:
        raw.encode("latin-1").decode()
    except UnicodeDecodeError:
        return False
    return True


def header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def is_json(scope: Scope) -> bool:
    kind = header(scope, b"content-type").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


async def read_whole(scope: Scope, receive: Receive, patience: float = PATIENCE) -> bytes:
    kind = header(scope, b"content-type").lower()
    largest = LARGEST_UPLOAD if kind.startswith(UPLOADS) else LARGEST_JSON
    announced = header(scope, b"content-length")
    if announced.isdigit() and int(announced[:20]) > largest:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(patience):
            return await gather_body(receive, largest)
    except TimeoutError as late:
        raise BodyTooSlow from late


async def gather_body(receive: Receive, largest: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > largest:
            raise BodyTooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def replaying(body: bytes, receive: Receive) -> Receive:
    """The app asks for the body as if it had just come; after that it hears the client as it is."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def read_strictly(body: bytes) -> Any:
    """UTF-8 alone; each key once; numbers and depth within bounds; no NaN, NUL or half a character."""
    check_depth(body)
    try:
        read = json.loads(
            body.decode(),
            object_pairs_hook=each_once,
            parse_constant=refuse_constant,
            parse_int=short_number,
            parse_float=finite,
        )
    except (ValueError, RecursionError) as error:
        raise NotStrictJson from error
    if rb"\u" in body:  # written plainly, neither gets past the decoder and the parser
        check_texts(read)
    return read


def check_depth(body: bytes) -> None:
    """Before parsing, which recurses. Brackets inside texts count too: nobody writes so many there."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise NotStrictJson(f"> {DEEPEST}")


def each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise NotStrictJson("a key stands twice")
    return read


def refuse_constant(_: str) -> NoReturn:
    raise NotStrictJson("NaN, Infinity")


def short_number(written: str) -> int:
    if len(written) > LONGEST_NUMBER:
        raise NotStrictJson("a number of too many digits")
    return int(written)


def finite(written: str) -> float:
    number = float(written)
    if len(written) > LONGEST_NUMBER or number in (float("inf"), float("-inf")):
        raise NotStrictJson("a number out of bounds")
    return number


def check_texts(read: Any) -> None:
    """Keys and values; escapes like \\u0000 have become characters by now."""
    waiting = [read]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and BROKEN.search(one):
            raise NotStrictJson("NUL or half a character")
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
