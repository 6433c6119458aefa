"""A case opens when somebody confirms a suspicion, by reference to its ground; it is read with all that happened."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, and_, exists, func, not_, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.cases.as_they_were import cases_then, running_then
from services.households.cases.clocks import start_clock, start_clocks_of
from services.households.cases.contents import DoneInTheFuture
from services.households.cases.edits import case_edit
from services.households.cases.entries import EntryOut, entries_shown
from services.households.cases.outcomes import OpenCaseAlready
from services.households.cases.profiles import procedure_of
from services.households.cases.steps import Risk
from services.households.models.cases import Case, CaseClock
from services.households.models.register import Household
from services.households.policy import allow, may
from services.households.reach import HOUSEHOLDS, HouseholdEnded, reachable
from services.households.register.own_codes import RISK, unknown_codes
from services.households.register.past import NOW_KNOWN, Past, PastDep
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.web.auth import CallerDep
from services.kit.web.edits import SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Repeatable)

State = Literal["identifying", "monitored", "eliminating", "refused", "ended"]


class GroundIn(BaseModel):
    """What raised the suspicion that somebody has confirmed: its id in the service that holds it, and its day."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Literal["alert", "clue", "visit", "self_declaration"], Field(title="来源")]
    service: Annotated[Literal["alerts", "attendance", "households"], Field(title="所在服务")]
    id: Annotated[UUID, Field(title="来源编号")]
    day: Annotated[WrittenDay, Field(title="线索日期")]


class GroundOut(GroundIn):
    """`taken_over`: the household was identified before this register was, and its id is the case's own. `after_care`:
    a follow-up after the episode before came upon a new risk."""

    model_config = ConfigDict(extra="ignore")

    kind: Annotated[  # type: ignore[assignment]
        Literal["alert", "clue", "visit", "self_declaration", "taken_over", "after_care"], Field(title="来源")
    ]


class CaseIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. Up to five risks of the code list."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    household_id: Annotated[UUID, Field(title="农户")]
    ground: GroundIn
    risks: Annotated[list[Risk], Field(min_length=1, max_length=5, title="风险类型")]


class ClockOut(BaseModel):
    """`due_on` is empty while the calendar does not reach so far."""

    step: str
    since: date
    days: int
    unit: str
    due_on: date | None


class AfterCareOut(BaseModel):
    """Watched until that day, unless `end` says how it ended: completed, lapsed (a follow-up was missed), new_risk,
    re_entered, household_gone."""

    until: Annotated[date, Field(title="巩固监测截止日")]
    every_months: Annotated[int, Field(title="回访间隔月数")]
    document_no: Annotated[str, Field(title="文号")]
    end: Annotated[str | None, Field(title="结束方式")]


class CaseLine(BaseModel):
    id: UUID
    household_id: UUID
    village: str
    episode: int
    profile_key: str
    profile_version: int
    ground: GroundOut
    risks: list[str]
    state: State
    next_step: str | None
    category: str | None
    green: bool
    identified_on: date | None
    line: int | None
    line_document_no: str | None
    national_number: str | None
    identified_month: str | None
    closed_on: date | None
    end_kind: str | None
    merged_into: UUID | None
    branched_from: UUID | None
    after_care: Annotated[AfterCareOut | None, Field(title="巩固监测")]
    opened_by: str
    opened_at: datetime


class CaseOut(CaseLine):
    clocks: list[ClockOut]
    entries: list[EntryOut]


class UnknownRisk(DomainError):
    """`detail` names the codes."""

    zh = "风险类型不在代码表中，或重复。"
    en = "A risk is not on the code list, or stands twice."


class OpenedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一个案卷。"
    en = "That id stands for another case already."


