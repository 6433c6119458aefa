"""问题台账: an issue is raised once under its sender's own id, found again, and read with what was done about it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, or_, select, text, true
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.declarations.due import due_day
from services.households.issues.contents import IssueIn, IssueLine, IssueOut, OwnerId, State, StepOut, said_in, said_of
from services.households.issues.kinds import KINDS, Kind, Source
from services.households.models.issues import SAID, Issue, IssueStep
from services.households.policy import allow, may
from services.households.reach import reachable
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.store.reference import StandardKey
from services.kit.store.scope import Placed, scope_of, scoped
from services.kit.store.sealed import take_turn
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/issues", tags=["issues"])

RAISED, CLOSED, REOPENED = "issue.raised", "issue.closed", "issue.reopened"
ISSUE_DAYS = StandardKey("issue_days", "number", "工作日", "问题整改期限", "Working days to put an issue right")
HOUSEHOLD: Any = Issue.household_id  # empty where it is of no household: no set holds it
ISSUES = Placed(division=col(Issue.division), subject=HOUSEHOLD)
Division = Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]
NEXT = text(
    """
    INSERT INTO issue_number AS held (county, year, last) VALUES (:county, :year, 1)
    ON CONFLICT (county, year) DO UPDATE SET last = held.last + 1 RETURNING last
    """
)


class IssueRaisedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一个问题。"
    en = "That id stands for another issue already."


class IssueElsewhere(DomainError):
    zh = "所在地须是这户所在的村。"
    en = "An issue of a household lies in its village."


class IssueDaysWrong(DomainError):
    zh = "日期有误：不能晚于今天，期限不能早于提出日，步骤不能早于提出日。"
    en = "A day is wrong: none is later than today, and neither due day nor step comes before it was raised."


@router.put("/{issue_id}", dependencies=[allow("issue:write")], openapi_extra=repeatable("path"))
def put_issue(
    issue_id: UUID, body: IssueIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> IssueOut:
    """The same again changes nothing, whatever has been done about it meanwhile."""
    seal: Seal = request.app.state.seal
    take_turn(session, f"issue:{issue_id}")
    held = session.get(Issue, issue_id)
    if held is None or said_of(seal, held) != body:  # sent again, it may lie elsewhere by now
        refuse(session, body, today)
    if held is None:
        raise_issue(session, seal, issue_id, body, caller.subject, today, now)
    elif not may_see(held, caller) or said_of(seal, held) != body:
        raise IssueRaisedBefore
    return whole(session, seal, issue(session, issue_id, caller), today)


@router.get("", dependencies=[allow("issue:read")])
def list_issues(
    session: SessionDep,
    paging: PagingDep,
    caller: CallerDep,
    today: Today,
    division: Division,
    state: Annotated[State | Literal["overdue"] | None, Query(title="办理状态")] = None,
    kind: Kind | None = None,
    source: Source | None = None,
    owner_id: Annotated[OwnerId | None, Query()] = None,
    household_id: UUID | None = None,
    raised_from: Annotated[WrittenDay | None, Query(title="起始日")] = None,
    raised_to: Annotated[WrittenDay | None, Query(title="截止日")] = None,
) -> Page[IssueLine]:
    """The newest first. Restricted ones only those the caller owns or has recorded; the county office sees all."""
    wanted = select(Issue).where(col(Issue.division).startswith(division), seen_by(caller))
    same: list[tuple[Any, Any]] = [
        (Issue.kind, kind), (Issue.source, source), (Issue.owner_id, owner_id), (Issue.household_id, household_id),
    ]  # fmt: skip
    wanted = wanted.where(*(column == value for column, value in same if value))
    if state:
        late = (col(Issue.state) == "open") & (col(Issue.due_on) < today)
        wanted = wanted.where(late if state == "overdue" else col(Issue.state) == state)
    if raised_from:
        wanted = wanted.where(col(Issue.raised_on) >= raised_from)
    if raised_to:
        wanted = wanted.where(col(Issue.raised_on) <= raised_to)
    mine = scoped(session, wanted, ISSUES)
    rows, following = paging.read(session, mine, col(Issue.raised_on), col(Issue.id), descending=True)
    return Page(rows=[IssueLine.of(row, today) for (row,) in rows], next=following)


@router.get("/{issue_id}", dependencies=[allow("issue:read")])
def get_issue(issue_id: UUID, request: Request, session: SessionDep, caller: CallerDep, today: Today) -> IssueOut:
    return whole(session, request.app.state.seal, issue(session, issue_id, caller), today)


def refuse(session: Session, body: IssueIn, today: date) -> None:
    """Where it lies is within the caller's places, or the household's own village."""
    if body.household_id:
        if reachable(session, body.household_id, lock=True).village != body.division:
            raise IssueElsewhere
    elif not scope_of(session).covers(body.division):
        raise NotThere
    refuse_days(body, today)


def refuse_days(body: IssueIn, today: date) -> None:
    if body.raised_on > today or (body.due_on and body.due_on < body.raised_on):
        raise IssueDaysWrong


def raise_issue(
    session: Session, seal: Seal, issue_id: UUID, body: IssueIn, who: str, today: date, now: datetime
) -> Issue:
    county, right = body.division[:6], body.put_right
    owner = {f"owner_{name}": value for name, value in body.owner.model_dump().items()}
    row = Issue(
        id=issue_id,
        county=county,
        year=today.year,
        number=session.scalar(NEXT, {"county": county, "year": today.year}),
        **body.model_dump(include={"division", "household_id", "kind", "source", "source_ref", "raised_on"}),
        restricted=KINDS[body.kind].restricted,
        sealed_said=seal.close(body.model_dump_json(), SAID.place(issue_id)),
        **owner,
        due_on=body.due_on or due_day(session, ISSUE_DAYS, body.division, body.raised_on),
        state="closed" if right else "open",
        on_the_spot=right is not None,
        ended_on=body.raised_on if right else None,
        satisfaction=right.satisfaction if right else None,
        recorded_by=who,
        recorded_at=now,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of an issue elsewhere
        raise IssueRaisedBefore from error
    tell(session, RAISED, row, now)
    if right:
        tell(session, CLOSED, row, now)
    return row


def tell(session: Session, what: str, row: Issue, now: datetime) -> None:
    emit(session, what, row.id, now, division=row.division, data={"kind": row.kind})


def may_see(row: Issue, caller: Caller) -> bool:
    mine = caller.subject in (row.owner_id, row.recorded_by)
    return not row.restricted or mine or may(caller, "issue:confidential")


def seen_by(caller: Caller) -> ColumnElement[bool]:
    if may(caller, "issue:confidential"):
        return true()
    who = caller.subject
    return or_(~col(Issue.restricted), col(Issue.owner_id) == who, col(Issue.recorded_by) == who)


def issue(session: Session, issue_id: UUID, caller: Caller, *, lock: bool = False) -> Issue:
    """Outside the scope it is not there; nor is a restricted one for others."""
    wanted = scoped(session, select(Issue).where(col(Issue.id) == issue_id, seen_by(caller)), ISSUES)
    return found(session.scalar(wanted.with_for_update() if lock else wanted))


def steps_of(session: Session, row: Issue) -> Sequence[IssueStep]:
    wanted = select(IssueStep).where(col(IssueStep.issue_id) == row.id)
    return session.scalars(wanted.order_by(col(IssueStep.number))).all()


def whole(session: Session, seal: Seal, row: Issue, today: date) -> IssueOut:
    said = said_of(seal, row)
    return IssueOut(
        **IssueLine.of(row, today).model_dump(),
        text=said.text,
        put_right=said.put_right,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        steps=[
            StepOut(id=one.id, said=said_in(seal, one), done_by=one.done_by, done_at=one.done_at)
            for one in steps_of(session, row)
        ],
    )
