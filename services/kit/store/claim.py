"""The one way work is taken: book the retry first, commit, then try. A crash leaves nothing to clean up."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, select, text, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel

from services.kit.clock import now as now_of
from services.kit.store.db import open_session
from services.kit.store.tables import Job

Row = TypeVar("Row", bound=SQLModel)
JobHandler = Callable[[str, datetime], str | None]  # answers the code of what it ended with, if not well

JOB_RETRY = timedelta(seconds=1)
JOB_HOLD = timedelta(seconds=30)  # renewed while the job is under way
HELD: ContextVar[SQLModel | None] = ContextVar("held", default=None)  # the claim this thread works under


class ClaimLost(Exception):
    """Another worker has taken this work over; what this one has done is rolled back."""


def claim(
    session: Session,
    table: type[Row],
    now: datetime,
    *,
    hold: timedelta,
    limit: int = 1,
    where: Sequence[ColumnElement[bool]] = (),
) -> list[Row]:
    """Take due rows and commit. Each row's `attempts` after this call is the caller's fencing number."""
    columns: Any = table
    due = (
        select(columns.id)
        .where(columns.done_at.is_(None), columns.dead_at.is_(None), columns.due_at <= now, *where)
        .order_by(columns.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        update(table)
        .where(columns.id == due.c.id)
        .values(due_at=now + hold, attempts=columns.attempts + 1)
        .returning(table)
    )
    rows = list(session.scalars(taken))
    session.commit()
    return rows


def still_held(session: Session, row: SQLModel) -> bool:
    """Lock the row and see that nobody has claimed it since: a worker that slept through its lease must not write."""
    held: Any = row
    columns: Any = type(row)
    mine = select(columns.id).where(columns.id == held.id, columns.attempts == held.attempts).with_for_update()
    return session.execute(mine).first() is not None


def fence(session: Session) -> None:
    """The last statement of a transaction in which claimed work writes. Outside a claim there is nothing to lose."""
    row = HELD.get()
    if row is not None and not still_held(session, row):
        raise ClaimLost


def those_held(session: Session, rows: Sequence[Row]) -> list[Row]:
    """Of rows claimed without renewal, and locked: by the end of the hold too, for `attempts` may have begun anew. As
    rows of this session: when it cannot commit, the caller's are as they were."""
    if not rows:
        return []
    columns: Any = type(rows[0])
    tokens: dict[Any, Row] = {(row.id, row.attempts, row.due_at): row for row in rows}  # type: ignore[attr-defined]
    mine = columns.id.in_([key for key, _, _ in tokens])
    asked = select(columns.id, columns.attempts, columns.due_at).where(mine).order_by(columns.id).with_for_update()
    held = {tuple(row) for row in session.execute(asked)}
    return [session.merge(row, load=False) for token, row in tokens.items() if token in held]


@contextmanager
def renewing(
    engine: Engine, row: SQLModel, hold: timedelta, clock: Callable[[], datetime] = lambda: now_of(UTC)
) -> Iterator[None]:
    """Keep a claim while its work is under way, however long that takes: a worker that is stopped or dead renews
    nothing, and its work is taken over when the hold is over. By the workers' clock, as the claim itself: a database
    whose clock is behind would let a live claim end, one that is ahead would keep a dead one."""
    held: Any = row
    columns: Any = type(row)
    mine = update(type(row)).where(columns.id == held.id, columns.attempts == held.attempts)
    done = threading.Event()

    def renew() -> None:
        while not done.wait(hold.total_seconds() / 3):
            with suppress(OperationalError), open_session(engine) as session, session.begin():
                session.execute(mine.values(due_at=clock() + hold))

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    token = HELD.set(row)
    try:
        yield
    finally:
        HELD.reset(token)
        done.set()
        thread.join()


def enqueue(session: Session, kind: str, key: str, now: datetime, asked_by: str | None = None) -> UUID:
    """Ask for a job. An open one becomes due again under a new fencing number: a run under way cannot close it.
    It stays with who asked for it first."""
    asked: UUID = session.execute(
        text(
            "INSERT INTO job (kind, key, due_at, asked_by) VALUES (:kind, :key, :now, :asked_by)"
            " ON CONFLICT (kind, key) WHERE done_at IS NULL AND dead_at IS NULL DO UPDATE"
            " SET due_at = :now, attempts = job.attempts + 1 RETURNING id"
        ),
        {"kind": kind, "key": key, "now": now, "asked_by": asked_by},
    ).scalar_one()
    return asked


def note_progress(session: Session, kind: str, key: str, percent: int) -> None:
    columns: Any = Job
    open_one = [columns.kind == kind, columns.key == key, columns.done_at.is_(None), columns.dead_at.is_(None)]
    session.execute(update(Job).where(*open_one).values(progress=percent))


def work_a_job(engine: Engine, handlers: Mapping[str, JobHandler], now: datetime) -> int:
    """Do one due job. One that fails is tried again soon; one whose worker dies, when the hold is over."""
    columns: Any = Job
    with open_session(engine) as session:
        jobs = claim(session, Job, now, hold=JOB_HOLD, where=[columns.kind.in_(handlers)])
        for job in jobs:
            try:
                with renewing(engine, job, JOB_HOLD):
                    ended_with = handlers[job.kind](job.key, now)
            except Exception as error:
                again = now + min(JOB_RETRY * job.attempts, JOB_HOLD)
                settle(session, job, due_at=again, problem=type(error).__name__)
                raise
            settle(session, job, done_at=now, progress=100, problem=ended_with)
    return len(jobs)


def settle(session: Session, job: Job, **values: datetime | int | str | None) -> None:
    if still_held(session, job):
        session.execute(update(Job).where(Job.id == job.id).values(**values))  # type: ignore[arg-type]
    session.commit()
