"""Alerts' worker: follows the owners of facts, walks the sweeps, and delivers what was found."""

from services.alerts.facts.history import makes_months
from services.alerts.inbox import HANDLERS
from services.alerts.intake.again import judges_again
from services.alerts.intake.pull import pulls_facts
from services.alerts.models import SEALED
from services.alerts.settings import AlertsSettings
from services.alerts.sweep.steps import Walk, sweep_some
from services.kit.post.frame import following
from services.kit.post.peers import Peer, Tokens
from services.kit.post.relay import relays
from services.kit.starting import settings_or_exit
from services.kit.store.db import connect
from services.kit.store.heads import KEY, read_key, signs_heads
from services.kit.store.key_check import read_seal
from services.kit.store.rotation import rotations
from services.kit.store.work import Loop, run
from services.kit.web.logs import log_lines


def main() -> None:
    settings = settings_or_exit(AlertsSettings, "client_secret")
    log_lines(settings.service, "worker")
    engine = connect(settings.dsn, slot=settings.slot_of("worker"))
    seal = read_seal(settings, engine, SEALED)
    tokens = Tokens(settings.county_url, settings.service, settings.secret("client_secret"))
    urls = {"county": settings.county_url, "households": settings.households_url, "attendance": settings.attendance_url}
    owners = {name: Peer(name, url, tokens) for name, url in urls.items()}
    walk = Walk(engine, owners, read_key(settings.secrets / KEY))
    loops = [
        *relays(settings, engine, seal),
        *rotations(engine, seal, SEALED),
        signs_heads(settings, engine),
        *following(settings, engine, HANDLERS, owners, {**pulls_facts(engine, owners), **judges_again(engine)}),
        makes_months(engine),
        Loop("sweep", lambda now: sweep_some(walk, now), idle=0.5),
    ]
    run(loops, settings.timezone, engine)


if __name__ == "__main__":
    main()
