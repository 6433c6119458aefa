"""A large file taken in by the worker. Killed anywhere, it goes on behind the last part that was settled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session

from services.households.imports.batches import drop_file, rows_left, spoken_of, take_part
from services.households.imports.remembered import with_its_mapping
from services.households.imports.undo import UNDO, take_back
from services.households.imports.upload import Upload
from services.households.models.imports import FILE_PIECE, ImportBatch, ImportPiece
from services.households.pieces import read_file
from services.kit.store.claim import fence, note_progress, work_a_job
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.scope import Asked, Binding, look_up, not_empty
from services.kit.store.work import Loop
from services.kit.web.errors import DomainError
from services.kit.web.sheets import Lines, Row, read_lines

IMPORT = "import"
PART = 5_000  # rows


@dataclass(frozen=True)
class Taking:
    """One run at a batch. `lines` are all the file's, for the progress."""

    engine: Engine
    seal: Seal
    demo: bool
    now: datetime
    batch_id: UUID
    part: int = PART
    lines: int = 0


def imports(engine: Engine, seal: Seal, *, demo: bool, part: int = PART) -> Loop:
    """Apart from the other jobs, since a file may take minutes."""

    def take_in(key: str, now: datetime) -> str | None:
        return take_file(Taking(engine, seal.pinned(), demo, now, UUID(key), part))

    def undo(key: str, now: datetime) -> str | None:
        return undo_file(Taking(engine, seal.pinned(), demo, now, UUID(key), part))

    return Loop("imports", lambda now: work_a_job(engine, {IMPORT: take_in, UNDO: undo}, now), idle=0.1, slowest=0.5)


def undo_file(run: Taking) -> str | None:
    """All in one transaction; answers the code of what stood in the way, and then nothing has changed."""
    try:
        with open_session(run.engine) as session, session.begin():
            batch = session.get_one(ImportBatch, run.batch_id, with_for_update=True)
            if batch.undone_at is None:
                take_back(upload_of(session, run, batch), batch)
    except DomainError as refused:
        return refused.code()
    return None


def take_file(run: Taking) -> str | None:
    """Answers the code of what made the file unfit: before its first row or, when an office has ended, between two
    parts. None also when another worker has gone on with it."""
    with open_session(run.engine) as session:
        batch = session.get_one(ImportBatch, run.batch_id)
        content = read_file(session, run.seal, FILE_PIECE, ImportPiece, batch_id=run.batch_id)
    if batch.done_at:
        return batch.problem
    try:
        batch, table = begin(run, read_lines(content))
        run, rows, reached = replace(run, lines=table.total), rows_left(batch, table), batch.reached
        while part := list(islice(rows, run.part)):
            if not take_next(run, part, reached):
                return None
            reached = part[-1].number
    except DomainError as refused:
        return finish(run, refused.code())
    return finish(run, None)


def begin(run: Taking, table: Lines) -> tuple[ImportBatch, Lines]:
    """With the mapping it is taken in by, the same whenever it is begun again."""
    with open_session(run.engine) as session, session.begin():
        batch = session.get_one(ImportBatch, run.batch_id, with_for_update=True)
        return batch, with_its_mapping(session, batch, table)


def take_next(run: Taking, part: Sequence[Row], reached: int) -> bool:
    """False when the batch is not where we left it: another worker has taken it over."""
    with open_session(run.engine) as session, session.begin():
        batch = session.get_one(ImportBatch, run.batch_id, with_for_update=True)
        if batch.done_at or batch.reached != reached:
            return False
        take_part(upload_of(session, run, batch), batch, part)
        session.flush()
        note_progress(session, IMPORT, str(batch.id), min(99, 100 * batch.reached // run.lines))
    return True


def upload_of(session: Session, run: Taking, batch: ImportBatch) -> Upload:
    """As whoever sent it, on that day, within what their grants reach now."""
    asked, sent_on = Asked(batch.asked_by, frozenset(batch.roles)), batch.created_at.astimezone(run.now.tzinfo).date()
    scope = look_up(session.connection(), asked, Binding(lambda: asked, run.now.date(), bound=False))
    earlier = partial(spoken_of, session, batch)
    return Upload(session, not_empty(scope), run.seal, batch.asked_by, sent_on, run.now, run.demo, earlier)


def finish(run: Taking, problem: str | None) -> str | None:
    with open_session(run.engine) as session, session.begin():
        batch = session.get_one(ImportBatch, run.batch_id, with_for_update=True)
        if batch.done_at is None:
            batch.done_at, batch.problem = run.now, problem
            drop_file(session, batch)
        fence(session)
        return batch.problem
