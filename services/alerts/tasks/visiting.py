"""Visits as attendance tells them: what they came upon is a reason to look closer, and that they were made is noted
at the task of their household."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.clues.hearing import Heard, on_visit_recorded
from services.alerts.judging.judge import lock_out_sweeps
from services.alerts.tasks.folding import fold_these, hold
from services.kit.post.events import CloudEvent
from services.kit.post.facts import COUNTY
from services.kit.post.inbox import NotAnEvent
from services.kit.store.sets import as_array

# The household's latest task that was there by that day; one that had closed before has nothing of it. Corrections
# stay with the task of the first, or with none: what a visit came upon opens a task that it was not a visit for.
NOTE = text(
    """
    INSERT INTO task_visit AS held (visit, version, task_id, day, cadre, contact, made)
    SELECT visit, version, task.id, told.day, cadre, contact, made
    FROM unnest(CAST(:visits AS uuid[]), CAST(:versions AS int[]), CAST(:households AS uuid[]), CAST(:days AS date[]),
                CAST(:cadres AS uuid[]), CAST(:contacts AS text[]), CAST(:made AS boolean[]))
         AS told (visit, version, household, day, cadre, contact, made)
    CROSS JOIN LATERAL (
        SELECT id FROM task WHERE subject = told.household
            AND told.day BETWEEN CAST(opened_at AT TIME ZONE CAST(:offset AS interval) AS date)
                AND coalesce(CAST(closed_at AT TIME ZONE CAST(:offset AS interval) AS date), 'infinity')
        ORDER BY opened_at DESC LIMIT 1) AS task
    WHERE NOT EXISTS (SELECT FROM visit_told WHERE visit_told.visit = told.visit)
        OR EXISTS (SELECT FROM task_visit WHERE task_visit.visit = told.visit)
    ON CONFLICT (visit) DO UPDATE SET version = excluded.version, day = excluded.day, cadre = excluded.cadre,
        contact = excluded.contact, made = excluded.made
    WHERE held.version < excluded.version
    """
)


def on_visit(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """The households first: whoever folds them otherwise waits, and sees what this writes."""
    heard = [(Heard.of(event), event.data) for event in events]
    households = {one.household for one, _ in heard}
    lock_out_sweeps(session, {one.division[:COUNTY] for one, _ in heard})
    hold(session, households)
    note(session, heard, now)
    on_visit_recorded(session, events, now)
    fold_these(session, households, now)


def note(session: Session, heard: Sequence[tuple[Heard, Mapping[str, object]]], now: datetime) -> None:
    """Of several versions in one post the highest alone."""
    newest = {one.visit: (one, said) for one, said in sorted(heard, key=lambda pair: pair[0].version)}
    told = [(one, said) for one, said in newest.values()]
    rows = {
        "visits": as_array(one.visit for one, _ in told),
        "versions": as_array(one.version for one, _ in told),
        "households": as_array(one.household for one, _ in told),
        "days": as_array(one.day for one, _ in told),
        "cadres": as_array(cadre_of(said) for _, said in told),
        "contacts": as_array(str(said.get("contact", "home")) for _, said in told),
        "made": as_array(said.get("made") is not False for _, said in told),
    }
    session.execute(NOTE, rows | {"offset": now.utcoffset() or timedelta()})


def cadre_of(said: Mapping[str, object]) -> UUID | None:
    try:
        return UUID(str(said["cadre"])) if "cadre" in said else None
    except ValueError as error:
        raise NotAnEvent("cadre") from error
