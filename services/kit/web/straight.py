"""Operations that are awaited instead of given a thread: for what thousands send at the same hour.

They are declared like all others, with schema and right, and are asked for the same things in the same order: token,
right, allowance, media types, parameters, body. Only the way is shorter: no dependency is looked up, no thread is
waited for, and the gate is passed by, since no connection is held (kit/store/lanes.py).
"""

import hashlib
import json
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel

from services.kit.store.db import read_clock
from services.kit.web.auth import Caller, Keys, bearer_of, read_whole
from services.kit.web.compact import decode_part
from services.kit.web.errors import DomainError, NotSignedIn
from services.kit.web.polite import check_accept, check_parameters
from services.kit.web.strict_json import READ
from services.kit.web.sunset import announce_end

MOST_KEPT = 20_000  # tokens


@dataclass(frozen=True)
class Seen:
    """A token whose signature was found good. What can change until it ends is asked each time."""

    caller: Caller
    key_id: str
    issued_at: int
    ends_at: int


class Verified:
    """By SHA-256, so that a look at the memory of this process shows no token that could be sent."""

    def __init__(self) -> None:
        self._seen: dict[bytes, Seen] = {}

    async def caller(self, token: str, keys: Keys, not_before: Callable[[str], float]) -> Caller:
        digest, now = hashlib.sha256(token.encode("utf-8", "replace")).digest(), time.time()
        seen = self._seen.get(digest)
        if seen is None or now >= seen.ends_at or not keys.knows(seen.key_id):
            return await self._read(token, digest, keys, now, not_before)
        if seen.issued_at < not_before(seen.caller.subject):
            raise NotSignedIn
        return Caller(seen.caller.subject, seen.caller.roles, seen.caller.scopes, token)

    async def _read(
        self, token: str, digest: bytes, keys: Keys, now: float, not_before: Callable[[str], float]
    ) -> Caller:
        """With a thread only where a key may have to be fetched; the signature itself takes 50 microseconds."""
        if keys.knows(named_key(token)):
            caller, claims, key_id = read_whole(token, keys, now, not_before)
        else:
            caller, claims, key_id = await run_in_threadpool(read_whole, token, keys, now, not_before)
        if len(self._seen) >= MOST_KEPT:
            self._seen = {known: seen for known, seen in self._seen.items() if seen.ends_at > now}
        if len(self._seen) < MOST_KEPT:
            kept = Caller(caller.subject, caller.roles, caller.scopes, "")
            self._seen[digest] = Seen(kept, key_id, claims.iat, claims.exp)
        return caller


def named_key(token: str) -> str:
    """As the token says, before anything of it is believed; nothing where it says none."""
    try:
        return str(json.loads(decode_part(token.partition(".")[0]))["kid"])
    except (DomainError, ValueError, TypeError, KeyError, RecursionError):
        return ""


class Straight(APIRoute):
    """The endpoint takes `request` and, where one is sent, `body`, and answers with a model."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def answer(request: Request) -> Response:
            announce_end(request)
            check_accept(request)
            check_parameters(request)
            state = request.app.state
            request.state.caller = await state.verified.caller(bearer_of(request), state.keys, state.revoked.not_before)
            for one in self.dependencies:
                one.dependency(request.state.caller, request)  # type: ignore[misc]  # allow(...) of auth.policy
            told: BaseModel = await self.endpoint(request, await read_body(request, self))
            return Response(told.model_dump_json(), self.status_code or 200, media_type="application/json")

        return answer


async def read_body(request: Request, route: APIRoute) -> Any:
    """The JSON that was read strictly at the door, held against the declared model. Refused as the framework does."""
    field = route.body_field
    if field is None:
        return None
    read = request.scope[READ] if READ in request.scope else await request.body() or None
    if read is None:
        raise RequestValidationError([{"type": "missing", "loc": ("body",)}])
    body, faults = field.validate(read, loc=("body",))
    if faults:
        raise RequestValidationError(faults)
    return body


def clock_of(request: Request) -> datetime:
    """As a dependency would read it, so that whoever sets another clock sets it for all operations."""
    clock: Callable[..., datetime] = request.app.dependency_overrides.get(read_clock, read_clock)
    return read_clock(request) if clock is read_clock else clock()


def straight_ones(routers: Iterable[APIRouter]) -> frozenset[tuple[str, str]]:
    """Method and path of each."""
    routes = [route for router in routers for route in router.routes if isinstance(route, Straight)]
    return frozenset((method, route.path) for route in routes for method in route.methods or ())
