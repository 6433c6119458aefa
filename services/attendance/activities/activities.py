"""活动: what a team or an office held is written down, corrected by a next version, withdrawn with a reason, and
read as it was known at any moment."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, any_, literal, or_, select
from sqlmodel import Session, col

from services.attendance.activities.contents import ActivityIn, ActivityLine, ActivityOut, NotHeld
from services.attendance.activities.judging import days_of, division_of, refuse_contents
from services.attendance.activities.recording import counts_of, settle_and_tell, version_of, write
from services.attendance.activities.terms import TermKey
from services.attendance.models.activities import Activity, ActivityCount
from services.attendance.policy import allow, may
from services.attendance.reach import reachable_activities
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.store.sets import among
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay, WrittenMoment

router = APIRouter(prefix="/v1/activities", tags=["activities"])

KnownAt = Annotated[WrittenMoment | None, Query(title="截至何时所知")]


class WithdrawalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    because: Annotated[NotHeld, Field(title="撤回原因")]


class ActivityWithdrawn(DomainError):
    status = 409
    zh = "这次活动的登记已撤回，不能再改；请另用编号重新登记。"
    en = "That record was withdrawn and stays so. Record it anew under another id."


@router.put(
    "/{activity_id}", dependencies=[allow("activity:write")], openapi_extra=repeatable("path"), responses=EDITED
)
def put_activity(
    activity_id: UUID,
    body: ActivityIn,
    request: Request,
    session: UnboundSessionDep,
    caller: CallerDep,
    edit: EditDep,
    now: Now,
) -> ActivityOut:
    """Writes one down, or its next version: what stood before stays readable by `known_at`. Of a team or an office
    where the caller holds one, with cadres the caller reaches."""
    scope, seal = scope_of(session), request.app.state.seal
    held = standing(session, activity_id)
    if held and not scope.covers(held.division):
        raise NotThere
    division = division_of(session, scope, body)
    days = days_of(session, body, division, now)
    refuse_contents(session, scope, body, division, days, now.date(), held)
    row = version_of(activity_id, body, division, days, caller.subject, now)
    shown = whole(session, seal, held) if held else None
    wanted = as_held(body, row, shown)
    edit.check(shown, wanted)
    if held is None or shown != wanted:
        if held and held.withdrawn_at:
            raise ActivityWithdrawn
        counts = write(session, seal, held, row, body)
        settle_and_tell(session, row, now)
        shown = ActivityOut.whole(seal, row, counts)
    edit.told(shown)
    return found(shown)


@router.put("/{activity_id}/withdrawal", dependencies=[allow("activity:write")], openapi_extra=repeatable("path"))
def put_activity_withdrawal(
    activity_id: UUID, body: WithdrawalIn, request: Request, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> ActivityOut:
    """It counts no longer and shows nobody's day; what was written stays."""
    scope, held = scope_of(session), found(standing(session, activity_id))
    if not scope.covers(held.division):
        raise NotThere
    if held.withdrawn_because not in (None, body.because):
        raise ActivityWithdrawn
    if held.withdrawn_because is None:
        held.withdrawn_because, held.withdrawn_by = body.because, caller.subject
        held.withdrawn_at = max(now, held.recorded_at)
        session.flush()
        settle_and_tell(session, held, now)
    return whole(session, request.app.state.seal, held)


@router.get("", dependencies=[allow("activity:read")])
def list_activities(
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="区划代码前缀")] = "",
    team_id: UUID | None = None,
    kind: Annotated[TermKey | None, Query(title="活动类别")] = None,
    label: Annotated[TermKey | None, Query(title="标签")] = None,
    day_from: Annotated[WrittenDay | None, Query(title="起始日")] = None,
    day_to: Annotated[WrittenDay | None, Query(title="截止日")] = None,
    withdrawn: Annotated[bool, Query(title="含已撤回的")] = False,
    known_at: KnownAt = None,
) -> Page[ActivityLine]:
    """The newest first, as they stand or as they were known then."""
    wanted = select(Activity).where(reachable_activities(scope_of(session)), *known(known_at))
    wanted = wanted.where(col(Activity.division).startswith(division))
    if team_id:
        wanted = wanted.where(col(Activity.team_id) == team_id)
    if kind:
        wanted = wanted.where(col(Activity.kind) == kind)
    if label:
        wanted = wanted.where(literal(label) == any_(col(Activity.labels)))
    if day_from:
        wanted = wanted.where(col(Activity.last_day) >= day_from)
    if day_to:
        wanted = wanted.where(col(Activity.day) <= day_to)
    if not withdrawn:
        wanted = wanted.where(not_withdrawn(known_at))
    rows, following = paging.read(session, wanted, col(Activity.day), col(Activity.activity_id), descending=True)
    counts = counts_by_version(session, [row for (row,) in rows])
    return Page(rows=[ActivityLine.of(row, counts[row.id], known_at) for (row,) in rows], next=following)


@router.get("/{activity_id}", dependencies=[allow("activity:read")], responses=SEEN)
def get_activity(
    activity_id: UUID,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    edit: EditDep,
    known_at: KnownAt = None,
) -> ActivityOut:
    """With its words, for who may read them."""
    wanted = select(Activity).where(reachable_activities(scope_of(session)), *known(known_at))
    row = found(session.scalar(wanted.where(col(Activity.activity_id) == activity_id)))
    shown = whole(session, request.app.state.seal, row, known_at)
    if not may(caller, "activity-words:read"):
        shown = shown.model_copy(update={"outcome": None, "request": None})
    if known_at is None:
        edit.told(shown)
    return shown


def known(at: datetime | None) -> Sequence[ColumnElement[bool]]:
    """The one version that stood then."""
    if at is None:
        return [col(Activity.replaced_at).is_(None)]
    later = or_(col(Activity.replaced_at).is_(None), col(Activity.replaced_at) > at)
    return [col(Activity.recorded_at) <= at, later]


def not_withdrawn(at: datetime | None) -> ColumnElement[bool]:
    never = col(Activity.withdrawn_at).is_(None)
    return or_(never, col(Activity.withdrawn_at) > at) if at else never


def standing(session: Session, activity_id: UUID) -> Activity | None:
    """Repeats wait for each other here."""
    take_turn(session, f"activity:{activity_id}")
    wanted = select(Activity).where(col(Activity.activity_id) == activity_id, col(Activity.replaced_at).is_(None))
    return session.scalar(wanted)


def whole(session: Session, seal: Seal, row: Activity, known_at: datetime | None = None) -> ActivityOut:
    return ActivityOut.whole(seal, row, counts_by_version(session, [row])[row.id], known_at)


def as_held(sent: ActivityIn, row: Activity, held: ActivityOut | None) -> ActivityOut:
    """What is wanted, in the form of what stands: by whom and when is the first one's as long as nothing differs."""
    line = ActivityLine.of(row, counts_of(sent, row)).model_dump()
    wanted = ActivityOut.model_validate(line | {"outcome": sent.outcome, "request": sent.request})
    meta = ("version", "recorded_by", "recorded_at", "withdrawn_because")
    return wanted.model_copy(update={name: getattr(held, name) for name in meta}) if held else wanted


def counts_by_version(session: Session, rows: Sequence[Activity]) -> Mapping[UUID, list[ActivityCount]]:
    """One statement for any number."""
    counts: dict[UUID, list[ActivityCount]] = defaultdict(list)
    its = select(ActivityCount).where(among(col(ActivityCount.version_id), [row.id for row in rows]))
    for one in session.scalars(its.order_by(col(ActivityCount.capacity), col(ActivityCount.what))):
        counts[one.version_id].append(one)
    return counts
