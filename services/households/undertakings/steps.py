"""What becomes of it: a project is approved, begun, accepted and closed; a loan is extended; an agreement ends."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.households.models.undertakings import Undertaking, UndertakingStep
from services.households.policy import allow
from services.households.undertakings.contents import (
    IN_ORDER,
    LAST,
    STEPS,
    AnotherUndertaking,
    NotItsStep,
    StepDaysWrong,
    StepIn,
    UndertakingOut,
)
from services.households.undertakings.undertakings import read_one, steps_of
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/undertakings", tags=["undertakings"], route_class=Repeatable)


@router.post(
    "/{undertaking_id}/steps",
    status_code=201,
    dependencies=[allow("ledger:write")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
)
def create_undertaking_step(
    undertaking_id: UUID, body: StepIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> UndertakingOut:
    scope = scope_of(session)
    take_turn(session, f"undertaking:{undertaking_id}")
    row = session.get(Undertaking, undertaking_id)
    if row is None or not scope.covers(row.division):
        raise NotThere
    tell(request, body.id, division=row.division, kind=row.kind)
    taken = steps_of(session, [row.id])
    held = next((one for one in taken if one.id == body.id), None)
    if held is None:
        refuse_step(row, taken, body, today)
        said = body.model_dump() | {"undertaking_id": row.id, "number": len(taken)}
        write(session, UndertakingStep(**said, recorded_by=caller.subject, recorded_at=now))
    elif StepIn.model_validate(held.model_dump(include={*StepIn.model_fields})) != body:
        raise AnotherUndertaking
    return read_one(session, row.id, today)


def refuse_step(row: Undertaking, taken: Sequence[UndertakingStep], body: StepIn, today: date) -> None:
    done = [one.step for one in taken]
    turn = [step for step in IN_ORDER if step not in done][:1]
    allowed = [step for step in STEPS[row.kind] if step not in IN_ORDER or step in turn]
    if not set(done).isdisjoint(LAST) or body.step not in allowed:
        raise NotItsStep(", ".join(allowed))
    before = max([row.since, *(one.day for one in taken)])
    last = next((one.until for one in reversed(taken) if one.until), row.until) or row.since
    extends = body.until is not None
    if not before <= body.day <= today or extends != (body.step == "extended") or (body.until or date.max) <= last:
        raise StepDaysWrong


def write(session: Session, step: UndertakingStep) -> None:
    session.add(step)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of a step elsewhere
        raise AnotherUndertaking from error
