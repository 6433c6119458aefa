"""Facts arrive, by event or by pull: learned and judged in one transaction, a set at a time."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlmodel import Session

from services.alerts.judge import convene, judge, lock_out_sweeps
from services.alerts.learn import COUNTY, Told, learn


def take_in(session: Session, about: str, told: Sequence[Told], now: datetime) -> None:
    """County by county: what is new is judged by the rules and standards of today."""
    by_county = sorted(told, key=county_of)
    lock_out_sweeps(session, map(county_of, told))
    for county, group in groupby(by_county, key=county_of):
        learned = learn(session, about, group)
        if learned:
            judge(session, convene(session, about, county, now.date(), now), learned)


def county_of(told: Told) -> str:
    return told.division[:COUNTY]
