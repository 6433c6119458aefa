"""Whose tokens no longer count, though they would last some minutes yet: kept in memory, read anew every two seconds.

A request never waits for this: it looks into a dict. The copy has a connection of its own, since a request that holds
one while it waits for a thread, and a reader that holds a thread while it waits for a connection, would wait for ever.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from anyio import CapacityLimiter, to_thread
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from services.kit.store.db import connect
from services.kit.web.errors import DomainError

log = logging.getLogger(__name__)

EVERY = 2.0  # seconds
TRUSTED_FOR = 45.0  # seconds; a copy that nobody could read anew so long may lack somebody who was sent away


class RevocationsUnknown(DomainError):
    """Nobody is let in on the chance that nothing has happened meanwhile."""

    status = 503
    zh = "暂时无法核验登录，请稍后再试。"
    en = "Sign-ins cannot be checked for a moment. Please try again."


class Revoked:
    def __init__(self, url: URL, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._engine: Engine = connect(url, pool=1)
        self._not_before: Mapping[str, float] = {}
        self._read_at = -math.inf

    def not_before(self, subject: str) -> float:
        """Seconds since 1970; tokens issued earlier do not count."""
        if self._clock() - self._read_at > TRUSTED_FOR:
            raise RevocationsUnknown
        return self._not_before.get(subject, -math.inf)

    def read(self) -> None:
        """The age counts from before the reading. Rows that have ended concern no token that still lasts."""
        begun = self._clock()
        lasting = text("SELECT subject, extract(epoch FROM not_before) FROM revocation WHERE expires_at > now()")
        with Session(self._engine) as session:
            self._not_before = {subject: float(moment) for subject, moment in session.execute(lasting)}
        self._read_at = begun

    def close(self) -> None:
        self._engine.dispose()

    async def _read_on(self, stop: asyncio.Event) -> None:
        lane = CapacityLimiter(1)  # not one of the threads that requests wait for
        while not stop.is_set():
            await self._try_to_read(lane)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)

    async def _try_to_read(self, lane: CapacityLimiter | None = None) -> None:
        try:
            await to_thread.run_sync(self.read, limiter=lane)
        except SQLAlchemyError as error:
            log.warning("revocations not read: %s", type(error).__name__)

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Asked to stop, not cancelled: a reading under way would keep its connection."""
        await self._try_to_read()
        stop = asyncio.Event()
        reading = asyncio.create_task(self._read_on(stop))
        try:
            yield
        finally:
            stop.set()
            await reading
            self.close()
