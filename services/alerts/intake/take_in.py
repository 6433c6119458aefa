"""Facts arrive, by event or by pull: learned and judged in one transaction, a set at a time."""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlmodel import Session

from services.alerts.clues.following import move_along
from services.alerts.facts.learn import Told, learn
from services.alerts.judging.judge import Bench, convene_ready, judge, lock_out_sweeps
from services.alerts.rules.catalogue import HOUSEHOLD
from services.kit.post.facts import COUNTY
from services.kit.store.claim import enqueue

JUDGE_AGAIN = "judge-again"  # the job that judges a whole county (again.py)
JUDGE_WHEN_READY = "judge-when-ready"  # the same, when the standards that rules wait for have come

log = logging.getLogger(__name__)


def take_in(session: Session, about: str, told: Sequence[Told], now: datetime) -> None:
    """County by county: what is new is judged by the rules and standards of today. A rule whose standard is missing
    judges as soon as the county has set it."""
    by_county = sorted(told, key=county_of)
    lock_out_sweeps(session, map(county_of, told))
    for county, group in groupby(by_county, key=county_of):
        learned = learn(session, about, group)
        if learned and about == HOUSEHOLD:
            move_along(session, learned)
        if learned:
            bench = convene_ready(session, about, county, now.date(), now)
            judge(session, bench, learned)
            ask_when_ready(session, bench)


def ask_when_ready(session: Session, bench: Bench) -> None:
    if bench.waiting:
        missing = sorted({key for keys in bench.waiting.values() for key in keys})
        log.warning("%s: rules wait for standards: %s", bench.county, ", ".join(missing))
        enqueue(session, JUDGE_WHEN_READY, bench.county, bench.now)


def county_of(told: Told) -> str:
    return told.division[:COUNTY]
