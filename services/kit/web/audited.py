"""What a request leaves in the audit: whoever is signed in leaves a line, for reading too, and for being refused.

The line of a change is written in its own transaction: neither without the other. Of what changes nothing it is
written with those of others (store/scribe.py): nothing is shown before it is committed. A refusal's is written before
the answer goes, and never stands in its way.
"""

import logging
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import Request
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.store.audit import Line, note
from services.kit.store.db import open_session
from services.kit.web.address import address_of
from services.kit.web.auth import Caller
from services.kit.web.errors import DatabaseAway, problem
from services.kit.web.request_id import request_id

log = logging.getLogger(__name__)

# Codes of places, dates, keys. Anything else in a path may be somebody's number and is not repeated.
KEY = re.compile(r"\d{6}(\d{3}(\d{3})?)?|\d{4}-\d\d-\d\d|[a-z]{1,40}(-[a-z]{1,40}|-\d{1,3}){0,5}")
PLACE = re.compile(r"\d{6}(\d{3}(\d{3})?)?")
PATIENCE = 2.0  # seconds an answer waits for its line at most
WINDOW = 60.0  # seconds
AT_ONCE = 30  # refusals of one caller, for one reason, that get a line each in a window
WRITERS = 2  # refusals written at a time: a crowd of them leaves the connections to the others
WAITING = 100  # refusals that wait for a writer; more are counted


def tell(request: Request, *objects: object, division: str = "", **detail: str | int) -> None:
    """An endpoint says more of what it did: which things, where, how many. Never a person's value."""
    told = request.scope.setdefault("audited", {"objects": [], "division": "", "detail": {}})
    told["objects"] += [str(one) for one in objects]
    told["division"] = division or told["division"]
    told["detail"].update(detail)


def acts(request: Request, subject: str) -> None:
    """Somebody who was not signed in has proved who it is: a sign-in."""
    request.scope["audited_actor"] = subject


def line_of(scope: Scope, status: int) -> Line:
    """By the route's template and checked ids: the path itself may hold anything."""
    request = Request(scope)
    caller: Caller | None = getattr(request.state, "caller", None)
    told = scope.get("audited", {"objects": [], "division": "", "detail": {}})
    given = {name: str(value) for name, value in scope.get("path_params", {}).items()}
    asked_of = {**request.query_params, **given}
    places = getattr(scope["app"].state, "places", ("division",)) if "app" in scope else ()
    place = told["division"] or next((asked_of[name] for name in places if name in asked_of), "")
    return Line(
        at=datetime.now(UTC),
        actor=caller.subject if caller else scope.get("audited_actor", ""),
        rights=" ".join(sorted(caller.roles or caller.scopes)) if caller else "",
        action=action_of(scope),
        objects=[*map(as_id, given.values()), *told["objects"]],
        division=place if PLACE.fullmatch(place) else "",
        status=status,
        code=getattr(request.state, "problem", "") if status >= 400 else "",
        request_id=request_id.get(),
        source=address_of(request) if "app" in scope else "",
        detail=told["detail"],
    )


def as_id(value: str) -> str:
    """One way of writing it: whoever asks for a thing in capitals or without dashes is found by the same id."""
    try:
        return str(UUID(value))
    except ValueError:
        return value if KEY.fullmatch(value) else "?"


def action_of(scope: Scope) -> str:
    return f"{scope['method']} {getattr(scope.get('route'), 'path', '')}".strip()


def is_known(scope: Scope) -> bool:
    return "caller" in scope.get("state", {}) or "audited_actor" in scope


def note_request(session: Session) -> None:
    """Before the chain's own listener: what a request has done is told when it is about to become true."""
    request: Request | None = session.info.get("request")
    if request is None or session.in_nested_transaction() or not is_known(request.scope):
        return
    if request.method != "GET" and not request.scope.get("audited_done"):
        note(session, line_of(request.scope, getattr(request.scope.get("route"), "status_code", None) or 200))
        request.scope["audited_done"] = True


event.listen(Session, "before_commit", note_request, insert=True)


class Tide:
    """Lets the first refusals of a caller for a reason through in each window, and counts the rest for the next line.
    Who is not signed in gets one: that is noise, which must not fill a disk."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], tuple[float, int, int]] = {}

    def counted(self, line: Line, now: float) -> int | None:
        """How many were held back before this one; None when this one is held back too."""
        key = (line.actor, line.action, line.code)
        if len(self._seen) > 10_000:
            self._seen.clear()
        since, through, held = self._seen.get(key, (now, 0, 0))
        if now - since >= WINDOW:
            since, through = now, 0
        if through >= (AT_ONCE if line.actor else 1):
            self._seen[key] = (since, through, held + 1)
            return None
        self._seen[key] = (since, through + 1, 0)
        return held


class Audited:
    """Outermost: it sees how each request ended, after its transaction has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tide = Tide()
        self._writers: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        unseen = False

        async def answer(message: Message) -> None:
            nonlocal unseen
            if message["type"] == "http.response.start":
                try:
                    await self._settle(scope, message["status"])
                except SQLAlchemyError as error:
                    unseen = True
                    log.error("not answered, for its line could not be written: %s", type(error).__name__)
                    await problem(Request(scope), DatabaseAway())(scope, receive, send)
            if not unseen:
                await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            await self._settle(scope, 500)
            raise

    async def _settle(self, scope: Scope, status: int) -> None:
        """503 is left out: the database is away, and nothing was done."""
        refused = status >= 400 and status != 503
        if refused and (is_known(scope) or (status == 401 and "route" in scope)):
            line = line_of(scope, status)
            held = self._tide.counted(line, time.monotonic())
            if held is not None:
                await self._write(scope, replace(line, detail={**line.detail, **({"held_back": held} if held else {})}))
        elif status < 400 and is_known(scope) and not scope.get("audited_done"):
            await scope["app"].state.scribe.written(line_of(scope, status))

    async def _write(self, scope: Scope, line: Line) -> None:
        self._writers = self._writers or CapacityLimiter(WRITERS)
        if self._writers.statistics().tasks_waiting >= WAITING:
            log.warning("too many refusals at a time: a line is not written, of %s %s", line.action, line.code)
            return

        def write() -> None:
            try:
                with open_session(scope["app"].state.engine) as session, session.begin():
                    note(session, line)
            except SQLAlchemyError as error:
                log.error("a line could not be written, of %s %s: %s", line.action, line.code, type(error).__name__)

        with anyio.move_on_after(PATIENCE):
            await to_thread.run_sync(write, limiter=self._writers, abandon_on_cancel=True)
