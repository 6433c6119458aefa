"""What a day was is put right: said by one, with its evidence, agreed to by another. What was recorded stays."""

from datetime import date
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.leave.chain import post_on
from services.attendance.leave.requests import cadre_meant
from services.attendance.leave.words import DecisionStands, Outcome, YourOwn
from services.attendance.models.leave import DayCorrection
from services.attendance.models.teams import Cadre
from services.attendance.policy import allow, may
from services.attendance.reach import CORRECTIONS, reachable_corrections
from services.attendance.visits.contents import Moment
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of, within
from services.kit.store.tables import CalendarDate
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/day-corrections", tags=["days"])

Because: TypeAlias = Literal["forgotten", "device", "no_signal", "written_wrongly", "learnt_later"]
Evidence: TypeAlias = Literal["register", "witness", "visit", "document", "photograph", "inspection"]
CorrectedTo: TypeAlias = Literal["present", "official", "leave", "rest", "no_evidence"]
CorrectionState: TypeAlias = Literal["waiting", "approved", "refused", "replaced"]


class DayCorrectionIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. `cadre_id` only by who may record for others."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    day: Annotated[WrittenDay, Field(title="日期")]
    status: Annotated[CorrectedTo, Field(title="更正为")]
    because: Annotated[Because, Field(title="更正原因")]
    evidence: Annotated[Evidence, Field(title="依据类别")]
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="依据编号")] = None
    cadre_id: Annotated[UUID | None, Field(title="干部")] = None


class DayCorrectionOut(BaseModel):
    id: UUID
    cadre_id: UUID
    village: str
    day: CalendarDate
    status: CorrectedTo
    because: Because
    evidence: Evidence
    document_no: str | None
    recorded_by: str
    recorded_at: Moment
    state: CorrectionState
    decided_by: str | None
    decided_at: Moment | None


class DayDecisionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[Outcome, Field(title="审批结果")]


class DayNotCome(DomainError):
    zh = "还没有到的日期不能更正。"
    en = "A day that has not come is not put right."


class DayCorrectionSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一项内容不同的更正。"
    en = "That id stands for another correction already."


@router.post("", status_code=201, dependencies=[allow("day-correction:write")], openapi_extra=repeatable("body.id"))
def create_day_correction(body: DayCorrectionIn, session: SessionDep, caller: CallerDep, now: Now) -> DayCorrectionOut:
    """Repeatable by `id`. By the cadre or the office; it holds once the township has agreed."""
    cadre = cadre_meant(session, caller, body.cadre_id, "day-correction:record")
    before, wanted = session.get(DayCorrection, body.id), body.model_dump() | {"cadre_id": cadre.id}
    if before is None:
        if body.day > now.date():
            raise DayNotCome
        post = post_on(session, cadre.id, body.day)
        if cadre.account != caller.subject and not scope_of(session).covers(post.village):
            raise NotThere
        before = DayCorrection(
            **wanted, village=post.village, recorded_by=caller.subject, recorded_at=now, state="waiting"
        )
        session.add(before)
        try:
            session.flush()
        except IntegrityError as error:  # the same id, out of the caller's sight
            raise DayCorrectionSentBefore from error
    elif before.model_dump(include=set(wanted)) != wanted:
        raise DayCorrectionSentBefore
    return DayCorrectionOut.model_validate(before.model_dump())


@router.get("", dependencies=[allow("month:read")])
def list_day_corrections(
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    cadre_id: UUID | None = None,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
    state: Annotated[CorrectionState | None, Query(title="状态")] = None,
) -> Page[DayCorrectionOut]:
    """The newest day first. A member reads the own ones."""
    scope = scope_of(session)
    own = exists().where(col(Cadre.id) == col(DayCorrection.cadre_id), col(Cadre.account) == scope.holder)
    seen = reachable_corrections(scope) if may(caller, "month:read-all") else own
    wanted = select(DayCorrection).where(seen, col(DayCorrection.village).startswith(village_prefix))
    if cadre_id:
        wanted = wanted.where(col(DayCorrection.cadre_id) == cadre_id)
    if state:
        wanted = wanted.where(col(DayCorrection.state) == state)
    rows, following = paging.read(session, wanted, col(DayCorrection.day), col(DayCorrection.id), descending=True)
    return Page(rows=[DayCorrectionOut.model_validate(row.model_dump()) for (row,) in rows], next=following)


@router.put(
    "/{correction_id}/decision", dependencies=[allow("day-correction:decide")], openapi_extra=repeatable("path")
)
def put_day_correction_decision(
    correction_id: UUID, body: DayDecisionIn, session: SessionDep, caller: CallerDep, now: Now
) -> DayCorrectionOut:
    """By the office; never by whose day it is or who wrote the correction down. The last one agreed to counts."""
    here = within(scope_of(session), CORRECTIONS)
    wanted = select(DayCorrection).where(col(DayCorrection.id) == correction_id, here)
    one = found(session.scalar(wanted.with_for_update()))
    if one.state == "waiting":
        refuse_own(session, one, caller.subject)
        if body.outcome == "approved":
            replace_earlier(session, one.cadre_id, one.day)
        one.state, one.decided_by, one.decided_at = body.outcome, caller.subject, now
    elif (one.state == "refused") != (body.outcome == "refused"):
        raise DecisionStands
    return DayCorrectionOut.model_validate(one.model_dump())


def refuse_own(session: Session, one: DayCorrection, who: str) -> None:
    cadre = session.get_one(Cadre, one.cadre_id, with_for_update={"key_share": True})
    if who in (one.recorded_by, cadre.account):
        raise YourOwn


def replace_earlier(session: Session, cadre: UUID, day: date) -> None:
    held = (col(DayCorrection.cadre_id) == cadre, col(DayCorrection.day) == day, col(DayCorrection.state) == "approved")
    session.execute(update(DayCorrection).where(*held).values(state="replaced"))
