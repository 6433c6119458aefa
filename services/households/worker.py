"""Households' worker: delivers what happened and follows the frame."""

from services.households.settings import HouseholdsSettings
from services.kit.starting import settings_or_exit

if __name__ == "__main__":  # before the rooms are read, which takes seconds: what is wrong is told at once
    SETTINGS = settings_or_exit(HouseholdsSettings, "client_secret")

from services.households.cases.after_care import after_care
from services.households.cases.clocks import clocks
from services.households.cases.gates_met import tells_of_gates
from services.households.cases.notices_over import tells_of_notices
from services.households.declarations.purge import purges
from services.households.exports.making import exports
from services.households.facts_of_the_day import facts_of_the_day
from services.households.help.overdue import tells_of_measures
from services.households.imports.job import imports
from services.households.inbox import HANDLERS
from services.households.issues.overdue import tells_of_issues
from services.households.models import SEALED
from services.households.quality.running import quality_work
from services.households.sheets.making import sheets
from services.kit.post.frame import following
from services.kit.post.peers import Peer, Tokens
from services.kit.post.relay import relays
from services.kit.store.db import connect
from services.kit.store.heads import signs_heads
from services.kit.store.key_check import read_seal
from services.kit.store.rotation import rotations
from services.kit.store.work import run
from services.kit.web.logs import log_lines


def main(settings: HouseholdsSettings) -> None:
    log_lines(settings.service, "worker")
    engine = connect(settings.dsn, slot=settings.slot_of("worker"))
    seal = read_seal(settings, engine, SEALED)
    tokens = Tokens(settings.county_url, settings.service, settings.secret("client_secret"))
    urls = {"county": settings.county_url, "attendance": settings.attendance_url}
    owners = {name: Peer(name, url, tokens) for name, url in urls.items()}
    loops = [
        *relays(settings, engine, seal),
        *rotations(engine, seal, SEALED),
        imports(engine, seal, demo=settings.demo_people),
        exports(engine, seal),
        sheets(engine, seal, owners["attendance"]),
        purges(engine),
        quality_work(engine, seal),
        facts_of_the_day(engine),
        signs_heads(settings, engine),
        *clocks(engine),
        tells_of_notices(engine),
        tells_of_gates(engine),
        tells_of_measures(engine),
        tells_of_issues(engine),
        after_care(engine),
        *following(settings, engine, HANDLERS, owners),
    ]
    run(loops, settings.timezone, engine)


if __name__ == "__main__":
    main(SETTINGS)
