"""Fail-points: every statement, commit and call passes here, is counted, and at one of them something goes wrong."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

import httpcore
import httpx
import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from services.kit.post import outgoing
from services.kit.store import lanes

CRASH_BEFORE, CRASH_AFTER, ERROR_BEFORE, ERROR_AFTER = "crash before", "crash after", "error before", "error after"
MODES = (CRASH_BEFORE, CRASH_AFTER, ERROR_BEFORE, ERROR_AFTER)  # the last: it was done, and an error is answered
CRASHED = 41  # the exit code of a process that met its point
BACKGROUND = "FROM revocation"  # read by the clock, in no place of any path

T = TypeVar("T")


@dataclass
class Points:
    """`at` 0 only counts. What happens before `open` and after `shut` is no part of the path."""

    at: int = 0
    mode: str = ""
    met: list[str] = field(default_factory=list)
    counting: bool = False
    _lock: Lock = field(default_factory=Lock)

    def here(self, what: str) -> bool:
        with self._lock:
            if not self.counting or BACKGROUND in what:
                return False
            self.met.append(" ".join(what.split())[:80])
            return len(self.met) == self.at

    def before(self, error: Exception) -> None:
        if self.mode == CRASH_BEFORE:
            os._exit(CRASHED)
        if self.mode == ERROR_BEFORE:
            raise error

    def after(self, error: Exception) -> None:
        if self.mode == CRASH_AFTER:
            os._exit(CRASHED)
        if self.mode == ERROR_AFTER:
            raise error

    def passed(self, what: str, act: Callable[[], T], error: Exception) -> T:
        if not self.here(what):
            return act()
        self.before(error)
        done = act()
        self.after(error)
        return done

    async def awaited(self, what: str, act: Callable[[], Awaitable[T]], error: Exception) -> T:
        if not self.here(what):
            return await act()
        self.before(error)
        done = await act()
        self.after(error)
        return done


def away() -> psycopg.OperationalError:
    return psycopg.OperationalError("made to fail")


def place(points: Points) -> None:
    """On what SQLAlchemy executes and commits, on what a lane of group commit asks and commits, on the posts of the
    relay. For the whole process, which is to end with it."""

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        points.passed(statement, lambda: cursor.execute(statement, parameters), away())
        return True

    def execute_many(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        points.passed(statement, lambda: cursor.executemany(statement, parameters), away())
        return True

    commit, ask, carry, exchange = (
        PGDialect_psycopg.do_commit,
        lanes.ask,
        lanes.Lane.carry,
        outgoing.Lane._exchange,
    )

    def committed(self: Any, connection: Any) -> None:
        points.passed("COMMIT", lambda: commit(self, connection), away())  # type: ignore[no-untyped-call]

    async def asked(connection: Any, one: lanes.Ask) -> Any:
        return await points.awaited(f"lane: {one.query}", lambda: ask(connection, one), away())

    async def carried(self: Any, work: Any) -> Any:
        return await points.awaited("lane: the whole, with COMMIT", lambda: carry(self, work), away())

    async def exchanged(self: Any, place: Any, post: outgoing.Post) -> outgoing.Answer:
        lost = httpcore.ReadError()
        return await points.awaited(f"POST {place.target}", lambda: exchange(self, place, post), lost)

    event.listen(Engine, "do_execute", execute)
    event.listen(Engine, "do_executemany", execute_many)
    patched: list[tuple[Any, str, Any]] = [
        (PGDialect_psycopg, "do_commit", committed),
        (lanes, "ask", asked),
        (lanes.Lane, "carry", carried),
        (outgoing.Lane, "_exchange", exchanged),
    ]
    for owner, name, put in patched:
        setattr(owner, name, put)


class Struck(httpx.HTTPTransport):
    """A client's way out, on which an answer may be lost."""

    def __init__(self, points: Points) -> None:
        super().__init__()
        self._points = points

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        lost = httpx.ReadError("made to fail")
        whole = super().handle_request
        return self._points.passed(f"{request.method} {request.url.path}", lambda: whole(request), lost)
