"""A step is appended to an issue and never changed: what was done, who owns it now, by when, how it ended."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.households.issues.contents import (
    Closed,
    DueChanged,
    IssueOut,
    Merged,
    OwnerChanged,
    SaidOfStep,
    StepSaid,
    Turned,
    said_in,
)
from services.households.issues.issues import CLOSED, REOPENED, IssueDaysWrong, issue, steps_of, tell, whole
from services.households.models.issues import STEP_SAID, Issue, IssueStep
from services.households.policy import allow
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.store.sealed import take_turn
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/issues/{issue_id}/steps/{step_id}", tags=["issues"])

TO = {"closed": "closed", "reopened": "open", "withdrawn": "withdrawn", "merged": "merged"}


class StepTakenBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一个步骤。"
    en = "That id stands for another step already."


class NotAStepNow(DomainError):
    status = 409
    zh = "问题目前的状态不能办理这一步：已销号的只能重新打开，其余步骤须在办理中。"
    en = "No step from here: one that is closed can only be reopened, and all else is done to what is open."


class MergedWrongly(DomainError):
    zh = "只能并入另一个办理中的问题。"
    en = "An issue is merged into another one that is open."


@router.put("", dependencies=[allow("issue:write")], openapi_extra=repeatable("path"))
def put_issue_step(
    issue_id: UUID, step_id: UUID, body: Annotated[StepSaid, Body()], request: Request, session: SessionDep,
    caller: CallerDep, today: Today, now: Now,
) -> IssueOut:  # fmt: skip
    """The same again changes nothing. Nothing is ever overwritten, so no ETag is asked for."""
    seal: Seal = request.app.state.seal
    for one in sorted({issue_id, *([body.into] if isinstance(body, Merged) else ())}):
        take_turn(session, f"issue:{one}")  # nor is the other one merged into this one meanwhile
    row = issue(session, issue_id, caller, lock=True)
    steps = steps_of(session, row)
    if held := next((one for one in steps if one.id == step_id), None):
        if said_in(seal, held) != body:
            raise StepTakenBefore
    else:
        refuse_step(session, row, body, caller, today)
        take(row, body)
        sealed = seal.close(SaidOfStep(said=body).model_dump_json(), STEP_SAID.place(step_id))
        append(
            session,
            IssueStep(
                id=step_id, issue_id=row.id, number=len(steps) + 1, kind=body.kind, day=body.day, sealed_said=sealed,
                done_by=caller.subject, done_at=now,
            ),
        )  # fmt: skip
        if what := {"closed": CLOSED, "reopened": REOPENED}.get(body.kind):
            tell(session, what, row, now)
    return whole(session, seal, row, today)


def refuse_step(session: Session, row: Issue, body: StepSaid, caller: Caller, today: date) -> None:
    if row.state != ("closed" if body.kind == "reopened" else "open"):
        raise NotAStepNow
    due = body.due_on if isinstance(body, DueChanged) else None
    if not row.raised_on <= body.day <= today or (due and due < row.raised_on):
        raise IssueDaysWrong
    if isinstance(body, Merged) and (body.into == row.id or issue(session, body.into, caller).state != "open"):
        raise MergedWrongly


def take(row: Issue, body: StepSaid) -> None:
    if isinstance(body, OwnerChanged):
        row.owner_kind, row.owner_id, row.owner_label = body.owner.kind, body.owner.id, body.owner.label
    elif isinstance(body, DueChanged):
        row.due_on = body.due_on
    elif isinstance(body, Closed | Turned | Merged):
        row.state = TO[body.kind]
        row.ended_on = None if row.state == "open" else body.day
        row.on_the_spot = False
        row.satisfaction = body.satisfaction if isinstance(body, Closed) else None
        row.merged_into = body.into if isinstance(body, Merged) else None


def append(session: Session, step: IssueStep) -> None:
    session.add(step)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of a step of another issue
        raise StepTakenBefore from error
