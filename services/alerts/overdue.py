"""Has every county been swept when it should have been? Told to readiness and to the metrics."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from services.alerts.catalogue import SWEEP_DAY
from services.alerts.models import Sweep
from services.alerts.sweep import newest_period
from services.kit.post.facts import COUNTY
from services.kit.store.readings import NEVER, Reading
from services.kit.store.reference import standards_on

PATIENCE = timedelta(days=1)  # a sweep of a million households takes minutes; the owners of facts may be away longer


def readings(session: Session, now: datetime) -> Iterator[Reading]:
    yield Reading("sweep", "sweeps_overdue", float(overdue(session, now - PATIENCE)), 0)
    last = session.scalar(select(func.max(col(Sweep.done_at))).where(col(Sweep.state) == "certified"))
    yield Reading("sweep", "sweep_certified_age_seconds", (now - last).total_seconds() if last else NEVER)


def overdue(session: Session, by: datetime) -> int:
    """Counties whose newest period that was due by then bears no certificate."""
    due = {
        (row.division, newest_period(by.date(), int(row.value)))
        for row in standards_on(session, SWEEP_DAY.key, by.date())
        if len(row.division) == COUNTY
    }
    periods = {period for _, period in due}
    done = select(col(Sweep.county), col(Sweep.period)).where(
        col(Sweep.state) == "certified", col(Sweep.period).in_(periods)
    )
    return len(due - {(county, period) for county, period in session.execute(done)})
