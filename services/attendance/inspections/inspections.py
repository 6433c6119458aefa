"""督查、暗访: an inspection is ordered by the county's office, on a ground, numbered in one row; and read by who
may know of it."""

from datetime import date, datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import ColumnElement, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.inspections.contents import InspectionIn, InspectionKind, InspectionOut, inspectors_of
from services.attendance.models.inspections import Inspection
from services.attendance.policy import allow, may
from services.attendance.reach import reachable_inspections
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/inspections", tags=["inspections"])

ORDERED = "inspection.ordered"
MOST_DAYS = 92  # of one that goes on for longer nobody would be told before the quarter is over
NEXT = text(
    """
    INSERT INTO inspection_number AS held (county, year, last) VALUES (:county, :year, 1)
    ON CONFLICT (county, year) DO UPDATE SET last = held.last + 1 RETURNING last
    """
)
Prefix: TypeAlias = Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="区划代码前缀")]


class InspectionOrderedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次督查。"
    en = "That id stands for another inspection already."


class InspectionDaysWrong(DomainError):
    zh = "督查截止日不能早于起始日和今天，最长92天。"
    en = "It ends on or after the day it begins and today, and lasts 92 days at most."


@router.put("/{inspection_id}", dependencies=[allow("inspection:write")], openapi_extra=repeatable("path"))
def put_inspection(
    inspection_id: UUID, body: InspectionIn, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> InspectionOut:
    """What was ordered never changes: another is ordered under another id, and this one withdrawn. Nothing is drawn
    yet."""
    if not scope_of(session).covers(body.division):
        raise NotThere
    take_turn(session, f"inspection:{inspection_id}")
    held = session.get(Inspection, inspection_id)
    if held is None:
        refuse_days(body, now.date())
        held = order(session, inspection_id, body, caller.subject, now)
    elif ordered_as(held) != body:
        raise InspectionOrderedBefore
    return InspectionOut.of(held)


@router.get("", dependencies=[allow("inspection:read")])
def list_inspections(
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    division: Prefix = "",
    kind: Annotated[InspectionKind | None, Query(title="方式")] = None,
    day_from: Annotated[WrittenDay | None, Query(title="起始日")] = None,
    day_to: Annotated[WrittenDay | None, Query(title="截止日")] = None,
) -> Page[InspectionOut]:
    """The newest first. Those that had one of the caller's villages, when closed; one's own and the office's before."""
    wanted = select(Inspection).where(seen_by(session, caller), col(Inspection.division).startswith(division))
    if kind:
        wanted = wanted.where(col(Inspection.kind) == kind)
    if day_from:
        wanted = wanted.where(col(Inspection.last_day) >= day_from)
    if day_to:
        wanted = wanted.where(col(Inspection.first_day) <= day_to)
    rows, following = paging.read(session, wanted, col(Inspection.first_day), col(Inspection.id), descending=True)
    return Page(rows=[InspectionOut.of(row) for (row,) in rows], next=following)


@router.get("/{inspection_id}", dependencies=[allow("inspection:read")])
def get_inspection(inspection_id: UUID, session: SessionDep, caller: CallerDep) -> InspectionOut:
    return InspectionOut.of(readable(session, inspection_id, caller))


def refuse_days(body: InspectionIn, today: date) -> None:
    if not max(body.first_day, today) <= body.last_day or (body.last_day - body.first_day).days >= MOST_DAYS:
        raise InspectionDaysWrong


def order(session: Session, inspection_id: UUID, body: InspectionIn, who: str, now: datetime) -> Inspection:
    county, year = body.division[:6], now.year
    row = Inspection(
        **body.model_dump(exclude={"inspectors"}), id=inspection_id, county=county, year=year,
        number=session.scalar(NEXT, {"county": county, "year": year}),
        inspectors=[one.account for one in body.inspectors], inspector_names=[one.name for one in body.inspectors],
        villages=[], ordered_by=who, ordered_at=now,
    )  # fmt: skip
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise InspectionOrderedBefore from error
    emit(session, ORDERED, row.id, now, division=row.division, data={"kind": row.kind, "number": row.number})
    return row


def ordered_as(row: Inspection) -> InspectionIn:
    said = row.model_dump(include=set(InspectionIn.model_fields) - {"inspectors"})
    return InspectionIn.model_validate(said | {"inspectors": inspectors_of(row)})


def seen_by(session: Session, caller: Caller) -> ColumnElement[bool]:
    return reachable_inspections(scope_of(session), while_open=may(caller, "inspection:read-open"))


def readable(session: Session, inspection_id: UUID, caller: Caller) -> Inspection:
    wanted = select(Inspection).where(col(Inspection.id) == inspection_id, seen_by(session, caller))
    return found(session.scalar(wanted))


def governed(session: Session, inspection_id: UUID) -> Inspection:
    """By an office that holds the whole place it is drawn over. What is done to one inspection is done in turn."""
    row = found(session.get(Inspection, inspection_id, with_for_update=True))
    if not scope_of(session).covers(row.division):
        raise NotThere
    return row
