"""Reads that are awaited: the caller's rights and the rows they reach, in one round trip and without a thread.

The database is told of the grants and asked for the rows in one transaction of the API's own role (what comes before a
pipeline's Sync is one), so its policies bind as they do everywhere. Parsed once for each connection, a statement is
planned for what is asked: no index could be chosen for the beginning of a name nobody knows yet.
"""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import URL

from services.kit.store.db import OPTIONS, SILENCE
from services.kit.store.scope import LOOK_UP_PLAIN, Asked, not_empty, told_of, whole
from services.kit.web.errors import DatabaseAway

CONNECTIONS = 10
READ_ONLY = f"{OPTIONS} -c default_transaction_read_only=on -c plan_cache_mode=force_custom_plan"

Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]


class Glances:
    """Opened when first needed. A connection serves the event loop it was opened on."""

    def __init__(self, url: URL, statement_seconds: int = 0) -> None:
        self._options = f"{READ_ONLY} -c statement_timeout={statement_seconds}s"
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._idle: list[Connection] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    async def rows(self, asked: Asked, today: date, query: LiteralString, told: Mapping[str, Any]) -> list[Row]:
        """Refuses who holds no office. Once more on a new connection where the old one had ended."""
        await self._begin()
        async with self._places:
            try:
                return await self._read(asked, today, query, told)
            except psycopg.errors.QueryCanceled as slow:
                raise DatabaseAway from slow
            except psycopg.OperationalError:
                pass
            await self.aclose()
            try:
                return await self._read(asked, today, query, told)
            except psycopg.OperationalError as away:
                raise DatabaseAway from away

    async def aclose(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def _begin(self) -> None:
        if self._loop is not (loop := asyncio.get_running_loop()):
            await self.aclose()
            self._loop, self._places = loop, asyncio.Semaphore(CONNECTIONS)

    async def _read(self, asked: Asked, today: date, query: LiteralString, told: Mapping[str, Any]) -> list[Row]:
        connection = self._idle.pop() if self._idle else await self._connected()
        try:
            async with connection.pipeline():
                held = await connection.execute(LOOK_UP_PLAIN, told_of(asked, today), prepare=True)
                rows = await connection.execute(query, told, prepare=True)
            scope, found = await held.fetchone(), await rows.fetchall()
        except BaseException:
            await connection.close()
            raise
        self._idle.append(connection)
        not_empty(whole(scope or {}, asked.holder, today))
        return found

    async def _connected(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, row_factory=dict_row, options=self._options, **SILENCE
        )
