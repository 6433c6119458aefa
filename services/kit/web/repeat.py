"""A write that is sent again has one effect and one answer, byte for byte the first.

Every write states what it is repeatable by (`x-repeatable-by` in OpenAPI). Some are so by nature: a PUT by its path, an
event by its id. For the others the first answer is kept in the transaction of the write and told again, to the same
caller alone and while the caller's grants reach the same. Refusals are not kept: their repeat is judged anew. A copy
that races waits on the event loop, holding no thread and no connection: waiting threads would starve the very request
they wait for.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any
from weakref import WeakValueDictionary

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile

from services.kit.store.answers import Answer, Turn, first_answer, keep_answer, reach_of, wait_for_turn
from services.kit.store.db import Now, SessionDep
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError

BY, KEPT = "x-repeatable-by", "x-answer-kept-seconds"
KEPT_FOR = timedelta(days=30)  # longer than a phone stays out of reach

HEADER = "header.Idempotency-Key"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="A repeat under the same key gets the first answer; another body under it, 409.",
    ),
]


class KeyUsedBefore(DomainError):
    status = 409
    zh = "这个重复提交键已用于另一份内容不同的请求。"
    en = "That key stands for another request already."


class GrantsChangedSince(DomainError):
    status = 409
    zh = "这个请求已经办理；此后您的任职或授权有变化，首次的答复不再告知。"
    en = "That request has been carried out; your grants have changed since, so its answer is not told again."


class AnsweredBefore(Exception):
    """Not an error: ends a request whose answer is known."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def repeatable(by: str, keep: timedelta | None = None) -> dict[str, Any]:
    """For `openapi_extra`. Without `keep` the operation is repeatable by nature. With it the answer is kept so long, on
    a router with `route_class=Repeatable`; `by` is then `body.FIELD`, `path` or `header.Idempotency-Key`."""
    return {BY: by} | ({KEPT: int(keep.total_seconds())} if keep else {})


class Repeatable(APIRoute):
    """FastAPI runs endpoint, serialisation, this, commit, then sends: the answer is part of the transaction."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        extra = options.get("openapi_extra") or {}
        if KEPT in extra:
            named = [Depends(read_idempotency_key)] if extra[BY] == HEADER else []
            turn = [Depends(take_turn, scope="function")]
            options["dependencies"] = [*turn, *named, *(options.get("dependencies") or ()), Depends(tell_again)]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answer_once(request: Request) -> Response:
            try:
                response = await handler(request)
            except AnsweredBefore as before:
                return response_of(before.answer)
            if keep := getattr(request.state, "keep", None):
                await run_in_threadpool(keep, response)
            return response

        return answer_once if KEPT in (self.openapi_extra or {}) else handler


async def read_idempotency_key(idempotency_key: IdempotencyKey = None) -> None:
    """Declared, so that a malformed one is refused by name."""


async def take_turn(request: Request) -> AsyncIterator[None]:
    """The first dependency of all, so that it ends after the commit: then a copy in this process goes on."""
    request.state.key = key = await key_of(request)
    under_way: WeakValueDictionary[str, asyncio.Lock] = request.app.state.under_way
    lock = under_way.setdefault(f"{operation_of(request)} {key}", asyncio.Lock()) if key else asyncio.Lock()
    async with lock:
        request.state.sent = await what_is_sent(request) if key else b""
        yield


def tell_again(request: Request, session: SessionDep, caller: CallerDep, now: Now) -> None:
    """After the caller's rights are known. Another body under an id of the client's, or another reach than then, is
    left to the endpoint, which compares what was stored by value and asks where it lies."""
    if not request.state.key:
        return
    extra, seal = request.scope["route"].openapi_extra, request.app.state.seal
    key, sent = seal.index(request.state.key), seal.index(request.state.sent)
    turn = Turn(caller.subject, operation_of(request), key, sent, reach_of(session))
    wait_for_turn(session, turn)
    known = first_answer(session, seal, turn, now)
    if known and known.same_request and known.same_reach:
        raise AnsweredBefore(known.answer)
    if known and extra[BY] == HEADER:
        raise GrantsChangedSince if known.same_request else KeyUsedBefore
    if known is None or known.same_request:
        until = now + timedelta(seconds=extra[KEPT])
        request.state.keep = lambda response: keep_answer(session, seal, turn, answer_of(response), now, until)


def operation_of(request: Request) -> str:
    return f"{request.method} {request.scope['route'].path}"


async def key_of(request: Request) -> str | None:
    """None when the request names none: the operation's own check will say what is missing."""
    place, _, name = request.scope["route"].openapi_extra[BY].partition(".")
    if place == "path":
        return request.url.path
    if place == "header":
        return request.headers.get(name)
    body = await json_of(request)
    return str(body[name]).lower() if isinstance(body, dict) and name in body else None


async def json_of(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        return None


async def what_is_sent(request: Request) -> str:
    """Address and content. Of a form its fields, for the boundary between them differs each time it is sent."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        content: Any = [[name, await text_of(value)] for name, value in (await request.form()).multi_items()]
    else:
        content = await json_of(request)
    return json.dumps([request.url.path, request.url.query, content], sort_keys=True)


async def text_of(field: UploadFile | str) -> str:
    if isinstance(field, str):
        return field
    content = await field.read()
    await field.seek(0)
    return hashlib.sha256(content).hexdigest()


def answer_of(response: Response) -> Answer:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    return Answer(response.status_code, headers, bytes(response.body))


def response_of(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    return response
