"""Finished tasks are kept as many days as the county has set, with their reasons and whatever was noted at them; then
they go, a set at a time, and the figures say until when."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from services.alerts.telling.purge import HOURLY, THERE, kept_until
from services.kit.store.db import open_session
from services.kit.store.reference import StandardKey
from services.kit.store.work import Loop

KEPT_DAYS = StandardKey("task_kept_days", "number", "日", "办结任务保存天数", "Days finished visit tasks are kept")

# A task stays while it keeps an alert quiet, and while the case that came of it is asked for or goes on. The newest
# day of what has gone stands with its county in the same statement.
FORGET = text(
    f"""
    WITH gone AS (
        SELECT id, county, CAST(closed_at AT TIME ZONE CAST(:offset AS interval) AS date) AS closed_on FROM task
        WHERE closed_at < :before AND {THERE.format(column="division")}
          AND NOT EXISTS (SELECT FROM task_quiet WHERE task_id = task.id)
          AND NOT EXISTS (SELECT FROM task_case WHERE task_id = task.id AND (
              answered_at IS NULL OR case_id IS NOT NULL AND coalesce(state, '') NOT IN ('refused', 'ended')))
        LIMIT :most FOR UPDATE SKIP LOCKED
    ), reasons AS (DELETE FROM task_reason WHERE task_id IN (SELECT id FROM gone)
    ), visits AS (DELETE FROM task_visit WHERE task_id IN (SELECT id FROM gone)
    ), marks AS (DELETE FROM task_escalation WHERE task_id IN (SELECT id FROM gone)
    ), cases AS (DELETE FROM task_case WHERE task_id IN (SELECT id FROM gone)
    ), steps AS (DELETE FROM task_step WHERE task_id IN (SELECT id FROM gone)
    ), noted AS (
        INSERT INTO task_purge AS held (county, closed_until) SELECT county, max(closed_on) FROM gone GROUP BY county
        ON CONFLICT (county) DO UPDATE SET closed_until = greatest(held.closed_until, excluded.closed_until)
    )
    DELETE FROM task WHERE id IN (SELECT id FROM gone)
    """  # noqa: S608  # our own words
)


def purges(engine: Engine) -> Loop:
    return Loop("task purge", lambda now: purge(engine, now), idle=HOURLY)


def purge(engine: Engine, now: datetime) -> int:
    """0 when there is nothing left: the next look is in an hour."""
    gone, zone = 0, {"offset": now.utcoffset() or timedelta()}
    with open_session(engine) as session, session.begin():
        for asked in kept_until(session, KEPT_DAYS, now):
            gone += session.execute(FORGET, {**asked, **zone}).rowcount  # type: ignore[attr-defined]
    return gone
