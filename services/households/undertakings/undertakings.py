"""项目、贷款、协议、社员: recorded once, never changed; what becomes of each are steps, and what is paid are entries of
ledgers that name it."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.ledgers.judging import homes_of_persons
from services.households.models.undertakings import Undertaking, UndertakingStep
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.past import AsOf
from services.households.undertakings.contents import (
    AgreementIn,
    AnotherUndertaking,
    Begun,
    Kind,
    ProjectIn,
    UndertakingDaysWrong,
    UndertakingIn,
    UndertakingOut,
    WhoseAgreement,
    said_of,
)
from services.households.undertakings.money import paid_of
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import Placed, scope_of, scoped
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/undertakings", tags=["undertakings"], route_class=Repeatable)

HOUSEHOLD: Any = Undertaking.household_id  # empty of a project: no set holds it
UNDERTAKINGS = Placed(division=col(Undertaking.division), subject=HOUSEHOLD)
Division = Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]


@router.post("", status_code=201, dependencies=[allow("ledger:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_undertaking(
    body: UndertakingIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> UndertakingOut:
    """Of a place the caller holds, of a household or a person the caller reaches."""
    refuse_contents(body, today)
    where = place_of(session, body)
    take_turn(session, f"undertaking:{body.id}")
    tell(request, body.id, division=where["division"], kind=body.kind)
    row = Undertaking(**body.model_dump() | where, recorded_by=caller.subject, recorded_at=now)
    held = session.get(Undertaking, body.id)
    if held is None:
        write(session, row)
    elif said_of(held) != said_of(row):
        raise AnotherUndertaking
    return read_one(session, body.id, today)


@router.get("", dependencies=[allow("ledger:read")])
def list_undertakings(
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    division: Division,
    kind: Kind | None = None,
    household_id: UUID | None = None,
    as_of: AsOf = None,
) -> Page[UndertakingOut]:
    """The newest first; on a day, those that had begun, as they stood."""
    wanted = select(Undertaking).where(col(Undertaking.division).startswith(division))
    same: list[tuple[Any, Any]] = [(Undertaking.kind, kind), (HOUSEHOLD, household_id)]
    wanted = wanted.where(*(column == value for column, value in same if value is not None))
    if as_of:
        wanted = wanted.where(col(Undertaking.since) <= as_of)
    wanted = scoped(session, wanted, UNDERTAKINGS)
    rows, following = paging.read(session, wanted, col(Undertaking.since), col(Undertaking.id), descending=True)
    return Page(rows=shown(session, [row for (row,) in rows], as_of or today), next=following)


@router.get("/{undertaking_id}", dependencies=[allow("ledger:read")])
def get_undertaking(undertaking_id: UUID, session: SessionDep, today: Today, as_of: AsOf = None) -> UndertakingOut:
    return read_one(session, undertaking_id, as_of or today)


def read_one(session: Session, undertaking_id: UUID, day: date) -> UndertakingOut:
    wanted = select(Undertaking).where(col(Undertaking.id) == undertaking_id)
    row = session.scalar(scoped(session, wanted, UNDERTAKINGS))
    if row is None or row.since > day:
        raise NotThere
    return shown(session, [row], day)[0]


def shown(session: Session, rows: Sequence[Undertaking], day: date) -> list[UndertakingOut]:
    ids = [row.id for row in rows]
    paid, steps = paid_of(session, ids, day), steps_of(session, ids)
    mine = {one: [step for step in steps if step.undertaking_id == one] for one in ids}
    return [UndertakingOut.of(row, mine[row.id], paid.get(row.id, []), day) for row in rows]


def steps_of(session: Session, ids: Sequence[UUID]) -> Sequence[UndertakingStep]:
    step = UndertakingStep
    wanted = select(step).where(col(step.undertaking_id).in_(ids))
    return session.scalars(wanted.order_by(col(step.undertaking_id), col(step.number))).all()


def refuse_contents(body: Begun, today: date) -> None:
    until = getattr(body, "until", None)
    if body.since > today or (until and until < body.since):
        raise UndertakingDaysWrong
    if isinstance(body, AgreementIn) and (body.household_id is None) == (body.person_id is None):
        raise WhoseAgreement


def place_of(session: Session, body: Begun) -> dict[str, Any]:
    """Where it lies, and of which household: a person's is that of the day it began."""
    if isinstance(body, ProjectIn):
        if not scope_of(session).covers(body.division):
            raise NotThere
        return {"division": body.division}
    household, person = getattr(body, "household_id", None), getattr(body, "person_id", None)
    if person:
        home = homes_of_persons(session, {person}, body.since).get(person)
        if home is None:
            raise NotThere
        return {"division": home[1], "household_id": home[0]}
    return {"division": reachable(session, UUID(str(household))).village}


def write(session: Session, row: Undertaking) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of another elsewhere
        raise AnotherUndertaking from error
