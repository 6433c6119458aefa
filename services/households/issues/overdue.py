"""Issues that are not put right by their day are said to be overdue, once; and once that they no longer are. Each
lateness has an id of its own: what is put off may be late anew. Of a restricted one the county alone is told."""

from datetime import datetime

from sqlalchemy import Engine, text

from services.kit.store.db import open_session
from services.kit.store.work import Loop

OVERDUE, OVER = "issue.overdue", "issue.no_longer_overdue"
EVERY = 300.0  # seconds
AT_ONCE = 2_000

LATE = """
    WITH late AS (
        SELECT id, gen_random_uuid() AS lateness, division, due_on, restricted FROM issue
        WHERE state = 'open' AND due_on < CAST(:today AS date) AND late_as IS NULL
        ORDER BY due_on LIMIT :most FOR UPDATE SKIP LOCKED
    ), marked AS (UPDATE issue SET late_as = lateness FROM late WHERE issue.id = late.id)
"""
NO_LONGER = """
    WITH late AS (
        SELECT id, late_as AS lateness, division, due_on, restricted FROM issue
        WHERE late_as IS NOT NULL AND (state <> 'open' OR due_on >= CAST(:today AS date))
        LIMIT :most FOR UPDATE SKIP LOCKED
    ), marked AS (UPDATE issue SET late_as = NULL FROM late WHERE issue.id = late.id)
"""
# The mark and the event are one statement.
SAY = """
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(:now), :kind, CAST(id AS text), division, :now,
           jsonb_build_object('lateness', lateness, 'due_on', due_on,
                              'level', CASE WHEN restricted THEN 'county' ELSE 'village' END)
    FROM late
"""
STATEMENTS = {OVER: text(NO_LONGER + SAY), OVERDUE: text(LATE + SAY)}


def tells_of_issues(engine: Engine) -> Loop:
    return Loop("issues overdue", lambda now: tell_of_issues(engine, now), idle=EVERY)


def tell_of_issues(engine: Engine, now: datetime) -> int:
    said = 0
    with open_session(engine) as session, session.begin():
        for kind, statement in STATEMENTS.items():
            asked = {"today": now.date(), "now": now, "most": AT_ONCE, "kind": kind}
            said += session.execute(statement, asked).rowcount  # type: ignore[attr-defined]
    return said
