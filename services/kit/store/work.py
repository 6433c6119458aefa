"""A worker process: a few loops, each asking one step again and again whether there was work."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from services.kit import clock
from services.kit.starting import collect_seldom
from services.kit.store.db import open_session
from services.kit.store.heartbeat import EVERY, beat
from services.kit.web.errors import in_a_line, without_values

log = logging.getLogger(__name__)

Step = Callable[[datetime], int]


@dataclass(frozen=True)
class Loop:
    """`step` does one piece of work and says how much there was; after none it rests for `idle` seconds, and where
    there is a `slowest`, after each more in a row twice as long, up to that. Work of another loop of the process ends
    such a rest: what one has done is mostly what the next has to do."""

    name: str
    step: Step
    idle: float = 0.1
    slowest: float = 0.0
    called: threading.Event = field(default_factory=threading.Event)

    def rest_after(self, empty: int) -> float:
        return min(self.idle * 2.0 ** min(empty - 1, 20), max(self.slowest, self.idle))


def run(loops: Sequence[Loop], zone: tzinfo, engine: Engine) -> None:
    """Until SIGTERM or SIGINT. A loop finishes the step it is in. Steps are told the time in the county's zone. A last
    loop tells the APIs, through the database, that this process is alive and which loops fail."""
    collect_seldom()
    failing = {loop.name: 0 for loop in loops}
    loops = [*loops, Loop("heartbeat", lambda _: beat_once(engine, failing), idle=EVERY)]
    stop = threading.Event()

    def end(*_: object) -> None:
        for one in (stop, *(loop.called for loop in loops)):
            one.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    threads = [threading.Thread(target=turn, args=(loop, stop, zone, failing, loops), name=loop.name) for loop in loops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def beat_once(engine: Engine, failing: Mapping[str, int]) -> int:
    with open_session(engine) as session, session.begin():
        beat(session, "worker", detail={"failing": {name: times for name, times in list(failing.items()) if times}})
    return 0


def turn(
    loop: Loop,
    stop: threading.Event,
    zone: tzinfo,
    failing: dict[str, int] | None = None,
    together: Sequence[Loop] = (),
) -> None:
    """Failures rest longer each time (to 5 s), whoever calls, and are tried again: the work is booked in the database,
    not here."""
    failures = empty = 0
    failing = {} if failing is None else failing
    while not stop.is_set():
        try:
            if loop.step(clock.now(zone)):
                failures = empty = 0
                wake(together)
            else:
                failures, empty = 0, empty + 1
            rest = loop.rest_after(empty) if empty else 0.0
        except OperationalError as error:  # the database is away; it will be back
            failures += 1
            rest = min(0.2 * failures, 5.0)
            log.warning("%s: database away: %s", loop.name, in_a_line(error))
        except Exception as error:  # one poisoned piece of work must not end the others' loops; its retry is booked
            failures += 1
            rest = min(0.5 * failures, 5.0)
            log.error("%s: step failed\n%s", loop.name, without_values(error))
        failing[loop.name] = failures
        if failures:
            stop.wait(rest)
        elif not stop.is_set() and loop.called.wait(rest):
            loop.called.clear()
            empty = 0


def wake(loops: Sequence[Loop]) -> None:
    for loop in loops:
        if loop.slowest:
            loop.called.set()
