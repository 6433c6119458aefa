"""Folding soon: asked for in the transaction that writes clues, one or thousands; done by a job when that is over. It
folds the households alone in which what waits and what a task names differ, and locks nothing else, so that nobody who
holds a clue waits for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.alerts.judging.judge import lock_out_sweeps
from services.alerts.tasks.folding import fold_these, hold
from services.alerts.tasks.reasons import CLUE, WAITING_CLUES
from services.kit.store.claim import JobHandler, enqueue, fence
from services.kit.store.db import open_session

FOLD = "fold-tasks"
AT_ONCE = 1_000  # households

DIFFERING = text(
    f"""
    WITH waiting AS (
        SELECT * FROM ({WAITING_CLUES}) AS clue WHERE county = :county AND division IS NOT NULL
    ), named AS (
        SELECT source_id, subject, severity FROM task_reason
        WHERE source = '{CLUE}' AND ended_at IS NULL AND starts_with(division, :county)
    )
    SELECT DISTINCT coalesce(waiting.subject, named.subject) AS differs
    FROM waiting FULL JOIN named USING (source_id)
    WHERE (waiting.subject, waiting.severity) IS DISTINCT FROM (named.subject, named.severity) ORDER BY differs
    """  # noqa: S608  # our own words
)


def fold_soon(session: Session, county: str, now: datetime) -> None:
    """One job a county, however often it is asked for."""
    enqueue(session, FOLD, county, now)


def folds(engine: Engine) -> Mapping[str, JobHandler]:
    def fold(county: str, now: datetime) -> None:
        with open_session(engine) as session:
            differing = session.scalars(DIFFERING, {"county": county}).all()
        for start in range(0, len(differing), AT_ONCE):
            fold_some(engine, county, differing[start : start + AT_ONCE], now)

    return {FOLD: fold}


def fold_some(engine: Engine, county: str, subjects: Sequence[UUID], now: datetime) -> None:
    with open_session(engine) as session, session.begin():
        lock_out_sweeps(session, [county])
        hold(session, subjects)
        fold_these(session, subjects, now)
        fence(session)
