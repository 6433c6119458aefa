"""走访线索: what visits came upon waits here until an office accepts it, and takes it up, or refuses it with a code."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.alerts.judging.judge import lock_out_sweeps
from services.alerts.models.visits import VisitClue
from services.alerts.policy import allow
from services.alerts.reach import CLUES
from services.alerts.tasks.folding import fold_these, hold
from services.kit.post.events import emit
from services.kit.post.facts import COUNTY
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.scope import scoped
from services.kit.store.tables import CalendarDate
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/visit-clues", tags=["clues"])

ANSWERED = "visit_clue.answered"
State = Literal["told", "accepted", "refused", "withdrawn"]
Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
Code = Literal["known_already", "not_confirmed", "too_small", "of_another_household"]


class ClueOut(BaseModel):
    """`visit` is the id of the visit, or of the first where it was corrected. Its note stays where it is."""

    id: UUID
    visit: UUID
    kind: str
    subject: UUID
    division: str
    day: CalendarDate
    told_at: Moment
    state: State
    code: Code | None
    answered_by: str | None
    answered_at: Moment | None

    @classmethod
    def of(cls, clue: VisitClue) -> Self:
        return cls.model_validate(clue.model_dump())


class ClueAnswerIn(BaseModel):
    """A refusal has a code; who visited reads it."""

    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[Literal["accepted", "refused"], Field(title="答复")]
    code: Annotated[Code | None, Field(title="不采纳的原因")] = None


class CodeWanting(DomainError):
    zh = "不采纳须写明原因，采纳的不写。"
    en = "A refusal has a code, and what is accepted has none."


class ClueAnsweredAlready(DomainError):
    status = 409
    zh = "这条线索已答复或已撤回，不能更改。"
    en = "It has been answered or withdrawn, and that stands."


@router.get("", dependencies=[allow("clue:read")])
def list_visit_clues(
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    state: Annotated[State | None, Query(title="状态")] = "told",
    subject: Annotated[UUID | None, Query(title="农户")] = None,
) -> Page[ClueOut]:
    """Those nobody has answered, unless another state is asked for; the oldest first."""
    wanted = scoped(session, select(VisitClue), CLUES).where(col(VisitClue.division).startswith(division))
    if state:
        wanted = wanted.where(col(VisitClue.state) == state)
    if subject:
        wanted = wanted.where(col(VisitClue.subject) == subject)
    rows, following = paging.read(session, wanted, col(VisitClue.told_at), col(VisitClue.id))
    return Page(rows=[ClueOut.of(clue) for (clue,) in rows], next=following)


@router.put("/{clue_id}/answer", dependencies=[allow("clue:answer")], openapi_extra=repeatable("path"))
def put_clue_answer(
    clue_id: UUID, body: ClueAnswerIn, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> ClueOut:
    """Once. The same answer sent again changes nothing, so no ETag is asked for."""
    if (body.outcome == "refused") != (body.code is not None):
        raise CodeWanting
    wanted = scoped(session, select(VisitClue), CLUES).where(col(VisitClue.id) == clue_id)
    seen = found(session.scalar(wanted))
    lock_out_sweeps(session, [seen.division[:COUNTY]])
    hold(session, [seen.subject])  # before the clue itself, as all who fold
    clue = found(session.scalar(wanted.with_for_update().execution_options(populate_existing=True)))
    if clue.state == "told":
        answer(session, clue, body, caller.subject, now)
        session.flush()
        fold_these(session, [clue.subject], now)
    elif (clue.state, clue.code) != (body.outcome, body.code):
        raise ClueAnsweredAlready
    return ClueOut.of(clue)


def answer(session: Session, clue: VisitClue, body: ClueAnswerIn, answered_by: str, now: datetime) -> None:
    clue.state, clue.code, clue.answered_by, clue.answered_at = body.outcome, body.code, answered_by, now
    told = {"visit": str(clue.visit), "kind": clue.kind, "outcome": clue.state, "code": clue.code}
    emit(session, ANSWERED, clue.id, now, division=clue.division, data=told)
