"""Every sealed row under the newest key, while the service goes on. A key that is added begins it by itself."""

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Engine, delete, text, update
from sqlmodel import Session, col

from services.kit.store.claim import enqueue, work_a_job
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, SealBroken, header_of
from services.kit.store.key_check import record
from services.kit.store.sealed import SealedColumn, take_turn
from services.kit.store.sets import write_set
from services.kit.store.tables import FieldKey
from services.kit.store.work import Loop

log = logging.getLogger(__name__)

ROTATE = "rotate-keys"
AGAIN = "again"  # the second pass, for what a request that was slow to end wrote under the key before
SECOND_PASS = timedelta(hours=1)
BATCH = 1_000
PAUSE = 0.2  # seconds, for the holders of rows that were passed over


def rotations(engine: Engine, seal: Seal, columns: Sequence[SealedColumn]) -> list[Loop]:
    """What a worker runs. Apart from its other jobs, since a rotation may take minutes."""
    asked: set[int] = set()

    def ask(now: datetime) -> int:
        if seal.key.number not in asked:
            asked.add(ask_to_rotate(engine, seal, now))
        return 0

    handlers = {ROTATE: partial(rotate, engine, seal, columns)}
    return [
        Loop("keys", ask, idle=1.0),
        Loop("rotation", lambda now: work_a_job(engine, handlers, now), idle=1.0),
    ]


def ask_to_rotate(engine: Engine, seal: Seal, now: datetime) -> int:
    """To the newest key; answers its number. Costs one look at each column when all rows are there already."""
    number = seal.key.number
    with open_session(engine) as session, session.begin():
        record(session, seal, now)
        enqueue(session, ROTATE, str(number), now)
        enqueue(session, ROTATE, f"{number} {AGAIN}", now + SECOND_PASS)
    return number


def rotate(engine: Engine, seal: Seal, columns: Sequence[SealedColumn], asked: str, now: datetime) -> None:
    """May be killed and begun anew at any row. Leaves it to the next one when a newer key has come."""
    number, _, again = asked.partition(" ")
    seal = seal.pinned()
    if seal.key.number != int(number):
        return
    wait_for_turns(engine, columns)
    broken = sum(move_column(engine, seal, column) for column in columns)
    if is_newest(seal):
        note_done(engine, seal, retire=bool(again) and not broken)


def is_newest(seal: Seal) -> bool:
    """Whether no key has been added since the seal was pinned."""
    return seal.ring.newest.number == seal.key.number


def note_done(engine: Engine, seal: Seal, *, retire: bool) -> None:
    """A key that is retired seals nothing any more: the service starts without it too."""
    finished = update(FieldKey).where(col(FieldKey.number) == seal.key.number)
    with open_session(engine) as session, session.begin():
        session.execute(finished.values(done_at=text("clock_timestamp()")))
        if retire:
            session.execute(delete(FieldKey).where(col(FieldKey.number) < seal.key.number))


def wait_for_turns(engine: Engine, columns: Sequence[SealedColumn]) -> None:
    """Whoever looks a value up began with the keys known then, and would not find a row that has moved meanwhile.
    After this everybody knows the newest."""
    for turn in sorted({column.turn for column in columns if column.turn}):
        with open_session(engine) as session, session.begin():
            take_turn(session, turn)


def move_column(engine: Engine, seal: Seal, column: SealedColumn) -> int:
    """In passes, since rows somebody holds are passed over: waiting for them while holding others could deadlock.
    Answers how many rows do not open, which stay as they are."""
    while True:
        broken = sum(move_pass(engine, seal, column))
        if left(engine, seal, column) <= broken or not is_newest(seal):
            break
        time.sleep(PAUSE)
    if broken:
        log.error("keys: %s.%s: %d rows do not open and stay", column.table, column.column, broken)
    return broken


def left(engine: Engine, seal: Seal, column: SealedColumn) -> int:
    """Rows under another key."""
    wanted = f"SELECT count(*) FROM {column.table} WHERE {column.elsewhere}"  # noqa: S608  # the names are our own
    with open_session(engine) as session:
        return int(session.execute(text(wanted), {"header": header_of(seal.key)}).scalar_one())


def move_pass(engine: Engine, seal: Seal, column: SealedColumn, batch: int = BATCH) -> Iterator[int]:
    """Through the table by id, a transaction per batch; gives the number of rows of each that do not open."""
    after, full = UUID(int=0), True
    while full and is_newest(seal):
        with open_session(engine) as session, session.begin():
            rows = take_some(session, seal, column, after, batch)
            moved = move(session, seal, column, rows)
            count = update(FieldKey).where(col(FieldKey.number) == seal.key.number)
            session.execute(count.values(moved=col(FieldKey.moved) + moved))
        full = len(rows) == batch
        if rows:
            after = rows[-1][0]
            log.info("keys: %s.%s: %d rows to key %d", column.table, column.column, moved, seal.key.number)
        yield len(rows) - moved


def take_some(session: Session, seal: Seal, column: SealedColumn, after: UUID, batch: int) -> list[tuple[UUID, bytes]]:
    wanted = (
        f"SELECT id, {column.column} FROM {column.table} WHERE id > :after AND {column.elsewhere}"  # noqa: S608
        " ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED"
    )
    rows = session.execute(text(wanted), {"after": after, "header": header_of(seal.key), "limit": batch})
    return [(row_id, bytes(sealed)) for row_id, sealed in rows]


def move(session: Session, seal: Seal, column: SealedColumn, rows: Sequence[tuple[UUID, bytes]]) -> int:
    """Seal the rows we hold anew, and their index with them. Answers how many could be."""
    anew = [sealed for row in rows if (sealed := seal_anew(seal, column, *row))]
    indexed = f", {column.index} = sent.index" if column.index else ""
    write = (
        f"UPDATE {column.table} AS held SET {column.column} = sent.sealed{indexed}"  # noqa: S608
        " FROM unnest(CAST(:id AS uuid[]), CAST(:sealed AS bytea[]), CAST(:index AS bytea[]))"
        " AS sent (id, sealed, index) WHERE held.id = sent.id"
    )
    write_set(session, text(write), anew, "id", "sealed", "index")
    return len(anew)


def seal_anew(seal: Seal, column: SealedColumn, row_id: UUID, sealed: bytes) -> dict[str, object] | None:
    place = column.place(row_id)
    try:
        value = seal.open(sealed, place)
    except SealBroken:
        return None
    return {"id": row_id, "sealed": seal.close(value, place), "index": seal.index(value)}
