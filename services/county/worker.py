"""County's worker: tells the other services what changed, and keeps the calendar a year ahead."""

from datetime import datetime

from sqlalchemy import Engine

from services.county.days import keep_calendar
from services.county.models import SEALED
from services.kit.post.relay import relays
from services.kit.settings import Settings
from services.kit.store.db import connect, open_session
from services.kit.store.key_check import read_seal
from services.kit.store.rotation import rotations
from services.kit.store.work import Loop, run
from services.kit.web.app import log_plainly

DAILY = 86_400.0


def keep_a_year_ahead(engine: Engine, now: datetime) -> int:
    with open_session(engine) as session, session.begin():
        keep_calendar(session, now, until=now.year + 1)
    return 0


if __name__ == "__main__":
    log_plainly()
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    engine = connect(settings.database_url)
    seal = read_seal(settings, engine, SEALED)
    run(
        [
            *relays(settings, engine, seal),
            *rotations(engine, seal, SEALED),
            Loop("calendar", lambda now: keep_a_year_ahead(engine, now), idle=DAILY),
        ],
        settings.timezone,
    )
