"""What households object to, for the office that must answer with a reason."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select
from sqlmodel import Session, col

from services.households.models.register import Household
from services.households.models.voices import ANSWER, Correction
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.households.views.corrections import CorrectionOut, Kind, shown
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/corrections", tags=["household views"])

ANSWERED = "correction.answered"


class CorrectionLine(BaseModel):
    id: UUID
    household_id: UUID
    kind: Kind
    filed_at: datetime
    due_on: date | None
    outcome: Literal["granted", "declined"] | None
    overdue: bool


class AnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[Literal["granted", "declined"], Field(title="处理结果")]
    reason: Annotated[str, Field(min_length=4, max_length=500, title="答复")]


class AnsweredAlready(DomainError):
    status = 409
    zh = "这份更正或投诉已有答复，不能更改。"
    en = "It has been answered, and that stands."


@router.get("", dependencies=[allow("voice:read")])
def list_corrections(
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    state: Annotated[Literal["waiting", "overdue", "answered"] | None, Query(title="办理状态")] = None,
) -> Page[CorrectionLine]:
    """`village` may be any place of the county. The oldest first; nothing of what was written."""
    wanted = in_state(within_reach(session).where(col(Household.village).startswith(village)), state, today)
    rows, following = paging.read(session, wanted, col(Correction.filed_at), col(Correction.id))
    return Page(rows=[line(row, today) for (row,) in rows], next=following)


@router.get("/{correction_id}", dependencies=[allow("voice:read")])
def get_correction(correction_id: UUID, request: Request, session: SessionDep) -> CorrectionOut:
    return shown(request.app.state.seal, filed(session, correction_id))


@router.put("/{correction_id}/answer", dependencies=[allow("voice:answer")], openapi_extra=repeatable("path"))
def put_correction_answer(
    correction_id: UUID, body: AnswerIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
) -> CorrectionOut:
    """Once. What the record then says is edited where it stands; nothing is changed by this answer alone."""
    seal, row = request.app.state.seal, filed(session, correction_id, lock=True)
    held = shown(seal, row)
    if held.outcome and (held.outcome, held.answer) != (body.outcome, body.reason):
        raise AnsweredAlready
    if held.outcome is None:
        row.sealed_answer = seal.close(body.reason, ANSWER.place(row.id))
        row.outcome, row.answered_by, row.answered_at = body.outcome, caller.subject, now
        place = session.get_one(Household, row.household_id).village
        emit(session, ANSWERED, row.id, now, division=place, data={"kind": row.kind, "outcome": body.outcome})
    return shown(seal, row)


def within_reach(session: Session) -> Select[Correction]:
    placed = select(Correction).join(Household, col(Household.id) == Correction.household_id)
    return scoped(session, placed, HOUSEHOLDS)


def filed(session: Session, correction_id: UUID, *, lock: bool = False) -> Correction:
    mine = within_reach(session).where(col(Correction.id) == correction_id)
    return found(session.scalar(mine.with_for_update(of=col(Correction.id)) if lock else mine))


def in_state(wanted: Select[Correction], state: str | None, today: date) -> Select[Correction]:
    waiting = col(Correction.outcome).is_(None)
    late = col(Correction.due_on).is_(None) | (col(Correction.due_on) < today)
    ways = {"waiting": waiting, "overdue": waiting & late, "answered": ~waiting}
    return wanted.where(ways[state]) if state else wanted


def line(row: Correction, today: date) -> CorrectionLine:
    late = row.outcome is None and (row.due_on is None or row.due_on < today)
    return CorrectionLine.model_validate(row.model_dump() | {"overdue": late})
