"""A batch taken in by the worker. Killed anywhere, it goes on behind the last part that was settled."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from sqlalchemy import Engine
from sqlmodel import Session

from services.alerts.clues.contents import drop, lines_of, read_kept
from services.alerts.clues.kinds import kinds_of, taken_on
from services.alerts.clues.matching import MATCH, ask
from services.alerts.clues.rows import NotTold, Reader, Told, read_lines
from services.alerts.clues.storing import Found, store_part
from services.alerts.clues.withdrawing import withdraw_batch
from services.alerts.models.clues import ClueBatch
from services.kit.post.events import emit
from services.kit.post.peers import Peer
from services.kit.store.claim import enqueue, fence, note_progress
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.reference import StandardKey, standard
from services.kit.web.errors import DomainError

log = logging.getLogger(__name__)

TAKE = "take-clues"
RECEIVED = "clue.received"
PART = 5_000  # lines
DATA_DAYS = StandardKey(
    "clue_data_days", "number", "日", "部门线索数据有效天数", "Days after which a department's data are too old"
)


@dataclass(frozen=True)
class Taking:
    """One run at a batch; `demo` lets ID numbers beginning with 99 in."""

    engine: Engine
    seal: Seal
    households: Peer
    demo: bool
    part: int = PART

    def take(self, key: str, now: datetime) -> str | None:
        """Answers the code of what made it unfit. Lines are read from the first on, settled or not: what stands twice
        is known by the first."""
        batch_id = UUID(key)
        with open_session(self.engine) as session:
            batch = session.get_one(ClueBatch, batch_id)
            if batch.done_at:
                return batch.problem
            content = read_kept(session, self.seal, batch_id)
            try:
                reader = reader_of(session, batch, now, demo=self.demo)
            except DomainError as refused:
                return self.finish(batch_id, refused.code(), now)
        for rows in parts(reader, content, self.part):
            if rows[-1].number > batch.reached and not self.take_next(batch_id, rows, self.look_up(rows), now):
                return None
        return self.finish(batch_id, None, now)

    def look_up(self, rows: Sequence[Told | NotTold]) -> Found:
        """Whose households they are, asked before anything is written: so most are written once. While households is
        away the clues wait, and the job asks again."""
        told = [row for row in rows if isinstance(row, Told)]
        try:
            found = ask(self.households, [(row.id_number, row.name) for row in told])
        except httpx.HTTPError as away:
            log.warning("clues are taken in and matched later: %s", type(away).__name__)
            return {}
        return {row.number: match for row, match in zip(told, found, strict=True)}

    def take_next(self, batch_id: UUID, rows: Sequence[Told | NotTold], found: Found, now: datetime) -> bool:
        """False when it was cancelled meanwhile, or another worker has taken it over and gone further."""
        with open_session(self.engine) as session, session.begin():
            batch = session.get_one(ClueBatch, batch_id, with_for_update=True)
            left = [row for row in rows if row.number > batch.reached]
            if batch.done_at:
                return False
            if left:
                store_part(session, self.seal, batch, left, found, now)
                session.flush()
                note_progress(session, TAKE, str(batch_id), min(99, 100 * batch.reached // batch.lines))
                enqueue(session, MATCH, batch.county, now)
            fence(session)
        return True

    def finish(self, batch_id: UUID, problem: str | None, now: datetime) -> str | None:
        with open_session(self.engine) as session, session.begin():
            batch = session.get_one(ClueBatch, batch_id, with_for_update=True)
            if batch.done_at is None:
                if problem is None:
                    replace(session, batch, now)
                batch.done_at, batch.problem = now, problem
                drop(session, batch_id)
                tell_received(session, batch, now)
            fence(session)
            return batch.problem


def parts(reader: Reader, content: bytes, size: int) -> Iterator[list[Told | NotTold]]:
    rows = read_lines(reader, lines_of(content))
    part: list[Told | NotTold] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def reader_of(session: Session, batch: ClueBatch, now: datetime, *, demo: bool) -> Reader:
    """By the day the batch came, whenever it is read."""
    today = batch.received_at.astimezone(now.tzinfo).date()
    kinds = kinds_of(session, batch.county)
    taken = taken_on(kinds, today)
    return Reader(
        county=batch.county,
        kinds=frozenset(taken),
        needing=frozenset(key for key in taken if kinds[key].threshold),
        oldest=today - timedelta(days=int(standard(session, DATA_DAYS, batch.county, today))),
        today=today,
        demo=demo,
    )


def replace(session: Session, batch: ClueBatch, now: datetime) -> None:
    """What the batch before told and this one does not is withdrawn, in one moment with the rest."""
    held = session.get(ClueBatch, batch.replaces, with_for_update=True) if batch.replaces else None
    if held and held.withdrawn_at is None:
        withdraw_batch(session, held, now)


def tell_received(session: Session, batch: ClueBatch, now: datetime) -> None:
    """To the department alone; a clue's own event tells where it is (clue.matched)."""
    told = batch.model_dump(include={"stored", "changed", "same", "refused", "problem"})
    emit(session, RECEIVED, batch.id, now, division=batch.department, data=told)
