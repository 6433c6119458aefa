"""County's worker: tells the other services what changed, and keeps the calendar a year ahead."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete
from sqlmodel import col

from services.county.days import keep_calendar
from services.county.models import SEALED, RefreshFamily, SignInTries, UsedToken
from services.county.settings import SignInSettings
from services.kit.post.relay import relays
from services.kit.settings import Settings
from services.kit.starting import settings_or_exit
from services.kit.store.db import connect, open_session
from services.kit.store.heads import signs_heads
from services.kit.store.key_check import read_seal
from services.kit.store.rotation import rotations
from services.kit.store.work import Loop, run
from services.kit.web.logs import log_lines

DAILY = 86_400.0


def keep_a_year_ahead(engine: Engine, now: datetime) -> int:
    with open_session(engine) as session, session.begin():
        keep_calendar(session, now, until=now.year + 1)
    return 0


def forget(engine: Engine, now: datetime, limits: SignInSettings) -> int:
    """What can no longer matter: tries, families and foreign tokens whose time is over."""
    known, longest = timedelta(seconds=limits.address_known), timedelta(seconds=limits.refresh_longest)
    over: tuple[Any, ...] = (
        delete(SignInTries).where(col(SignInTries.heard_at) < now - known),
        delete(RefreshFamily).where(col(RefreshFamily.created_at) < now - longest),
        delete(UsedToken).where(col(UsedToken.expires_at) < now),
    )
    with open_session(engine) as session, session.begin():
        for one in over:
            session.execute(one)
    return 0


if __name__ == "__main__":
    settings = settings_or_exit(Settings)
    log_lines(settings.service, "worker")
    engine = connect(settings.dsn, slot=settings.slot_of("worker"))
    seal = read_seal(settings, engine, SEALED)
    limits = SignInSettings()
    run(
        [
            *relays(settings, engine, seal),
            *rotations(engine, seal, SEALED),
            signs_heads(settings, engine),
            Loop("calendar", lambda now: keep_a_year_ahead(engine, now), idle=DAILY),
            Loop("forget", lambda now: forget(engine, now, limits), idle=DAILY),
        ],
        settings.timezone,
        engine,
    )
