"""责任: who answers for what is written down, corrected and ended by a next version, taken over by another, and read as
it was on any day and as it was known at any moment."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.attendance.activities.activities import KnownAt
from services.attendance.activities.terms import TermKey
from services.attendance.charges.contents import (
    CannotTakeOverThat,
    ChargedAlready,
    ChargeIn,
    ChargeLine,
    ChargeOut,
)
from services.attendance.charges.judging import Names, division_of, names_of, refuse_contents
from services.attendance.models.charges import BECAUSE, Charge
from services.attendance.policy import allow, may
from services.attendance.reach import reachable_charges
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/charges", tags=["charges"])

RECORDED = "charge.recorded"
AsOf = Annotated[WrittenDay | None, Query(title="某日的情况")]


@router.put("/{charge_id}", dependencies=[allow("charge:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_charge(
    charge_id: UUID,
    body: ChargeIn,
    request: Request,
    session: UnboundSessionDep,
    caller: CallerDep,
    edit: EditDep,
    now: Now,
) -> ChargeOut:
    """Writes one down, or its next version: its end, or what corrects it. What stood before stays readable by
    `known_at`. Of a place where the caller holds office; by a cadre the caller reaches. What it `replaces` ends on the
    day it begins."""
    scope, seal = scope_of(session), request.app.state.seal
    for one in sorted({str(one) for one in (charge_id, body.replaces) if one}):
        take_turn(session, f"charge:{one}")
    held = standing(session, charge_id)
    if held and not scope.covers(held.division):
        raise NotThere
    division = division_of(session, scope, body)
    refuse_contents(session, body, division, now.date(), held)
    row = version_of(charge_id, body, division, names_of(session, scope, body, held), caller.subject, now)
    successor = taken_over_by(session, charge_id)
    shown = ChargeOut.whole(seal, held, successor) if held else None
    wanted = as_held(body, row, shown, successor)
    edit.check(shown, wanted)
    if shown != wanted:
        if held is None and body.replaces:
            former = taken_over(session, body, division)
            if former.until != row.since:
                write(session, seal, former, ended(former, row), None, now)
        write(session, seal, held, row, body.because, now)
        shown = ChargeOut.whole(seal, row, successor)
    edit.told(shown)
    return found(shown)


@router.get("", dependencies=[allow("charge:read")])
def list_charges(
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="区划代码前缀")] = "",
    kind: Annotated[TermKey | None, Query(title="责任类别")] = None,
    team_id: UUID | None = None,
    cadre_id: UUID | None = None,
    unit_id: UUID | None = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Page[ChargeLine]:
    """By place, those that have ended too; with `as_of`, those that held on that day; as they stand, or as they were
    known then. `unit_id`: those it bears, and those of its liaisons."""
    wanted = with_successor(known_at).where(reachable_charges(scope_of(session)), *known(known_at))
    wanted = wanted.where(col(Charge.division).startswith(division))
    named: list[tuple[Any, Any]] = [(Charge.kind, kind), (Charge.team_id, team_id)]
    wanted = wanted.where(*(col(column) == said for column, said in named if said))
    if cadre_id:
        wanted = wanted.where(or_(col(Charge.cadre_id) == cadre_id, col(Charge.about_cadre_id) == cadre_id))
    if unit_id:
        wanted = wanted.where(or_(col(Charge.unit_id) == unit_id, col(Charge.about_unit_id) == unit_id))
    if as_of:
        wanted = wanted.where(holding(as_of))
    rows, following = paging.read(session, wanted, col(Charge.division), col(Charge.charge_id))
    return Page(rows=[ChargeLine.of(*row) for row in rows], next=following)


@router.get("/{charge_id}", dependencies=[allow("charge:read")], responses=SEEN)
def get_charge(
    charge_id: UUID, request: Request, session: SessionDep, caller: CallerDep, edit: EditDep, known_at: KnownAt = None
) -> ChargeOut:
    """With the reason of its end, for who may write it."""
    wanted = with_successor(known_at).where(reachable_charges(scope_of(session)), *known(known_at))
    told: Any = session.execute(wanted.where(col(Charge.charge_id) == charge_id)).one_or_none()
    row, successor = found(told)
    shown = ChargeOut.whole(request.app.state.seal, row, successor)
    if not may(caller, "charge:write"):
        shown = shown.model_copy(update={"because": None})
    if known_at is None:
        edit.told(shown)
    return shown


def known(at: datetime | None, of: Any = Charge) -> Sequence[ColumnElement[bool]]:
    """The one version that stood then."""
    if at is None:
        return [col(of.replaced_at).is_(None)]
    return [col(of.recorded_at) <= at, or_(col(of.replaced_at).is_(None), col(of.replaced_at) > at)]


def holding(day: date) -> ColumnElement[bool]:
    return (col(Charge.since) <= day) & or_(col(Charge.until).is_(None), col(Charge.until) > day)


def with_successor(known_at: datetime | None) -> Select[*tuple[Any, ...]]:
    """Each with who took it over, as far as that was known. A mistake took over nothing."""
    later = aliased(Charge)
    follows = (col(later.replaces) == col(Charge.charge_id)) & col(later.outcome).is_distinct_from("mistake")
    for one in known(known_at, later):
        follows = follows & one
    return select(Charge, col(later.charge_id)).outerjoin(later, follows)


def standing(session: Session, charge_id: UUID) -> Charge | None:
    return session.scalar(select(Charge).where(col(Charge.charge_id) == charge_id, col(Charge.replaced_at).is_(None)))


def taken_over_by(session: Session, charge_id: UUID) -> UUID | None:
    wanted = with_successor(None).where(col(Charge.charge_id) == charge_id, *known(None))
    told = session.execute(wanted).one_or_none()
    successor: UUID | None = told[1] if told else None
    return successor


def taken_over(session: Session, sent: ChargeIn, division: str) -> Charge:
    """Of the same place and kind, begun earlier, still holding on the day, and not taken over yet."""
    former = standing(session, found(sent.replaces))
    if former is None or not scope_of(session).covers(former.division):
        raise NotThere
    alike = (former.division, former.team_id, former.kind) == (division, sent.team_id, sent.kind)
    holds = former.since < sent.since and (former.until is None or former.until >= sent.since)
    if not alike or not holds or taken_over_by(session, former.charge_id):
        raise CannotTakeOverThat
    return former


def version_of(charge_id: UUID, sent: ChargeIn, division: str, names: Names, who: str, now: datetime) -> Charge:
    """Not yet written, its words not yet sealed."""
    bearer = sent.bearer.model_dump()
    by = {f"{bearer['kind']}_id": bearer["id"]} if "id" in bearer else {"post": bearer["post"]}
    said = sent.model_dump(exclude={"bearer", "division", "because"})
    return Charge(**said, **by, charge_id=charge_id, version=1, division=division, name=names.bearer,
                  about_name=names.about, recorded_by=who, recorded_at=now)  # fmt: skip


def ended(former: Charge, by: Charge) -> Charge:
    """The next version of what is taken over."""
    said = former.model_dump(exclude={"id", "sealed_because"}) | {"until": by.since, "outcome": "replaced"}
    return Charge(**said | by.model_dump(include={"recorded_by", "recorded_at"}))


def write(session: Session, seal: Seal, held: Charge | None, row: Charge, because: str | None, now: datetime) -> None:
    """The version before ends as this one begins. The caller has taken the turn of the charge."""
    if held:
        row.recorded_at = max(row.recorded_at, held.recorded_at)
        held.replaced_at, row.version = row.recorded_at, held.version + 1
        session.flush()
    if because:
        row.sealed_because = seal.close(because, BECAUSE.place(row.id))
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise ChargedAlready from error
    told = {"version": row.version, "kind": row.kind, "since": row.since.isoformat(), "held": row.outcome != "mistake"}
    emit(session, RECORDED, row.charge_id, now, division=row.division, data=told)


def as_held(sent: ChargeIn, row: Charge, held: ChargeOut | None, successor: UUID | None) -> ChargeOut:
    """What is wanted, in the form of what stands: by whom and when is the first one's as long as nothing differs."""
    wanted = ChargeOut.model_validate(ChargeLine.of(row, successor).model_dump() | {"because": sent.because})
    meta = ("version", "recorded_by", "recorded_at")
    return wanted.model_copy(update={name: getattr(held, name) for name in meta}) if held else wanted
