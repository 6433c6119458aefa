"""What a village is, has, was given and resolved, and who in it is what: recorded once, ended or replaced, never
changed."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.households.ledgers.judging import homes_of_persons
from services.households.models.villages import VillageRecord, VillageRecordEnding
from services.households.policy import allow
from services.households.register.own_codes import refuse_unknown
from services.households.register.past import AsOf, KnownAt
from services.households.villages.contents import (
    SETS,
    AnotherRecord,
    CannotReplaceThat,
    Kept,
    Kind,
    NotThoseDays,
    PlanIn,
    Record,
    RecordIn,
    RoleIn,
    TargetIn,
    TargetOfNothing,
    VotesDoNotFit,
    What,
    WhoIsUnclear,
    columns_of,
    said_of,
)
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import Placed, scope_of, scoped
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/village-records", tags=["villages"], route_class=Repeatable)

HOUSEHOLD: Any = VillageRecord.household_id  # empty where it is of nobody in the register: no set holds it
RECORDS = Placed(division=col(VillageRecord.division), subject=HOUSEHOLD)
Division = Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]
NEXT = aliased(VillageRecord)


@router.post("", status_code=201, dependencies=[allow("village:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_village_record(
    body: RecordIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> Kept:
    """Of a place the caller holds; of a person the caller reaches."""
    if not scope_of(session).covers(body.division):
        raise NotThere
    refuse_contents(body, today)
    for one in sorted({str(one) for one in (body.id, body.replaces) if one}):
        take_turn(session, f"village-record:{one}")
    tell(request, body.id, division=body.division, kind=body.kind)
    held = session.get(VillageRecord, body.id)
    if held is None:
        row = VillageRecord(**columns_of(body), recorded_by=caller.subject, recorded_at=now)
        row.household_id, row.version = home_of(session, body), version_of(session, body)
        if body.kind in SETS:
            refuse_unknown(session, SETS[body.kind], [row.what or ""], body.division, body.since)
        write(session, row)
    elif said_of(held) != said_of(VillageRecord(**columns_of(body))):
        raise AnotherRecord
    return read_one(session, body.id)


@router.get("", dependencies=[allow("village:read")])
def list_village_records(
    session: SessionDep,
    paging: PagingDep,
    division: Division,
    kind: Kind | None = None,
    what: What | None = None,
    person_id: UUID | None = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Page[Kept]:
    """The newest first, with what has ended; of a day, those that held on it."""
    wanted = with_what_became(known_at).where(col(VillageRecord.division).startswith(division))
    same: list[tuple[Any, Any]] = [
        (VillageRecord.kind, kind), (VillageRecord.what, what), (VillageRecord.person_id, person_id),
    ]  # fmt: skip
    wanted = wanted.where(*(column == value for column, value in same if value is not None))
    if as_of:
        wanted = wanted.where(holding(as_of))
    wanted = scoped(session, wanted, RECORDS)
    rows, following = paging.read(session, wanted, col(VillageRecord.since), col(VillageRecord.id), descending=True)
    return Page(rows=[Kept.of(*row) for row in rows], next=following)


@router.get("/{record_id}", dependencies=[allow("village:read")])
def get_village_record(record_id: UUID, session: SessionDep) -> Kept:
    return read_one(session, record_id)


def read_one(session: Session, record_id: UUID) -> Kept:
    wanted = with_what_became(None).where(col(VillageRecord.id) == record_id)
    row = session.execute(scoped(session, wanted, RECORDS)).one_or_none()
    if row is None:
        raise NotThere
    return Kept.of(*row)


def with_what_became(known_at: datetime | None) -> Select[*tuple[Any, ...]]:
    """Each with its ending and what replaces it, as far as that was known."""
    ended = col(VillageRecordEnding.record_id) == col(VillageRecord.id)
    replaced = col(NEXT.replaces) == col(VillageRecord.id)
    if known_at:
        ended = ended & (col(VillageRecordEnding.recorded_at) <= known_at)
        replaced = replaced & (col(NEXT.recorded_at) <= known_at)
    wanted = (
        select(VillageRecord, VillageRecordEnding, col(NEXT.id))
        .outerjoin(VillageRecordEnding, ended)
        .outerjoin(NEXT, replaced)
    )
    return wanted.where(col(VillageRecord.recorded_at) <= known_at) if known_at else wanted


def holding(day: date) -> ColumnElement[bool]:
    """Of those `with_what_became`: it had begun, and neither run out, nor ended, nor been replaced."""
    begun = col(VillageRecord.since) <= day
    runs = or_(col(VillageRecord.until).is_(None), col(VillageRecord.until) >= day)
    not_ended = col(VillageRecordEnding.day).is_(None) | (
        (col(VillageRecordEnding.day) > day) & col(VillageRecordEnding.mistaken).is_(False)
    )
    return begun & runs & not_ended & or_(col(NEXT.since).is_(None), col(NEXT.since) > day)


def refuse_contents(body: Record, today: date) -> None:
    adopted = getattr(body, "adopted", None)
    days = [getattr(body, "posted_on", None), adopted and adopted.day]
    days += [] if isinstance(body, PlanIn) else [body.since]
    if any(day and day > today for day in days) or (body.until and body.until < body.since):
        raise NotThoseDays
    if adopted and (adopted.in_favour or 0) > (adopted.present or 0):
        raise VotesDoNotFit
    if isinstance(body, TargetIn) and body.households is None and body.persons is None:
        raise TargetOfNothing
    if isinstance(body, RoleIn) and (body.person_id is None) == (body.label is None):
        raise WhoIsUnclear


def home_of(session: Session, body: Record) -> UUID | None:
    if not isinstance(body, RoleIn) or body.person_id is None:
        return None
    homes = homes_of_persons(session, {body.person_id}, body.since)
    if body.person_id not in homes:
        raise NotThere
    return homes[body.person_id][0]


def version_of(session: Session, body: Record) -> int:
    """One more than what it replaces."""
    if body.replaces is None:
        return 1
    before = session.get(VillageRecord, body.replaces)
    if before is None or not scope_of(session).covers(before.division):
        raise NotThere
    alike = (before.division, before.kind) == (body.division, getattr(body, "kind", None))
    over = or_(
        exists().where(col(NEXT.replaces) == before.id), exists().where(col(VillageRecordEnding.record_id) == before.id)
    )
    if not alike or before.since >= body.since or session.scalar(select(over)):
        raise CannotReplaceThat(str(before.id))
    return before.version + 1


def write(session: Session, row: VillageRecord) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of a record elsewhere
        raise AnotherRecord from error
