"""From event to debt: one statement owes each event to all who asked for it, and may hear it."""

from datetime import datetime

from sqlalchemy import Engine, text

from services.kit.store.db import open_session

# One at a time, so that debts are booked in the order in which their events were committed.
ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('fan out'))")

# What happens somewhere is owed to those alone whose grants cover the place on that day.
FAN_OUT = text(
    """
    WITH fresh AS (
        SELECT id FROM event WHERE NOT fanned_out ORDER BY xid, id LIMIT 5000 FOR UPDATE SKIP LOCKED
    ), marked AS (
        UPDATE event SET fanned_out = true FROM fresh WHERE event.id = fresh.id
        RETURNING event.id, event.xid, event.type, event.division
    ), owed AS (
        INSERT INTO delivery (event_id, subscription_id, due_at)
        SELECT marked.id, subscription.id, :now
        FROM marked JOIN subscription
          ON marked.type = ANY (subscription.types)
         AND (subscription.divisions = '{}' AND starts_with(marked.division, subscription.division)
              OR marked.division ^@ ANY (subscription.divisions))
         AND subscription.disabled_at IS NULL
         AND may_hear(subscription.own, subscription.subscriber, marked.division, CAST(:today AS date))
        ORDER BY marked.xid, marked.id
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM marked
    """
)


def fan_out(engine: Engine, now: datetime) -> int:
    with open_session(engine) as session, session.begin():
        if not session.execute(ALONE).scalar_one():
            return 0
        return int(session.execute(FAN_OUT, {"now": now, "today": now.date()}).scalar_one())
