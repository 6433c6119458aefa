"""The monthly sweep: every household of a county meets every rule, once a month. Claimed here, walked in steps.py."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import any_, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.alerts.intake.again import ask_for_today
from services.alerts.models.sweep import Sweep, SweepGap
from services.alerts.policy import allow
from services.alerts.reach import GAPS, reachable_sweep, reachable_sweeps
from services.alerts.rules.catalogue import SWEEP_DAY
from services.alerts.sweep.late import next_month
from services.kit.post.facts import COUNTY
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.heartbeat import beat
from services.kit.store.reference import standards_on
from services.kit.store.scope import scope_of, scoped
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WRITTEN_NUMBER

router = APIRouter(prefix="/v1/sweeps", tags=["sweeps"])


County = Annotated[str | None, Query(pattern=r"^[0-9]{6}$", title="县级区划代码")]


class RingIn(BaseModel):
    """A bell says how often it rings; a person who rings by hand says nothing, and is not taken for it."""

    model_config = ConfigDict(extra="forbid")

    every_seconds: Annotated[int, Field(ge=1, le=86_400), WRITTEN_NUMBER] | None = None


class SweepOut(BaseModel):
    """`state` is due, reconciled, judged or certified; the certificate comes with the last."""

    id: UUID
    county: str
    period: date
    state: str
    certificate: dict[str, Any] | None


class GapOut(BaseModel):
    subject: UUID
    division: str
    rules: list[str]
    missing: list[str]


@router.post("/due", status_code=202, dependencies=[allow("sweep:start")], openapi_extra=repeatable("period"))
def create_due_sweeps(session: UnboundSessionDep, now: Now, ring: RingIn | None = None) -> list[SweepOut]:
    """Claims the newest due period of each county and those missed before it, and today's judging; each once, so
    calling again is harmless."""
    if ring and ring.every_seconds:
        beat(session, "scheduler", every=ring.every_seconds)
    ask_for_today(session, now)
    return [shown(sweep) for sweep in claim_due(session, now)]


@router.get("", dependencies=[allow("sweep:read")])
def list_sweeps(session: SessionDep, paging: PagingDep, county: County = None) -> Page[SweepOut]:
    """The newest first."""
    within_reach = select(Sweep).where(reachable_sweeps(scope_of(session)))
    wanted = within_reach.where(col(Sweep.county) == county) if county else within_reach
    rows, following = paging.read(session, wanted, col(Sweep.period), col(Sweep.county), descending=True)
    return Page(rows=[shown(sweep) for (sweep,) in rows], next=following)


@router.get("/{sweep_id}", dependencies=[allow("sweep:read")])
def get_sweep(sweep_id: UUID, session: SessionDep) -> SweepOut:
    return shown(reachable_sweep(session, sweep_id))


@router.get("/{sweep_id}/gaps", dependencies=[allow("sweep:read")])
def list_gaps(
    sweep_id: UUID,
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^([0-9]{6}([0-9]{3}([0-9]{3})?)?)?$", title="区划代码")] = "",
    rule: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{1,59}$", title="无法判断的规则")] = None,
    fact: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{1,59}$", title="缺少的事实")] = None,
) -> Page[GapOut]:
    """Households some rule could not judge, by id: a work list for whoever asks after a fact."""
    reachable_sweep(session, sweep_id)
    wanted = scoped(session, select(SweepGap).where(col(SweepGap.sweep_id) == sweep_id), GAPS)
    wanted = wanted.where(col(SweepGap.division).startswith(division))
    asked = {col(SweepGap.rules): rule, col(SweepGap.missing): fact}
    wanted = wanted.where(*(literal(one) == any_(column) for column, one in asked.items() if one is not None))
    rows, following = paging.read(session, wanted, col(SweepGap.subject))
    return Page(rows=[GapOut(**gap.model_dump(exclude={"sweep_id"})) for (gap,) in rows], next=following)


def shown(sweep: Sweep) -> SweepOut:
    return SweepOut(**sweep.model_dump(include=set(SweepOut.model_fields)))


def claim_due(session: Session, now: datetime) -> list[Sweep]:
    """A county is swept when a standard sets its day. Before that day the month before is the newest due one. Months
    between its last sweep and that one were missed: they are claimed too, and will be late (late.py)."""
    claimed = []
    for row in standards_on(session, SWEEP_DAY.key, now.date()):
        if len(row.division) == COUNTY:
            for period in due_periods(session, row.division, newest_period(now.date(), int(row.value))):
                write = insert(Sweep).values(county=row.division, period=period, state="due", due_at=now, attempts=0)
                written = session.scalar(write.on_conflict_do_nothing().returning(Sweep))
                claimed += [written] if written else []
    return claimed


def due_periods(session: Session, county: str, newest: date) -> list[date]:
    """The months after the county's last sweep, the newest last. Before its first nothing was missed."""
    last = session.scalar(select(func.max(col(Sweep.period))).where(col(Sweep.county) == county))
    if last is None or last >= newest:
        return [newest]
    periods = [next_month(last)]
    while periods[-1] < newest:
        periods.append(next_month(periods[-1]))
    return periods


def newest_period(today: date, sweep_day: int) -> date:
    """The first day of the newest month whose sweep day has come. The day is 1 to 28: every month has those."""
    first = today.replace(day=1)
    return first if today.day >= sweep_day else (first - timedelta(days=1)).replace(day=1)
