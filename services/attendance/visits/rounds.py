"""摸排轮次: in a period every household of a place, or of a tag, is to be contacted. Its households are frozen as it is
opened; it is no sweep of rules, and the two never borrow each other's number."""

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.models.visits import VisitRound
from services.attendance.policy import allow
from services.attendance.reach import ROUNDS, reachable_round, reachable_rounds
from services.attendance.visits.contents import Moment
from services.attendance.visits.freezing import FREEZE
from services.attendance.visits.sheet import close_tasks
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.scope import scope_of, within
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/visit-rounds", tags=["rounds"], route_class=Repeatable)

Place = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]


class RoundIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. Without a tag all households of the place."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    name: Annotated[str, Field(min_length=1, max_length=100, title="名称")]
    division: Place
    tag: Annotated[Literal["monitored", "formerly_poor"] | None, Field(title="标签")] = None
    first_day: Annotated[WrittenDay, Field(title="起始日")]
    last_day: Annotated[WrittenDay, Field(title="截止日")]
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="文号")]


class RoundOut(RoundIn):
    """`gathering` until its households are frozen."""

    state: Literal["gathering", "open", "closed"]
    opened_at: Moment | None
    closed_at: Moment | None

    @classmethod
    def of(cls, one: VisitRound) -> Self:
        state = "closed" if one.closed_at else "open" if one.opened_at else "gathering"
        return cls.model_validate(one.model_dump(include=set(cls.model_fields) - {"state"}) | {"state": state})


class RoundEndsBeforeItBegins(DomainError):
    zh = "截止日不能早于起始日。"
    en = "A round does not end before it begins."


class RoundSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一轮内容不同的摸排。"
    en = "That id stands for another round already."


class RoundNotOpen(DomainError):
    status = 409
    zh = "名单还在汇集，稍后再办结。"
    en = "Its households are still being gathered. Close it later."


@router.post("", status_code=201, dependencies=[allow("round:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_visit_round(body: RoundIn, session: SessionDep, caller: CallerDep, now: Now) -> RoundOut:
    """Its households are gathered from the register in a moment, by a job; the round is open when it has them all."""
    if not scope_of(session).covers(body.division):
        raise NotThere
    if body.last_day < body.first_day:
        raise RoundEndsBeforeItBegins
    before = session.get(VisitRound, body.id)
    if before is None:
        before = VisitRound(**body.model_dump(), created_by=caller.subject, created_at=now)
        add(session, before)
        enqueue(session, FREEZE, str(body.id), now, caller.subject)
    elif body.model_dump() != before.model_dump(include=set(RoundIn.model_fields)):
        raise RoundSentBefore
    return RoundOut.of(before)


def add(session: Session, one: VisitRound) -> None:
    session.add(one)
    try:
        session.flush()
    except IntegrityError as error:  # the same id for another place, out of the caller's sight
        raise RoundSentBefore from error


@router.get("", dependencies=[allow("round:read")])
def list_visit_rounds(
    session: SessionDep, paging: PagingDep, on: Annotated[WrittenDay | None, Query(title="当日在期内")] = None
) -> Page[RoundOut]:
    """The newest first: those of one's places, and those that have a household there."""
    wanted = select(VisitRound).where(reachable_rounds(scope_of(session)))
    if on:
        wanted = wanted.where(col(VisitRound.first_day) <= on, col(VisitRound.last_day) >= on)
    keys = (col(VisitRound.first_day), col(VisitRound.id))
    rows, following = paging.read(session, wanted, *keys, descending=True)
    return Page(rows=[RoundOut.of(one) for (one,) in rows], next=following)


@router.get("/{round_id}", dependencies=[allow("round:read")])
def get_visit_round(round_id: UUID, session: SessionDep) -> RoundOut:
    return RoundOut.of(reachable_round(session, round_id))


@router.put("/{round_id}/closing", dependencies=[allow("round:write")], openapi_extra=repeatable("path"))
def put_visit_round_closing(round_id: UUID, session: UnboundSessionDep, caller: CallerDep, now: Now) -> RoundOut:
    """From now on its sheet stands as it is, with who was not reached; visits that come later change it no more. By an
    office that holds the whole place. Sent again it changes nothing."""
    covered = within(scope_of(session), ROUNDS)
    one = found(session.scalar(select(VisitRound).where(col(VisitRound.id) == round_id, covered).with_for_update()))
    if one.opened_at is None:
        raise RoundNotOpen
    if one.closed_at is None:
        close_tasks(session, round_id)
        one.closed_by, one.closed_at = caller.subject, now
    return RoundOut.of(one)
