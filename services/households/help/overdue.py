"""Measures that are not done by their day are said to be overdue, once; and once that they no longer are: done,
dropped, put off, or their household is gone. Each lateness has an id of its own: what is put off may be late anew."""

from datetime import datetime

from sqlalchemy import Engine, text

from services.kit.store.db import open_session
from services.kit.store.work import Loop

OVERDUE, OVER = "measure.overdue", "measure.no_longer_overdue"
EVERY = 300.0  # seconds
AT_ONCE = 2_000

LATE = """
    WITH late AS (
        SELECT m.id, gen_random_uuid() AS lateness, m.household_id, h.village, m.due
        FROM measure m JOIN household h ON h.id = m.household_id
        WHERE m.done_on IS NULL AND m.dropped_because IS NULL AND m.due < CAST(:today AS date)
            AND m.late_as IS NULL AND h.ended_on IS NULL
        ORDER BY m.due LIMIT :most FOR UPDATE OF m SKIP LOCKED
    ), marked AS (UPDATE measure SET late_as = lateness FROM late WHERE measure.id = late.id)
"""
NO_LONGER = """
    WITH late AS (
        SELECT m.id, m.late_as AS lateness, m.household_id, h.village, m.due
        FROM measure m JOIN household h ON h.id = m.household_id
        WHERE m.late_as IS NOT NULL AND (m.done_on IS NOT NULL OR m.dropped_because IS NOT NULL
            OR m.due >= CAST(:today AS date) OR h.ended_on IS NOT NULL)
        LIMIT :most FOR UPDATE OF m SKIP LOCKED
    ), marked AS (UPDATE measure SET late_as = NULL FROM late WHERE measure.id = late.id)
"""
# The mark and the event are one statement.
SAY = """
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(:now), :kind, CAST(id AS text), village, :now,
           jsonb_build_object('household', household_id, 'lateness', lateness, 'due_on', due)
    FROM late
"""
STATEMENTS = {OVER: text(NO_LONGER + SAY), OVERDUE: text(LATE + SAY)}


def tells_of_measures(engine: Engine) -> Loop:
    return Loop("measures overdue", lambda now: tell_of_measures(engine, now), idle=EVERY)


def tell_of_measures(engine: Engine, now: datetime) -> int:
    said = 0
    with open_session(engine) as session, session.begin():
        for kind, statement in STATEMENTS.items():
            asked = {"today": now.date(), "now": now, "most": AT_ONCE, "kind": kind}
            said += session.execute(statement, asked).rowcount  # type: ignore[attr-defined]
    return said
