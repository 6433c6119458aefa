"""Has every county been swept when it should have been? Told to readiness, to the metrics, and to its offices."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.alerts.models.sweep import Sweep
from services.alerts.policy import allow
from services.alerts.reach import covers_figures
from services.alerts.rules.catalogue import SWEEP_DAY
from services.alerts.sweep.sweeps import newest_period
from services.kit.post.facts import COUNTY
from services.kit.store.db import Now, SessionDep
from services.kit.store.readings import NEVER, Reading
from services.kit.store.reference import standards_on
from services.kit.store.scope import scope_of

router = APIRouter(prefix="/v1/overdue-sweeps", tags=["sweeps"])

PATIENCE = timedelta(days=1)  # a sweep of a million households takes minutes; the owners of facts may be away longer


class Due(NamedTuple):
    county: str
    period: date
    due_on: date


class OverdueSweepOut(BaseModel):
    """`due_on` is the sweep day of the county's standard in that month."""

    county: str
    period: Annotated[date, Field(title="月份（第一天）")]
    due_on: Annotated[date, Field(title="应筛查日")]


def readings(session: Session, now: datetime) -> Iterator[Reading]:
    yield Reading("sweep", "sweeps_overdue", float(len(overdue(session, now - PATIENCE))), 0)
    last = session.scalar(select(func.max(col(Sweep.done_at))).where(col(Sweep.state) == "certified"))
    yield Reading("sweep", "sweep_certified_age_seconds", (now - last).total_seconds() if last else NEVER)


@router.get("", dependencies=[allow("sweep:read")])
def list_overdue_sweeps(session: SessionDep, now: Now) -> list[OverdueSweepOut]:
    """The counties within the caller's reach that should have a certificate since yesterday, and have none."""
    scope = scope_of(session)
    late = [due for due in overdue(session, now - PATIENCE) if covers_figures(scope, due.county)]
    return [OverdueSweepOut(**due._asdict()) for due in late]


def overdue(session: Session, by: datetime) -> list[Due]:
    """Counties whose newest period that was due by then bears no certificate, by code."""
    due = [
        Due(row.division, period, period.replace(day=int(row.value)))
        for row in standards_on(session, SWEEP_DAY.key, by.date())
        if len(row.division) == COUNTY and (period := newest_period(by.date(), int(row.value)))
    ]
    certified = select(col(Sweep.county), col(Sweep.period)).where(
        col(Sweep.state) == "certified", col(Sweep.period).in_({one.period for one in due})
    )
    done = {(county, period) for county, period in session.execute(certified)}
    return sorted(one for one in due if (one.county, one.period) not in done)
