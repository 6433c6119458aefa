"""Rules in the shadow judge in the sweep beside those in effect: for whom they held is kept, and nobody is told."""

import logging
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.judging.judge import bench_of, lay_out
from services.alerts.models.sweep import Sweep
from services.alerts.rules.rules import read_rule, shadows_on
from services.kit.store.reference import StandardMissing

log = logging.getLogger(__name__)

HELD = text(
    """
    INSERT INTO shadow_finding (rule_key, rule_version, sweep_id, subject, division)
    SELECT :key, :version, :sweep_id, subject, division FROM stage WHERE mask & 3 = 1
    """
)


def judge_shadows(session: Session, sweep: Sweep, about: str, now: datetime) -> dict[str, int]:
    """After the rules in effect: the stage is laid out anew. One whose standard is missing holds nobody up. How many
    each held for, by key."""
    held: dict[str, int] = {}
    for rule in shadows_on(session, about, sweep.county, now.date()):
        try:
            bench = bench_of(session, about, sweep.county, [read_rule(rule)], now.date(), now)
        except StandardMissing as missing:
            log.warning("rule %s, in the shadow, does not judge: %s", rule.key, missing)
            continue
        lay_out(session, bench)
        told = {"key": rule.key, "version": rule.version, "sweep_id": sweep.id}
        held[rule.key] = session.execute(HELD, told).rowcount  # type: ignore[attr-defined]
    return held
