"""Alerts' worker: follows the owners of facts, walks the sweeps, takes clues in, has cases opened, tells of
tasks that stay undone, makes reports ready, delivers what was found, tells people, and forgets what was kept its
days."""

from services.alerts.settings import AlertsSettings
from services.kit.starting import settings_or_exit

if __name__ == "__main__":  # before the rooms are read, which takes seconds: what is wrong is told at once
    SETTINGS = settings_or_exit(AlertsSettings, "client_secret")

from services.alerts.clues.purge import purges
from services.alerts.clues.work import clue_work
from services.alerts.facts.history import makes_months
from services.alerts.inbox import HANDLERS
from services.alerts.intake.again import judges_again
from services.alerts.intake.pull import pulls_facts
from services.alerts.models import SEALED
from services.alerts.reporting.gathering import reports
from services.alerts.sweep.steps import Walk, sweep_some
from services.alerts.tasks import purge as tasks_purge
from services.alerts.tasks.cases import opens_cases
from services.alerts.tasks.declared import answers_declarations
from services.alerts.tasks.escalation import escalates
from services.alerts.tasks.later import folds
from services.alerts.telling import purge as notices_purge
from services.alerts.telling.connected import connected
from services.alerts.telling.delivery import AT_ONCE, PostOffice, deliver_some
from services.alerts.telling.digests import gather
from services.kit.post.frame import following
from services.kit.post.peers import Peer, Tokens
from services.kit.post.relay import relays
from services.kit.store.db import connect
from services.kit.store.heads import KEY, read_key, signs_heads
from services.kit.store.key_check import read_seal
from services.kit.store.rotation import rotations
from services.kit.store.work import Loop, run
from services.kit.web.logs import log_lines


def main(settings: AlertsSettings) -> None:
    log_lines(settings.service, "worker")
    engine = connect(settings.dsn, slot=settings.slot_of("worker"))
    seal = read_seal(settings, engine, SEALED)
    tokens = Tokens(settings.county_url, settings.service, settings.secret("client_secret"))
    urls = {"county": settings.county_url, "households": settings.households_url, "attendance": settings.attendance_url}
    owners = {name: Peer(name, url, tokens) for name, url in urls.items()}
    walk = Walk(engine, owners, read_key(settings.secrets / KEY))
    jobs = {
        **pulls_facts(engine, owners),
        **judges_again(engine),
        **opens_cases(engine, owners["households"]),
        **answers_declarations(engine, owners["households"]),
        **folds(engine),
    }
    apart = connect(settings.dsn, pool=AT_ONCE, slot=settings.slot_of("worker"))  # a note must not wait for a sweep
    office = PostOffice(apart, seal, connected(settings))
    loops = [
        *relays(settings, engine, seal),
        *rotations(engine, seal, SEALED),
        signs_heads(settings, engine),
        *following(settings, engine, HANDLERS, owners, jobs),
        clue_work(engine, seal, owners["households"], demo=settings.demo_people),
        purges(engine),
        tasks_purge.purges(engine),
        notices_purge.purges(engine),
        makes_months(engine),
        escalates(engine),
        *reports(engine, owners["households"], owners["attendance"]),
        Loop("sweep", lambda now: sweep_some(walk, now), idle=0.5),
        Loop("gather", lambda now: gather(engine, now), idle=3.0),  # a look at everybody: not after each piece of work
        Loop("tell at once", lambda now: deliver_some(office, now, urgent=True), idle=1.0, slowest=5.0),
        Loop("digests", lambda now: deliver_some(office, now, urgent=False), idle=1.0, slowest=15.0),
    ]
    run(loops, settings.timezone, engine)


if __name__ == "__main__":
    main(SETTINGS)
