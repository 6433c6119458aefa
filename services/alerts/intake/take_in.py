"""Facts arrive, by event or by pull: learned and judged in one transaction, a set at a time."""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlmodel import Session

from services.alerts.clues.following import move_along
from services.alerts.facts.learn import Told, learn
from services.alerts.judging.judge import convene, judge, lock_out_sweeps
from services.alerts.rules.catalogue import HOUSEHOLD
from services.kit.post.facts import COUNTY
from services.kit.store.claim import enqueue
from services.kit.store.reference import StandardMissing

JUDGE_AGAIN = "judge-again"  # the job that judges a whole county (again.py)

log = logging.getLogger(__name__)


def take_in(session: Session, about: str, told: Sequence[Told], now: datetime) -> None:
    """County by county: what is new is judged by the rules and standards of today. Where a standard is missing it is
    learned all the same, and judged as soon as the county has set it."""
    by_county = sorted(told, key=county_of)
    lock_out_sweeps(session, map(county_of, told))
    for county, group in groupby(by_county, key=county_of):
        learned = learn(session, about, group)
        if learned and about == HOUSEHOLD:
            move_along(session, learned)
        try:
            if learned:
                judge(session, convene(session, about, county, now.date(), now), learned)
        except StandardMissing as missing:
            log.warning("%s learned and not judged: %s", len(learned), missing)
            enqueue(session, JUDGE_AGAIN, county, now)


def county_of(told: Told) -> str:
    return told.division[:COUNTY]
