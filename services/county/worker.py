"""County's worker: tells the other services what changed, and keeps the calendar a year ahead."""

from datetime import datetime

from sqlalchemy import Engine

from services.county.days import keep_calendar
from services.kit.post.relay import relays
from services.kit.settings import Settings
from services.kit.starting import settings_or_exit
from services.kit.store.db import connect, open_session
from services.kit.store.work import Loop, run
from services.kit.web.logs import log_lines

DAILY = 86_400.0


def keep_a_year_ahead(engine: Engine, now: datetime) -> int:
    with open_session(engine) as session, session.begin():
        keep_calendar(session, now, until=now.year + 1)
    return 0


if __name__ == "__main__":
    settings = settings_or_exit(Settings, "field_key", "index_key")
    log_lines(settings.service, "worker")
    engine = connect(settings.dsn)
    run(
        [*relays(settings, engine), Loop("calendar", lambda now: keep_a_year_ahead(engine, now), idle=DAILY)],
        settings.timezone,
        engine,
    )
