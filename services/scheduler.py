"""The bell: a clock that speaks HTTP every minute. What is due is for the services to say; it knows no business."""

import logging
from datetime import UTC, datetime

from apscheduler.schedulers.blocking import BlockingScheduler
from httpx import HTTPError

from services.kit.post.peers import Peer, Tokens
from services.kit.settings import Settings
from services.kit.starting import settings_or_exit
from services.kit.web.logs import log_lines

log = logging.getLogger(__name__)


class BellSettings(Settings):
    """The bell has no database and no port."""

    database_url: str = ""
    port: int = 0
    alerts_url: str
    every_seconds: int = 60


def ring(alerts: Peer, every: int) -> None:
    """A missed ring is made good by the next: the answer depends on the day, not on the ring. It says how often it
    rings, so that its silence is noticed."""
    try:
        alerts.post("/v1/sweeps/due", {"every_seconds": every})
    except HTTPError as error:
        log.warning("alerts did not hear the bell: %s", type(error).__name__)


def main() -> None:
    settings = settings_or_exit(BellSettings, "client_secret")
    log_lines("scheduler", "scheduler")
    alerts = Peer(
        "alerts", settings.alerts_url, Tokens(settings.county_url, "scheduler", settings.secret("client_secret"))
    )
    # Late rings are rung once, whatever the delay: APScheduler's own default forgets what is a second late.
    clock = BlockingScheduler(
        timezone=settings.zone, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )
    clock.add_job(
        ring,
        "interval",
        [alerts, settings.every_seconds],
        seconds=settings.every_seconds,
        next_run_time=datetime.now(UTC),
    )
    clock.start()


if __name__ == "__main__":
    main()
