"""走访: a visit recorded, read and corrected. Nothing is overwritten: a correction is a visit that names the other."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.attendance.models.visits import NOTE, Visit, VisitFinding
from services.attendance.policy import allow, may
from services.attendance.reach import reachable_visits
from services.attendance.visits.contents import Moment, VisitIn, VisitLine, line_of
from services.attendance.visits.known import ask_register, look
from services.attendance.visits.recording import Recorder, record_visits
from services.attendance.visits.words import NOT_MADE, Finding
from services.kit.store.db import Now, SessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/visits", tags=["visits"])


class FindingOut(BaseModel):
    """What alerts answered, with the code of a refusal."""

    kind: Finding
    state: Literal["told", "accepted", "refused", "withdrawn"]
    code: str | None
    answered_at: Moment | None


class VisitOut(VisitLine):
    """The note is told to who may read notes. `corrected_by` is the visit that has taken this one's place."""

    note: str | None
    corrected_by: UUID | None
    answers: list[FindingOut]

    @classmethod
    def of(cls, session: Session, seal: Seal, caller: Caller, visit: Visit) -> Self:
        sealed = visit.sealed_note if may(caller, "visit-note:read") else None
        answers = session.scalars(
            select(VisitFinding).where(col(VisitFinding.first_id) == visit.first_id).order_by(col(VisitFinding.kind))
        )
        return cls(
            **visit.model_dump(exclude={"sealed_note", "received_at"}),
            note=seal.open(sealed, NOTE.place(visit.id)) if sealed else None,
            corrected_by=session.scalar(select(col(Visit.id)).where(col(Visit.corrects) == visit.id)),
            answers=[FindingOut.model_validate(one.model_dump(exclude={"first_id"})) for one in answers],
        )


@router.post("", status_code=201, dependencies=[allow("visit:write")], openapi_extra=repeatable("body.id"))
def create_visit(request: Request, body: VisitIn, session: SessionDep, caller: CallerDep, now: Now) -> VisitOut:
    """Repeatable by `id`. Of a household the caller is paired with, or was on that day, or that lies where they hold an
    office; every other is not there."""
    register = ask_register(request, caller, [body])
    known, seal = look(session, [body], register), request.app.state.seal
    (outcome,) = record_visits(session, seal, known, recorder_of(caller, now), [body])
    if isinstance(outcome, DomainError):
        raise outcome
    return VisitOut.of(session, seal, caller, outcome.visit)


def recorder_of(caller: Caller, now: datetime) -> Recorder:
    return Recorder(caller.subject, may(caller, "visit:record"), now)


@router.get("", dependencies=[allow("visit:read")])
def list_visits(
    session: SessionDep,
    paging: PagingDep,
    household_id: UUID | None = None,
    cadre_id: UUID | None = None,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
    day_from: Annotated[WrittenDay | None, Query(title="起始日")] = None,
    day_to: Annotated[WrittenDay | None, Query(title="截止日")] = None,
    corrected: Annotated[bool, Query(title="含已更正的")] = False,
) -> Page[VisitLine]:
    """The newest first, as they stand; with `corrected` those that were corrected or not made, too."""
    wanted = select(Visit).where(reachable_visits(scope_of(session)), col(Visit.village).startswith(village_prefix))
    if household_id:
        wanted = wanted.where(col(Visit.household_id) == household_id)
    if cadre_id:
        wanted = wanted.where(col(Visit.cadre_id) == cadre_id)
    if day_from:
        wanted = wanted.where(col(Visit.day) >= day_from)
    if day_to:
        wanted = wanted.where(col(Visit.day) <= day_to)
    if not corrected:
        wanted = wanted.where(stands())
    rows, following = paging.read(session, wanted, col(Visit.at), col(Visit.id), descending=True)
    return Page(rows=[line_of(visit) for (visit,) in rows], next=following)


def stands() -> ColumnElement[bool]:
    """Neither corrected nor said to be not made."""
    later = aliased(Visit)
    return ~exists().where(col(later.corrects) == col(Visit.id)) & col(Visit.because).is_distinct_from(NOT_MADE)


@router.get("/{visit_id}", dependencies=[allow("visit:read")])
def get_visit(visit_id: UUID, request: Request, session: SessionDep, caller: CallerDep) -> VisitOut:
    """One of its versions, with its note and what became of what it found."""
    wanted = select(Visit).where(col(Visit.id) == visit_id, reachable_visits(scope_of(session)))
    return VisitOut.of(session, request.app.state.seal, caller, found(session.scalar(wanted)))
