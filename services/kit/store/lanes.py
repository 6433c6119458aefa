"""Group commit: what arrives while a transaction is under way goes out together in the next one.

A few lanes, each with a connection and an audit chain of its own, on the event loop: nothing waits for a thread. Every
sender is answered after COMMIT alone. One that cannot be carried out is found by halving its group and harms nobody
else; one that waits for a row somebody holds is put back, so that the others go on.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, NamedTuple, TypeVar

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import URL

from services.kit.store.audit import APPEND_PLAIN, Line, as_json
from services.kit.store.db import SILENCE
from services.kit.store.scope import EVERYWHERE
from services.kit.web.errors import DatabaseAway, DomainError

log = logging.getLogger(__name__)

LANES = 2
MOST = 500  # things in a transaction
LONGEST = 3_000  # things that wait; to more it is said that they should come again
DEADLINE = 10.0  # seconds from coming to being answered

# The statements of a lane look things up by their keys. Planned anew each time they would take longer to plan than to
# run; planned once, while tables were small, they must not scan them when they have grown.
SETTINGS = {
    "shouwang.divisions": EVERYWHERE,  # nobody's request: as a worker's, where a policy should bind the role
    "lock_timeout": "500ms",  # for a row somebody else holds, while others wait behind
    "statement_timeout": "8s",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}

Sent = TypeVar("Sent")
Told = TypeVar("Told")
Row = dict[str, Any]


class Ask(NamedTuple):
    """A statement that answers with rows, if only with none."""

    query: LiteralString
    told: Mapping[str, Any]


# Looks, is told what was seen, writes, is told what the writing answered once that is committed, and says what became
# of each. It may be run anew: what it writes must be known by its key.
Work = Generator[Sequence[Ask], list[list[Row]], list[Told]]


class Crowded(DomainError):
    status = 503
    zh = "同时提交的人太多，请稍后再试。"
    en = "Too many at once. Please try again in a moment."


def append(slot: str, lines: Sequence[Line]) -> Ask:
    return Ask(APPEND_PLAIN, {"slot": slot, "lines": json.dumps([as_json(line) for line in lines])})


@dataclass(eq=False)
class Waiting(Generic[Sent, Told]):
    sent: Sent
    size: int
    answer: "asyncio.Future[Told]"
    alone: bool = False
    met: bool = False  # a row that another lane wrote in between


class Lane:
    """A connection that sees every row: whose rights it works under, its statements ask."""

    def __init__(self, url: URL, slot: str) -> None:
        self.slot = slot
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.AsyncConnection[Row] | None = None

    async def carry(self, work: Work[Told]) -> list[Told]:
        """In one transaction of two round trips: the second brings the writing and COMMIT."""
        connection = await self._connected()
        async with connection.pipeline() as pipeline, connection.transaction():
            seen = [await ask(connection, one) for one in next(work)]
            await pipeline.sync()
            rows = [await cursor.fetchall() for cursor in seen]
            written = [await ask(connection, one) for one in work.send(rows)]
        try:
            work.send([await cursor.fetchall() for cursor in written])
        except StopIteration as end:
            told: list[Told] = end.value
        return told

    async def close(self) -> None:
        if self._connection:
            await self._connection.close()

    async def _connected(self) -> psycopg.AsyncConnection[Row]:
        if self._connection is None or self._connection.closed or self._connection.broken:
            with suppress(psycopg.Error):
                await self.close()
            opened = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, row_factory=dict_row, prepare_threshold=1, **SILENCE
            )
            for name, value in SETTINGS.items():
                await opened.execute("SELECT set_config(%s, %s, false)", [name, value])
            self._connection = opened
        return self._connection


async def ask(connection: psycopg.AsyncConnection[Row], one: Ask) -> psycopg.AsyncCursor[Row]:
    return await connection.execute(one.query, one.told, prepare=True)


class Lanes(Generic[Sent, Told]):
    def __init__(self, url: URL, slot: str, work: Callable[[Sequence[Sent], str], Work[Told]]) -> None:
        """`work` says of what was sent, and of the slot of the audit, what is to be done."""
        self._work = work
        self._idle = [Lane(url, f"{slot}-lane-{number + 1}") for number in range(LANES)]
        self._lanes = tuple(self._idle)
        self._waiting: deque[Waiting[Sent, Told]] = deque()
        self._size = 0
        self._under_way: set[asyncio.Task[None]] = set()

    async def carried(self, sent: Sent, size: int = 1) -> Told:
        """What became of it, after COMMIT. `size`: how many things it is. Whoever is told to come again repeats it."""
        if self._size and self._size + size > LONGEST:
            raise Crowded
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._put(Waiting(sent, size, answer))
        try:
            return await asyncio.wait_for(answer, DEADLINE)
        except TimeoutError as late:
            raise Crowded from late

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.gather(*self._under_way)
            for lane in self._lanes:
                await lane.close()

    def _put(self, one: Waiting[Sent, Told]) -> None:
        self._waiting.append(one)
        self._size += one.size
        if self._idle:
            task = asyncio.create_task(self._drive(self._idle.pop()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _drive(self, lane: Lane) -> None:
        while self._waiting:
            await self._settle(lane, self._take())
        self._idle.append(lane)  # no await since the last look at the queue, or somebody would wait for the next comer

    def _take(self) -> list[Waiting[Sent, Told]]:
        """The longest waiting first; who has gone away meanwhile is left out."""
        group: list[Waiting[Sent, Told]] = []
        size = 0
        while self._waiting:
            one = self._waiting[0]
            if group and (one.alone or group[0].alone or size + one.size > MOST):
                break
            self._waiting.popleft()
            self._size -= one.size
            if not one.answer.done():
                group.append(one)
                size += one.size
        return group

    async def _settle(self, lane: Lane, group: list[Waiting[Sent, Told]]) -> None:
        """Never raises: a lane that ended with an error would leave its group without an answer."""
        if not group:
            return None
        try:
            told = await self._carry(lane, group)
        except psycopg.errors.LockNotAvailable as held:
            await self._halve(lane, group, held)
        except psycopg.OperationalError as away:
            log.warning("a group was not committed: %s %s", type(away).__name__, away.sqlstate)
            if away.sqlstate and away.sqlstate[:2] == "40":  # a deadlock; anything else would befall the halves too
                return await self._halve(lane, group, DatabaseAway())
            tell(group, [DatabaseAway()] * len(group))
        except Exception as error:
            await self._halve(lane, group, error)
        else:
            tell(group, told)
        return None

    async def _carry(self, lane: Lane, group: list[Waiting[Sent, Told]]) -> list[Told]:
        """Once more on a new connection where the old one had ended: a server that was restarted refuses nobody."""
        try:
            return await lane.carry(self._work([one.sent for one in group], lane.slot))
        except psycopg.OperationalError as ended:
            if ended.sqlstate and ended.sqlstate[:2] not in ("57", "08"):
                raise
            return await lane.carry(self._work([one.sent for one in group], lane.slot))

    async def _halve(self, lane: Lane, group: list[Waiting[Sent, Told]], why: BaseException) -> None:
        if len(group) > 1:
            for half in (group[: len(group) // 2], group[len(group) // 2 :]):
                await self._settle(lane, half)
        elif isinstance(why, psycopg.errors.UniqueViolation) and not group[0].met:
            group[0].met = True  # run anew, it sees what the other has written
            await self._settle(lane, group)
        elif isinstance(why, psycopg.errors.LockNotAvailable):
            if not group[0].answer.done():
                group[0].alone = True
                self._waiting.append(group[0])
                self._size += group[0].size
        else:
            tell(group, [why])


def tell(group: Sequence[Waiting[Any, Told]], told: Sequence[Told | BaseException]) -> None:
    for one, outcome in zip(group, told, strict=True):
        if one.answer.done():
            continue
        if isinstance(outcome, BaseException):
            one.answer.set_exception(outcome)
        else:
            one.answer.set_result(outcome)
