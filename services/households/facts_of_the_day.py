"""What is true of a household today may not have been yesterday, though nobody wrote anything: a child comes of school
age, an insurance year begins, a county's standard changes. Each day, and soon after a standard that facts hang on, the
facts of every village are computed anew; what differs is told in bulk."""

from datetime import datetime

from sqlalchemy import Engine, text

from services.households.facts import facts_changed_in_bulk
from services.households.income.settings import INCOME_DIVISOR
from services.households.register.school_age import FROM, UNTIL
from services.kit.store.db import open_session
from services.kit.store.work import Loop

LOOK = 300.0  # seconds between two looks, while nothing is due
HUNG_ON = (INCOME_DIVISOR.key, FROM.key, UNTIL.key)

# A village that is new here was computed as it was written.
ENLIST = text(
    """
    INSERT INTO facts_kept (village, day, standards)
    SELECT DISTINCT village, CAST(:today AS date), CAST(:standards AS bigint) FROM household WHERE ended_on IS NULL
    ON CONFLICT DO NOTHING
    """
)
STANDARDS = text("SELECT coalesce(max(version), 0) FROM standard WHERE key = ANY (:keys)")
# Two workers take different villages, and one that was killed leaves its own to be taken again.
NEXT = text(
    """
    SELECT village FROM facts_kept WHERE day < CAST(:today AS date) OR standards <> :standards
    ORDER BY village LIMIT 1 FOR UPDATE SKIP LOCKED
    """
)
HOMES = text("SELECT id FROM household WHERE village = :village AND ended_on IS NULL ORDER BY id FOR UPDATE")
KEPT = text("UPDATE facts_kept SET day = CAST(:today AS date), standards = :standards WHERE village = :village")


def facts_of_the_day(engine: Engine) -> Loop:
    return Loop("facts of the day", lambda now: keep_some(engine, now), idle=LOOK)


def keep_some(engine: Engine, now: datetime) -> int:
    """One village, in one transaction."""
    with open_session(engine) as session, session.begin():
        asked = {"today": now.date(), "standards": session.scalar(STANDARDS, {"keys": list(HUNG_ON)})}
        village = session.scalar(NEXT, asked)
        if village is None:
            session.execute(ENLIST, asked)
            return 0
        homes = session.scalars(HOMES, {"village": village}).all()
        facts_changed_in_bulk(session, homes, now)
        session.execute(KEPT, asked | {"village": village})
    return 1
