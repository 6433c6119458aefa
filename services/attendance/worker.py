"""Attendance's worker: delivers what happened and follows the frame."""

from services.attendance.inbox import HANDLERS
from services.kit.post.frame import following
from services.kit.post.peers import Peer, Tokens
from services.kit.post.relay import relays
from services.kit.settings import Settings
from services.kit.starting import settings_or_exit
from services.kit.store.db import connect
from services.kit.store.work import run
from services.kit.web.logs import log_lines

if __name__ == "__main__":
    settings = settings_or_exit(Settings, "client_secret", "field_key", "index_key")
    log_lines(settings.service, "worker")
    engine = connect(settings.dsn)
    tokens = Tokens(settings.county_url, settings.service, settings.secret("client_secret"))
    county = Peer("county", settings.county_url, tokens)
    run(
        [*relays(settings, engine), *following(settings, engine, HANDLERS, {"county": county})],
        settings.timezone,
        engine,
    )
