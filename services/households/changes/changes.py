"""What becomes of households: each change is one operation, carried out whole or not at all."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.changes import (
    arrivals,
    births,
    deaths,
    departures,
    endings,
    merges,
    moves,
    re_registrations,
    splits,
    transfers,
)
from services.households.changes.announce import READ_CHANGES, conclude
from services.households.changes.change import ChangeIn, Doing, NotYet, keep_the_rules
from services.households.changes.persons import NumberOfAnother, tells_a_number
from services.households.models.changes import HouseholdChange, HouseholdChangeCarried, HouseholdChangePart
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS, reachable, those_within
from services.households.register.guesses import guessing
from services.kit.store.db import Now, SessionDep, Today, UnboundSessionDep
from services.kit.store.scope import scoped
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(tags=["changes"], route_class=Repeatable)

Change = Annotated[
    births.Birth
    | deaths.Death
    | arrivals.Arrival
    | departures.Departure
    | transfers.Transfer
    | splits.Split
    | merges.Merge
    | moves.Move
    | endings.Ending
    | re_registrations.ReRegistration,
    Body(discriminator="kind"),
]
CARRY_OUT: Mapping[type[ChangeIn], Callable[[Doing, Any], None]] = {
    births.Birth: births.carry_out,
    deaths.Death: deaths.carry_out,
    arrivals.Arrival: arrivals.carry_out,
    departures.Departure: departures.carry_out,
    transfers.Transfer: transfers.carry_out,
    splits.Split: splits.carry_out,
    merges.Merge: merges.carry_out,
    moves.Move: moves.carry_out,
    endings.Ending: endings.carry_out,
    re_registrations.ReRegistration: re_registrations.carry_out,
}


class PartOut(BaseModel):
    """`part`: from, into or itself; `persons` are those it touched there. `version` is the household's after it."""

    household_id: UUID
    part: str
    persons: list[UUID]
    version: int


class CarriedOut(BaseModel):
    """`thing` is its table; with a column's name, a record of a person that was joined with another. A household beyond
    reach is not named."""

    model_config = ConfigDict(from_attributes=True)

    thing: str
    row_id: UUID
    from_id: UUID | None
    into_id: UUID | None


class ChangeOut(BaseModel):
    """`carried`: what went along with households and persons; its amounts and words are read where it is."""

    id: UUID
    kind: str
    on: date
    ground: str
    document_no: str | None
    done_by: str
    recorded_by: str
    recorded_at: datetime
    households: list[PartOut]
    carried: list[CarriedOut]


class ChangedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次变动。"
    en = "That id stands for another change."


@router.post(
    "/v1/household-changes",
    status_code=201,
    dependencies=[allow("household:change")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
)
def create_household_change(
    body: Change, request: Request, session: UnboundSessionDep, caller: CallerDep, today: Today, now: Now
) -> ChangeOut:
    """Birth, death, coming, leaving, moving between households, split, merge, move to another village, end, and
    registration anew. It takes effect on a day that may lie in the past; all it touches must be within reach."""
    state = request.app.state
    doing = Doing(session, state.seal, state.settings.demo_people, body.id, body.on, today, now)
    with guessing(request, caller.subject, NumberOfAnother) if tells_a_number(body) else nullcontext():
        change = carry_out(doing, body, caller.subject)
    tell(request, *sorted(doing.homes), kind=body.kind)
    return shown(session, change)


@router.get("/v1/households/{household_id}/changes", dependencies=[allow(READ_CHANGES)])
def list_household_changes(household_id: UUID, session: SessionDep, paging: PagingDep) -> Page[ChangeOut]:
    """The latest first. Of other households that had a part, those alone that are within reach."""
    reachable(session, household_id)
    wanted = select(HouseholdChange).join(
        HouseholdChangePart, col(HouseholdChangePart.change_id) == col(HouseholdChange.id)
    )
    mine = wanted.where(col(HouseholdChangePart.household_id) == household_id)
    rows, following = paging.read(session, mine, col(HouseholdChangePart.version), descending=True)
    return Page(rows=[shown(session, change) for (change,) in rows], next=following)


def carry_out(doing: Doing, body: Any, recorded_by: str) -> HouseholdChange:
    """Whole, or refused and nothing of it."""
    if body.on > doing.today:
        raise NotYet
    change = HouseholdChange(
        id=body.id,
        kind=body.kind,
        effective_on=body.on,
        ground=body.ground,
        document_no=body.document_no,
        done_by=body.done_by,
        recorded_by=recorded_by,
        recorded_at=doing.now,
    )
    doing.session.add(change)
    try:
        doing.session.flush()
    except IntegrityError as error:
        raise ChangedBefore from error
    doing.ground, doing.done_by, doing.recorded_by = body.ground, body.done_by, recorded_by
    CARRY_OUT[type(body)](doing, body)
    keep_the_rules(doing)
    conclude(doing, body.kind)
    return change


def shown(session: Session, change: HouseholdChange) -> ChangeOut:
    part = col(HouseholdChangePart.household_id)
    wanted = select(HouseholdChangePart).where(col(HouseholdChangePart.change_id) == change.id).order_by(part)
    within_reach = scoped(session, wanted.join(Household, col(Household.id) == part), HOUSEHOLDS).limit(200)
    parts = [PartOut(**row.model_dump(exclude={"change_id"})) for row in session.scalars(within_reach)]
    went = select(HouseholdChangeCarried).where(col(HouseholdChangeCarried.change_id) == change.id)
    by_thing = went.order_by(col(HouseholdChangeCarried.thing), col(HouseholdChangeCarried.row_id)).limit(500)
    carried = carried_out(session, session.scalars(by_thing).all())
    told = change.model_dump(exclude={"effective_on"})
    return ChangeOut(**told, on=change.effective_on, households=parts, carried=carried)


def carried_out(session: Session, rows: Sequence[HouseholdChangeCarried]) -> list[CarriedOut]:
    named = {home for row in rows for home in (row.from_id, row.into_id)}
    seen = those_within(session, named)
    return [
        CarriedOut(
            thing=row.thing,
            row_id=row.row_id,
            from_id=row.from_id if row.from_id in seen else None,
            into_id=row.into_id if row.into_id in seen else None,
        )
        for row in rows
    ]
