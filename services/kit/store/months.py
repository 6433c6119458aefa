"""Events, their deliveries and their receipts lie by month, and a month goes as a whole (docs/retention.md)."""

import logging
import secrets
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from services.kit.settings import Settings
from services.kit.store.db import open_session
from services.kit.store.work import Loop

log = logging.getLogger(__name__)

HOURLY = 3600.0
AHEAD = timedelta(days=70)  # two months at least are made before they come
LONGER = timedelta(days=31)  # a receipt outlives its event, so that what is told again is known
AT_ONCE = 5_000
MAKE = text("SELECT make_months_of_events(:today, :until)")
FORGET = text("SELECT forget_events(:before, :dead_before, :receipts_before, :at_once)")


def made_at(now: datetime) -> UUID:
    """A new id that says when it was made (UUID version 7): what is keyed by it lies in that month. In SQL: uuid_at."""
    chance = secrets.randbits(74)
    return UUID(int=int(now.timestamp() * 1000) << 80 | 7 << 76 | chance >> 62 << 64 | 2 << 62 | chance & (1 << 62) - 1)


def last_made_by(now: datetime) -> UUID:
    """No event that is made by then comes after it."""
    return UUID(int=int(now.timestamp() * 1000) << 80 | (1 << 80) - 1)


def made_when(key: UUID) -> datetime:
    """Of an id of `made_at` or `last_made_by`."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, UTC)


def make_months(engine: Engine, today: date) -> int:
    with open_session(engine) as session, session.begin():
        return int(session.execute(MAKE, {"today": today, "until": today + AHEAD}).scalar_one())


def forget_events(engine: Engine, today: date, kept: timedelta, dead_kept: timedelta) -> int:
    """What every subscriber has heard that long ago; what is owed stays. How many rows had no month to go with."""
    longest = max(kept, dead_kept)
    days = {"before": today - kept, "dead_before": today - longest, "receipts_before": today - longest - LONGER}
    with open_session(engine) as session, session.begin():
        return int(session.execute(FORGET, days | {"at_once": AT_ONCE}).scalar_one())


def keeps_months(settings: Settings, engine: Engine) -> Loop:
    """A month that was missed costs nothing: the default partition takes what comes."""
    kept, dead_kept = timedelta(days=settings.event_days), timedelta(days=settings.dead_letter_days)

    def step(now: datetime) -> int:
        try:
            make_months(engine, now.date())
            return forget_events(engine, now.date(), kept, dead_kept)
        except OperationalError as busy:
            log.info("months are left for later: %s", type(busy.orig).__name__)
            return 0

    return Loop("months", step, idle=HOURLY)