@router.post("", status_code=201, dependencies=[allow("case:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_case(
    body: CaseIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> CaseOut:
    """Its ETag, which the first step asks for, is read with it."""
    household = reachable(session, body.household_id, lock=True)
    held = session.get(Case, body.id)
    if held is None:
        held = open_case(session, household, body, opened_by=caller.subject, today=today, now=now)
    elif stated(held) != body.model_dump(exclude={"id"}):
        raise OpenedBefore
    return shown(session, request, caller, held, household.village)


@router.get("", dependencies=[allow("case:read")])
def list_cases(
    session: SessionDep,
    paging: PagingDep,
    past: PastDep,
    today: Today,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    state: State | None = None,
    overdue: Annotated[bool | None, Query(title="有步骤超期")] = None,
    watched: Annotated[bool | None, Query(title="处于巩固监测期")] = None,
    household_id: UUID | None = None,
) -> Page[CaseLine]:
    """`village` may be any place of the county. By the moment of opening."""
    wanted, case, lies = cases_then(session, past) if past else cases_now(session)
    wanted = wanted.where(lies.startswith(village))
    if state:
        wanted = wanted.where(col(case.state) == state)
    if household_id:
        wanted = wanted.where(col(case.household_id) == household_id)
    if overdue is not None:
        running = exists().where(col(CaseClock.case_id) == col(case.id), *running_then(past))
        late = running.where(col(CaseClock.due_on) < (past.as_of or today))
        wanted = wanted.where(late if overdue else ~late)
    if watched is not None:
        still = and_(col(case.after_care_until).is_not(None), col(case.after_care_end).is_(None))
        wanted = wanted.where(still if watched else not_(still))
    rows, following = paging.read(session, wanted, col(case.opened_at), col(case.id))
    return Page(rows=[line(held, lay) for held, lay in rows], next=following)


def cases_now(session: Session) -> tuple[Select[Any], type[Case], Any]:
    rows: Any = select(Case, col(Household.village)).join(Household, col(Household.id) == col(Case.household_id))
    return scoped(session, rows, HOUSEHOLDS), Case, col(Household.village)


@router.get("/{case_id}", dependencies=[allow("case:read")], responses=SEEN)
def get_case(
    case_id: UUID, request: Request, session: SessionDep, caller: CallerDep, edit: EditDep, past: PastDep
) -> CaseOut:
    """As it stood on a day it has no ETag: nothing is done to the past."""
    case, household = reachable_case(session, case_id)
    if past:
        wanted, held, _ = cases_then(session, past, case_id)
        then, lay = found(session.execute(wanted.where(col(held.id) == case_id)).first())
        return shown(session, request, caller, then, lay, past)
    case_edit(edit, case.id).told(case.version)
    return shown(session, request, caller, case, household.village)


def reachable_case(session: Session, case_id: UUID, *, lock: bool = False) -> tuple[Case, Household]:
    """Outside the scope it is not there. Locked by its household, as every write to a part of one."""
    wanted = select(Household).join(Case, col(Case.household_id) == col(Household.id)).where(col(Case.id) == case_id)
    mine = scoped(session, wanted, HOUSEHOLDS)
    household = found(session.scalar(mine.with_for_update(of=Household) if lock else mine))
    if lock and household.ended_on:
        raise HouseholdEnded
    return found(session.get(Case, case_id, populate_existing=True)), household


def open_case(
    session: Session, household: Household, body: CaseIn, *, opened_by: str, today: date, now: datetime
) -> Case:
    """Refuses a second open case of the household. Source of the steps: the procedure that holds there today."""
    check_risks(session, household, body.risks, today)
    if body.ground.day > today:
        raise DoneInTheFuture
    procedure, document_no = procedure_of(session, household.village, today)
    first = procedure.chain("identify")[0]
    case = Case(
        id=body.id, household_id=household.id, episode=episodes(session, household) + 1, profile_key=procedure.key,
        profile_version=procedure.version, profile_document_no=document_no, ground_kind=body.ground.kind,
        ground_service=body.ground.service, ground_id=body.ground.id, ground_on=body.ground.day, risks=body.risks,
        next_step=first, opened_by=opened_by, opened_at=now,
    )  # fmt: skip
    session.add(case)
    try:
        session.flush()
    except IntegrityError as error:
        raise OpenCaseAlready if "monitored_case_open" in str(error.orig) else OpenedBefore from error
    start_clocks_of(session, case, household.village, procedure, "ground", body.ground.day)
    step = procedure.step(first)
    if step and step.since == "previous":
        start_clock(session, case, household.village, step, today)
    data = {"household": str(household.id), "ground": body.ground.kind, "episode": case.episode}
    emit(session, "case.opened", case.id, now, division=household.village, data=data)
    return case


def check_risks(session: Session, household: Household, risks: Sequence[str], day: date) -> None:
    twice = {risk for risk in risks if risks.count(risk) > 1}
    wrong = sorted(twice | {*unknown_codes(session, RISK, risks, household.village, day)})
    if wrong:
        raise UnknownRisk(", ".join(wrong))


def episodes(session: Session, household: Household) -> int:
    newest = select(func.max(col(Case.episode))).where(col(Case.household_id) == household.id)
    return session.scalar(newest) or 0


def stated(case: Case) -> dict[str, object]:
    """What whoever opened it sent."""
    return {"household_id": case.household_id, "ground": ground_of(case).model_dump(), "risks": case.risks}


def ground_of(case: Case) -> GroundOut:
    said = {"kind": case.ground_kind, "service": case.ground_service, "id": case.ground_id, "day": case.ground_on}
    return GroundOut.model_validate(said)


def line(case: Case, village: str) -> CaseLine:
    told = {"village": village, "ground": ground_of(case), "after_care": after_care_of(case)}
    return CaseLine.model_validate(case.model_dump() | told)


def after_care_of(case: Case) -> dict[str, object] | None:
    if case.after_care_until is None:
        return None
    told = {"until": case.after_care_until, "every_months": case.after_care_every}
    return told | {"document_no": case.after_care_document_no, "end": case.after_care_end}


def shown(
    session: Session, request: Request, caller: CallerDep, case: Case, village: str, past: Past = NOW_KNOWN
) -> CaseOut:
    running = select(CaseClock).where(col(CaseClock.case_id) == case.id, *running_then(past))
    clocks = session.scalars(running.order_by(col(CaseClock.due_on).nulls_last(), col(CaseClock.step)))
    return CaseOut(
        **line(case, village).model_dump(),
        clocks=[ClockOut(**clock.model_dump()) for clock in clocks],
        entries=entries_shown(session, request.app.state.seal, caller, case.id, may(caller, "case:write"), past),
    )
