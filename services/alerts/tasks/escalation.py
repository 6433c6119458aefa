"""A task whose day is near is told once to whoever has it. One that stays undone is told further up: to the township,
then to the county, so many working days after it was due, as the county has set them. What is done, put off or was
never due is told to nobody."""

from datetime import datetime

from sqlalchemy import Engine, text

from services.alerts.telling.notices import tell
from services.kit.store.db import open_session
from services.kit.store.work import Loop

ESCALATED = "task.escalated"
EVERY = 60.0  # seconds
AT_ONCE = 5_000

# One statement and one transaction: the mark, its level and the event come together or not at all, and the key of the
# mark lets no level be told twice. A task climbs one level at a time.
CLIMB = text(
    """
    WITH late AS (
        SELECT task.id, task.level + 1 AS level, greatest(task.due_on, task.postponed_until) AS due_on, task.division
        FROM task WHERE closed_at IS NULL AND level < 2 AND task.due_on < CAST(:today AS date)
            AND coalesce(task.postponed_until, '-infinity') < CAST(:today AS date)
    ), climbing AS (
        SELECT late.id, late.level, late.due_on FROM late
        JOIN day AS due ON due.date = late.due_on JOIN day AS today ON today.date = CAST(:today AS date)
        CROSS JOIN LATERAL (
            SELECT value FROM standard
            WHERE key = (ARRAY['task_to_township', 'task_to_county'])[late.level] AND population_class = ''
                AND valid @> CAST(:today AS date) AND starts_with(late.division, standard.division)
            ORDER BY length(standard.division) DESC LIMIT 1) AS allowed
        WHERE today.ordinal - due.ordinal >= allowed.value
        ORDER BY late.due_on, late.id LIMIT :most
    ), raised AS (
        UPDATE task SET level = climbing.level, version = version + 1 FROM climbing
        WHERE task.id = climbing.id AND closed_at IS NULL AND task.level = climbing.level - 1
        RETURNING task.id, task.subject, task.division, task.severity, task.level, climbing.due_on
    ), marked AS (
        INSERT INTO task_escalation (task_id, level, due_on, told_at) SELECT id, level, due_on, :now FROM raised
    )
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(:now), :escalated, CAST(id AS text), division, :now,
           jsonb_build_object('household', subject, 'severity', severity, 'due_on', due_on,
                              'level', (ARRAY['township', 'county'])[level])
    FROM raised RETURNING CAST(subject AS uuid)
    """
)


# Its mark is that of level 0, where every task begins. Once, whatever becomes of its day afterwards. What is too far
# off for any county's days is not looked up: so many working days last no longer, holidays among them.
NEAR = text(
    """
    WITH near AS (
        SELECT id, division, greatest(due_on, postponed_until) AS due_on FROM task
        WHERE closed_at IS NULL AND level = 0 AND due_on IS NOT NULL
            AND greatest(due_on, postponed_until) BETWEEN CAST(:today AS date) AND CAST(:today AS date) + (
                SELECT CAST(least(max(value), 365) AS int) * 3 + 30 FROM standard WHERE key = 'task_due_soon')
            AND NOT EXISTS (SELECT FROM task_escalation AS told WHERE told.task_id = task.id AND told.level = 0)
    )
    INSERT INTO task_escalation (task_id, level, due_on, told_at)
    SELECT near.id, 0, near.due_on, :now FROM near
    JOIN day AS due ON due.date = near.due_on JOIN day AS today ON today.date = CAST(:today AS date)
    CROSS JOIN LATERAL (
        SELECT value FROM standard
        WHERE key = 'task_due_soon' AND population_class = '' AND valid @> CAST(:today AS date)
            AND starts_with(near.division, standard.division)
        ORDER BY length(standard.division) DESC LIMIT 1) AS before
    WHERE due.ordinal - today.ordinal <= before.value
    ORDER BY near.due_on, near.id LIMIT :most
    ON CONFLICT DO NOTHING RETURNING task_id
    """
)


def escalates(engine: Engine) -> Loop:
    return Loop("escalation", lambda now: escalate_some(engine, now) + remind_some(engine, now), idle=EVERY)


def remind_some(engine: Engine, now: datetime) -> int:
    """Of how many tasks those who have them were told. A county that has set no days reminds nobody."""
    with open_session(engine) as session, session.begin():
        near = session.scalars(NEAR, {"today": now.date(), "now": now, "most": AT_ONCE}).all()
        tell(session, "task_due", near, now)
    return len(near)


def escalate_some(engine: Engine, now: datetime) -> int:
    """How many were told further up. By the county's day and calendar; a day that no calendar has tells nobody."""
    told = {"today": now.date(), "now": now, "most": AT_ONCE, "escalated": ESCALATED}
    with open_session(engine) as session, session.begin():
        raised = session.scalars(CLIMB, told).all()
        tell(session, "task_late", raised, now)
    return len(raised)
