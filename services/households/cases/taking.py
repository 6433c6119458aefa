"""A step of a case is taken: by who may, in the order of the procedure, with what it must contain."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from sqlmodel import Session

from services.households.cases.after_care import ENDED
from services.households.cases.cases import CaseIn, CaseOut, GroundOut, OpenedBefore, open_case, reachable_case, shown
from services.households.cases.contents import category_in, check_category, check_contents
from services.households.cases.course import NotToBeSkipped, OutOfOrder, Standing, onward
from services.households.cases.edits import case_edit
from services.households.cases.entries import SentBefore, write_entry
from services.households.cases.gates import Answers, proposed, refuse_closed
from services.households.cases.outcomes import move, note_values, standing_of
from services.households.cases.profiles import AFTER_CARE, Procedure, procedure
from services.households.cases.signers import refuse_same_signer, refuse_stranger
from services.households.cases.steps import (
    AfterCareIn,
    Decided,
    EliminationIn,
    EpisodeIn,
    GreenChannelIn,
    SkipIn,
    StepIn,
)
from services.households.models.cases import Case, CaseEntry
from services.households.models.register import Household
from services.households.policy import allow
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.edits import EDITED, EditDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Repeatable)


class NotACorrection(DomainError):
    """A decision is not turned round by a correction: for that there are refusals, ends and what takes them back."""

    status = 409
    zh = "被更正的记录不属于这个案卷、不是同一步骤，或决定不同。"
    en = "What is corrected is no entry of this step in this case, or decided otherwise."


class Taken(NamedTuple):
    """Everything a step is judged by."""

    case: Case
    household: Household
    procedure: Procedure
    body: StepIn
    caller: Caller

    @property
    def key(self) -> str:
        return self.body.skipped if isinstance(self.body, SkipIn) else self.body.kind

    @property
    def refused(self) -> bool:
        return isinstance(self.body, Decided) and self.body.decision == "refused"


@router.post(
    "/{case_id}/steps",
    status_code=201,
    dependencies=[allow("case:write")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
    responses={code: told for code, told in EDITED.items() if code != 200},
)
def create_case_step(
    case_id: UUID, body: StepIn, request: Request, session: SessionDep, caller: CallerDep, edit: EditDep,
    today: Today, now: Now,
) -> CaseOut:  # fmt: skip
    """Takes `If-Match` with the ETag of the case. What was done is recorded for good; a correction names it."""
    case, household = reachable_case(session, case_id, lock=True)
    if session.get(CaseEntry, body.id):
        raise SentBefore
    edit = case_edit(edit, case_id)
    edit.check(case.version, None)
    steps = procedure(session, case.profile_key, case.profile_version)
    take_step(session, request, Taken(case, household, steps, body, caller), today=today, now=now)
    edit.told(case.version)
    return shown(session, request, caller, case, household.village)


def take_step(session: Session, request: Request, taken: Taken, *, today: date, now: datetime) -> None:
    case, body = taken.case, taken.body
    to = standing_of(case) if body.corrects else led_to(taken)
    check(session, taken, today)
    if not body.corrects and not taken.refused:
        check_gates(session, taken)
    write_entry(session, request.app.state.seal, case.id, body, by=taken.caller.subject, now=now)
    note_values(case, body)
    if not body.corrects:
        move(session, case, taken.household, taken.procedure, body, to, now)
    case.version += 1
    session.flush()
    tell(session, taken, now)
    if isinstance(body, AfterCareIn) and body.episode:
        enter_again(session, request, taken, body.episode, today=today, now=now)


def enter_again(
    session: Session, request: Request, taken: Taken, told: EpisodeIn, *, today: date, now: datetime
) -> None:
    """The next episode of the household, on the ground of this follow-up. Where help comes first, whoever may open the
    green channel has sent it."""
    if session.get(Case, told.case_id):
        raise OpenedBefore
    ground = GroundOut(kind="after_care", service="households", id=taken.body.id, day=taken.body.done_on)
    asked = CaseIn.model_construct(id=told.case_id, household_id=taken.household.id, ground=ground, risks=told.risks)
    case = open_case(session, taken.household, asked, opened_by=taken.caller.subject, today=today, now=now)
    if told.urgent:
        first = GreenChannelIn(kind="green_channel", id=uuid4(), done_on=taken.body.done_on, **told.urgent.model_dump())
        steps = procedure(session, case.profile_key, case.profile_version)
        take_step(session, request, Taken(case, taken.household, steps, first, taken.caller), today=today, now=now)


def led_to(taken: Taken) -> Standing:
    skips = taken.key if isinstance(taken.body, SkipIn) else ""
    return onward(taken.procedure, standing_of(taken.case), taken.body.kind, refused=taken.refused, skips=skips)


def check(session: Session, taken: Taken, today: date) -> None:
    """Who, then what: a stranger learns nothing of the papers."""
    case, household, body = taken.case, taken.household, taken.body
    step = taken.procedure.step(taken.key)
    if step is None:
        raise OutOfOrder(case.next_step or "")
    refuse_stranger(session, taken.caller, step, household, today)
    refuse_same_signer(session, case, taken.key, taken.caller, {str(d.cadre_id) for d in body.done_by if d.cadre_id})
    if body.corrects:
        check_correction(session, case, body, body.corrects)
    if isinstance(body, SkipIn):
        step = step.model_copy(update={"documents": []})  # what is left out has no papers
    check_contents(session, case, household, body, step, today)
    check_category(session, household, taken.procedure.categories, category_in(body))


def check_correction(session: Session, case: Case, body: StepIn, corrects: UUID) -> None:
    if isinstance(body, SkipIn):
        raise NotToBeSkipped(body.skipped)
    held = session.get(CaseEntry, corrects)
    decision = body.decision if isinstance(body, Decided) else None
    outcome = body.outcome if isinstance(body, AfterCareIn) else None
    said = (case.id, body.kind, decision, outcome)
    if not held or (held.case_id, held.step, held.decision, held.outcome) != said:
        raise NotACorrection


def check_gates(session: Session, taken: Taken) -> None:
    """At the proposal, and again on the day of decision: by the line of that day."""
    if isinstance(taken.body, EliminationIn):
        answers = Answers.of(taken.body)
    elif taken.key == "elimination_county":
        answers = proposed(session, taken.case)
    else:
        return
    refuse_closed(session, taken.case, taken.household, answers, taken.body.done_on)


def tell(session: Session, taken: Taken, now: datetime) -> None:
    case, kinds = taken.case, ["case.step_done"]
    if not taken.body.corrects:
        if taken.refused:
            kinds.append("case.refused")
        elif case.closed_on and taken.key in ("elimination_county", "household_gone", "wrongly_included"):
            kinds.append("case.eliminated" if taken.key == "elimination_county" else "case.ended")
        elif taken.key == "elimination_taken_back" or (taken.key == "appeal_decided" and not case.closed_on):
            kinds.append("case.reopened")
        elif case.after_care_end and taken.key == AFTER_CARE:
            kinds.append(ENDED)
    data = {"household": str(case.household_id), "step": taken.key, "state": case.state, "version": case.version}
    for kind in kinds:
        emit(session, kind, case.id, now, division=taken.household.village, data=data)
