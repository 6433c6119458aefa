"""How a sweep walks: due → reconciled → judged → certified.

Each step ends in one transaction that checks its fencing number; HTTP happens outside it. A worker that dies leaves
its step to the next claim, and one that slept through its lease writes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, func, select
from sqlmodel import Session

from services.alerts.facts.learn import FACTS
from services.alerts.judging.judge import convene, judge_county, lock_out_learning
from services.alerts.models.sweep import Sweep
from services.alerts.rules.catalogue import HOUSEHOLD, TEAM
from services.alerts.sweep.certificate import certificate_of, judged_by
from services.alerts.sweep.late import ended, is_late, judge_late
from services.alerts.sweep.reconcile import came_since, reconcile, went_since
from services.alerts.sweep.shadows import judge_shadows
from services.alerts.sweep.unjudged import note_gaps
from services.alerts.telling.notices import tell
from services.kit.post.events import emit
from services.kit.post.facts import table_of
from services.kit.post.peers import Peer
from services.kit.store.audit import note_own
from services.kit.store.claim import ClaimLost, claim, renewing, still_held
from services.kit.store.db import open_session

HOLD = timedelta(seconds=30)  # renewed while the step is under way; a dead worker's sweep waits that long


@dataclass(frozen=True)
class Walk:
    """What a worker walks sweeps with: its database, the owners of facts, and the key that signs certificates."""

    engine: Engine
    owners: Mapping[str, Peer]
    key: Ed25519PrivateKey


def sweep_some(walk: Walk, now: datetime) -> int:
    """One step of one sweep. 0 when none is due."""
    with open_session(walk.engine) as session:
        sweeps = claim(session, Sweep, now, hold=HOLD)
    for sweep in sweeps:
        with renewing(walk.engine, sweep, HOLD):
            STEPS[sweep.state](walk, sweep, now)
    return len(sweeps)


def reconcile_step(walk: Walk, sweep: Sweep, now: datetime) -> None:
    """Of a month that was missed there is nothing to reconcile: the owners know the present alone."""
    with open_session(walk.engine) as session, session.begin():
        if is_late(session, sweep):
            advance(session, sweep, now, state="reconciled")
            return
    teams, _ = reconcile(walk.engine, walk.owners, TEAM, sweep.county, now)
    register, cut = reconcile(walk.engine, walk.owners, HOUSEHOLD, sweep.county, now)
    with open_session(walk.engine) as session, session.begin():
        advance(session, sweep, now, state="reconciled", reconciled_at=cut, registered=register, teams=teams)


def judge_step(walk: Walk, sweep: Sweep, now: datetime) -> None:
    with open_session(walk.engine) as session, session.begin():
        lock_out_learning(session, sweep.county)
        if is_late(session, sweep):
            late = judge_late(session, sweep, now)
            known = {"registered": late[HOUSEHOLD]["subjects"], "teams": late[TEAM]["subjects"]}
            cut = ended(sweep.period, now)
            advance(session, sweep, now, state="judged", tally=late, reconciled_at=cut, **known)
            return
        tally = {about: judge_one(session, sweep, about, now) for about in (TEAM, HOUSEHOLD)}
        advance(session, sweep, now, state="judged", tally=tally | judged_by(session, sweep))


def judge_one(session: Session, sweep: Sweep, about: str, now: datetime) -> dict[str, Any]:
    """Counts of one kind of subject. Who came or went since the cut is listed by id, not missed."""
    bench = convene(session, about, sweep.county, now.date(), now)
    changed = judge_county(session, bench)
    gaps = note_gaps(session, sweep, bench) if about == HOUSEHOLD else 0
    shadows = judge_shadows(session, sweep, about, now)
    table = table_of(FACTS[about])
    subjects = session.scalar(select(func.count()).where(table.c.county == sweep.county)) or 0
    cut = sweep.reconciled_at or now
    return {
        "subjects": subjects,
        "judged": subjects - gaps,
        "not_judgeable": gaps,
        "came": [str(one) for one in came_since(session, about, sweep.county, cut)],
        "went": [str(one) for one in went_since(session, about, sweep.county, cut)],
        "opened": changed.opened,
        "refreshed": changed.refreshed,
        "closed": changed.closed,
        "rules": [{"key": rule.key, "version": rule.version} for rule in bench.rules],
        "shadows": shadows,
    }


def certify_step(walk: Walk, sweep: Sweep, now: datetime) -> None:
    with open_session(walk.engine) as session, session.begin():
        certificate = certificate_of(session, sweep, walk.key, now)
        advance(session, sweep, now, state="certified", certificate=certificate, done_at=now)
        told = {"period": sweep.period.isoformat(), "register": sweep.registered, "balances": certificate["balances"]}
        told["late"] = certificate["late"]
        emit(session, "sweep.certified", sweep.id, now, division=sweep.county, data=told)
        tell(session, "sweep_gaps", [sweep.id], now)
        note_own(session, "sweep certified", now, sweep.id, division=sweep.county, register=sweep.registered or 0)


def advance(session: Session, sweep: Sweep, now: datetime, **values: Any) -> None:
    """Only the worker that holds the newest claim may move a sweep on."""
    if not still_held(session, sweep):
        raise ClaimLost(str(sweep.id))
    for name, value in {"due_at": now, **values}.items():
        setattr(sweep, name, value)
    session.merge(sweep)


Step = Callable[[Walk, Sweep, datetime], None]
STEPS: Mapping[str, Step] = {"due": reconcile_step, "reconciled": judge_step, "judged": certify_step}
