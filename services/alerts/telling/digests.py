"""Notices become messages: one digest to a person and day, and at once what is urgent.

A message takes everything its person was told by transactions that have ended, from where the one before it stopped.
What is committed while somebody gathers belongs to a later transaction, and so to the next message: none is left out. A
transaction that is long under way anywhere on the server holds back what was told since it began.
"""

from datetime import datetime

from sqlalchemy import Engine, text

from services.alerts.telling.kinds import ROLES
from services.alerts.telling.quiet import DIGEST_HOUR
from services.alerts.telling.standing import STILL
from services.kit.store.db import open_session

# One at a time: two would begin the same message.
TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended('gather notices', 0))")
# By person, since thousands of notices may wait for tomorrow. Who holds no office today is sent nothing.
GATHER = text(
    f"""
    INSERT INTO telling (id, recipient, county, day, urgent, after_xid, until_xid, due_at)
    SELECT gen_random_uuid(), holder, left(first.division, 6), :today, :urgent, begins.xid,
           pg_snapshot_xmin(pg_current_snapshot()), :now
    FROM (SELECT DISTINCT holder FROM access_grant
          WHERE role = ANY (:roles) AND NOT revoked AND valid @> CAST(:today AS date)) AS person
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT until_xid FROM telling WHERE recipient = holder AND urgent = :urgent
                           AND until_xid <= pg_snapshot_xmin(pg_current_snapshot())
                         ORDER BY until_xid DESC LIMIT 1), '0') AS xid
    ) AS begins
    CROSS JOIN LATERAL (
        SELECT division FROM notice
        WHERE recipient = holder AND urgent = :urgent
          AND xid >= begins.xid AND xid < pg_snapshot_xmin(pg_current_snapshot())
          AND {STILL}
        ORDER BY xid LIMIT 1
    ) AS first
    WHERE :urgent OR (
        NOT EXISTS (SELECT FROM telling WHERE recipient = holder AND day = :today AND NOT urgent)
        AND :hour >= coalesce((SELECT value FROM standard AS said
                               WHERE key = :key AND population_class = '' AND valid @> CAST(:today AS date)
                                 AND starts_with(first.division, said.division)
                               ORDER BY length(said.division) DESC LIMIT 1), 0)
    )
    """  # noqa: S608  # our own words
)


def gather(engine: Engine, now: datetime) -> int:
    """How many messages there are to send. `now` in the county's zone: its date is the digest's day. A county that has
    set no hour tells as soon as there is something."""
    with open_session(engine) as session, session.begin():
        if not session.scalar(TURN):
            return 0
        asked = {"today": now.date(), "hour": now.hour, "now": now, "roles": list(ROLES), "key": DIGEST_HOUR.key}
        made = [session.execute(GATHER, asked | {"urgent": urgent}) for urgent in (True, False)]
        return sum(one.rowcount for one in made)  # type: ignore[attr-defined]
