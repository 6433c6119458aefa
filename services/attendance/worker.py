"""Attendance's worker: delivers what happened, tells of leaves that are overdue, has issues opened, and follows the
frame."""

from services.attendance.settings import AttendanceSettings
from services.kit.starting import settings_or_exit

if __name__ == "__main__":  # before the rooms are read, which takes seconds: what is wrong is told at once
    SETTINGS = settings_or_exit(AttendanceSettings, "client_secret")

from services.attendance.inbox import HANDLERS
from services.attendance.inspections.issues import opens_issues
from services.attendance.leave.overdue import tells_of_leaves
from services.attendance.models import SEALED
from services.attendance.visits.freezing import freezes_rounds
from services.kit.post.frame import following
from services.kit.post.peers import Peer, Tokens
from services.kit.post.relay import relays
from services.kit.store.db import connect
from services.kit.store.heads import signs_heads
from services.kit.store.key_check import read_seal
from services.kit.store.rotation import rotations
from services.kit.store.work import run
from services.kit.web.logs import log_lines


def main(settings: AttendanceSettings) -> None:
    log_lines(settings.service, "worker")
    engine = connect(settings.dsn, slot=settings.slot_of("worker"))
    seal = read_seal(settings, engine, SEALED)
    tokens = Tokens(settings.county_url, settings.service, settings.secret("client_secret"))
    urls = {"county": settings.county_url, "households": settings.households_url, "alerts": settings.alerts_url}
    owners = {name: Peer(name, url, tokens) for name, url in urls.items()}
    jobs = {
        **freezes_rounds(engine, owners["households"]),
        **opens_issues(engine, seal, owners["households"]),
    }
    run(
        [
            *relays(settings, engine, seal),
            *rotations(engine, seal, SEALED),
            signs_heads(settings, engine),
            tells_of_leaves(engine),
            *following(settings, engine, HANDLERS, owners, jobs),
        ],
        settings.timezone,
        engine,
    )


if __name__ == "__main__":
    main(SETTINGS)
