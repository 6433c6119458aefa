"""Lines of requests that change nothing, committed together: what comes while a group is on its way goes with the next.
Else a process could answer as many reads as its disk can sync, one after another."""

import asyncio
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import Engine

from services.kit.store.audit import Line, note
from services.kit.store.db import open_session

MOST = 500  # lines in a transaction


class Scribe:
    """One thread, and while it writes one connection. Its chain is that of the process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[tuple[Line, Future[None]]] = deque()
        self._thread = ThreadPoolExecutor(1, "scribe")

    async def written(self, line: Line) -> None:
        """After COMMIT. Raises what kept it from being written."""
        told: Future[None] = Future()
        self._waiting.append((line, told))
        self._thread.submit(self._write)
        await asyncio.wrap_future(told)

    def _write(self) -> None:
        """Asked once for each line; who comes first takes them all."""
        group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        if not group:
            return
        try:
            with open_session(self._engine) as session, session.begin():
                for line, _ in group:
                    note(session, line)
        except BaseException as error:
            for _, told in group:
                told.set_exception(error)
        else:
            for _, told in group:
                told.set_result(None)
