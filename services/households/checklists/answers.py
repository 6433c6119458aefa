"""What was found by a checklist: of a village, a household, a person, a team or a site. Recorded, and never changed:
what is found later counts from its day on."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.checklists.contents import (
    AnswerIn,
    AnswerOut,
    AnswerRecordedBefore,
    CheckedInTheFuture,
    ChecklistKey,
    Mode,
    NoSuchChecklist,
    NoSuchItem,
    NotItsSubject,
)
from services.households.checklists.definitions import ChecklistOut, checklists_of
from services.households.ledgers.judging import homes_of_persons
from services.households.models.checklists import ChecklistAnswer, ChecklistVerdict
from services.households.policy import allow
from services.households.reach import reachable
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import Placed, scope_of, scoped
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/checklist-answers", tags=["checklists"], route_class=Repeatable)

HOUSEHOLD: Any = ChecklistAnswer.household_id  # empty where it is of no household: no set holds it
ANSWERS = Placed(division=col(ChecklistAnswer.division), subject=HOUSEHOLD)
Division = Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]
FIELDS = {  # by which each subject is named
    "village": {"division"}, "household": {"household_id"}, "person": {"person_id"},
    "team": {"division", "label"}, "site": {"division", "label"},
}  # fmt: skip


def who_of(answer: Any) -> ColumnElement[str]:
    """Wherever a household lies since."""
    elsewhere = func.concat_ws("/", answer.division, answer.label)
    return func.coalesce(cast(answer.person_id, Text), cast(answer.household_id, Text), elsewhere)


SAID = {"checklist", "subject", "division", "household_id", "person_id", "label", "day", "mode", "done_by"}


@router.post(
    "", status_code=201, dependencies=[allow("checklist:write")], openapi_extra=repeatable("body.id", KEPT_FOR)
)
def create_checklist_answer(
    body: AnswerIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> AnswerOut:
    """Of a place the caller holds, of a household or a person the caller reaches."""
    asked = checklists_of(session).get(body.checklist)
    if asked is None:
        raise NoSuchChecklist
    refuse_contents(body, asked, today)
    take_turn(session, f"checklist-answer:{body.id}")
    where = place_of(session, body)
    if not asked.holds(where["division"], body.day):
        raise NoSuchChecklist
    tell(request, body.id, division=where["division"], checklist=body.checklist)
    said = body.model_dump(exclude={"verdicts"}) | where | {"subject": asked.subject}
    row = ChecklistAnswer(**said, recorded_by=caller.subject, recorded_at=now)
    verdicts = [ChecklistVerdict(answer_id=body.id, **one.model_dump()) for one in body.verdicts]
    held = session.get(ChecklistAnswer, body.id)
    if held is None:
        write(session, row, verdicts)
    elif said_in(held, verdicts_of(session, [held.id])) != said_in(row, verdicts):
        raise AnswerRecordedBefore
    return read_one(session, body.id)


@router.get("", dependencies=[allow("checklist:read")])
def list_checklist_answers(
    session: SessionDep,
    paging: PagingDep,
    division: Division,
    checklist: ChecklistKey | None = None,
    mode: Mode | None = None,
    household_id: UUID | None = None,
) -> Page[AnswerOut]:
    """The newest first."""
    wanted = select(ChecklistAnswer).where(col(ChecklistAnswer.division).startswith(division))
    same: list[tuple[Any, Any]] = [
        (ChecklistAnswer.checklist, checklist), (ChecklistAnswer.mode, mode), (HOUSEHOLD, household_id),
    ]  # fmt: skip
    wanted = scoped(session, wanted.where(*(column == value for column, value in same if value)), ANSWERS)
    rows, following = paging.read(session, wanted, col(ChecklistAnswer.day), col(ChecklistAnswer.id), descending=True)
    found = [row for (row,) in rows]
    verdicts = verdicts_of(session, [row.id for row in found])
    told = [AnswerOut.of(row, [one for one in verdicts if one.answer_id == row.id]) for row in found]
    return Page(rows=told, next=following)


@router.get("/{answer_id}", dependencies=[allow("checklist:read")])
def get_checklist_answer(answer_id: UUID, session: SessionDep) -> AnswerOut:
    return read_one(session, answer_id)


def read_one(session: Session, answer_id: UUID) -> AnswerOut:
    wanted = select(ChecklistAnswer).where(col(ChecklistAnswer.id) == answer_id)
    row = session.scalar(scoped(session, wanted, ANSWERS))
    if row is None:
        raise NotThere
    return AnswerOut.of(row, verdicts_of(session, [row.id]))


def verdicts_of(session: Session, answers: Sequence[UUID]) -> Sequence[ChecklistVerdict]:
    verdict = ChecklistVerdict
    wanted = select(verdict).where(col(verdict.answer_id).in_(answers))
    return session.scalars(wanted.order_by(col(verdict.answer_id), col(verdict.item))).all()


def refuse_contents(body: AnswerIn, asked: ChecklistOut, today: date) -> None:
    given = {name for name in ("division", "household_id", "person_id", "label") if getattr(body, name) is not None}
    free = {"division"} if asked.subject in ("household", "person") else set()
    if given - free != FIELDS[asked.subject] - free:
        raise NotItsSubject
    if body.day > today:
        raise CheckedInTheFuture
    known, said = {item.key for item in asked.items}, [one.item for one in body.verdicts]
    if wrong := sorted({one for one in said if one not in known or said.count(one) > 1}):
        raise NoSuchItem(", ".join(wrong))


def place_of(session: Session, body: AnswerIn) -> dict[str, Any]:
    """Where it is of, and in which household a person was on the day."""
    if body.household_id:
        household = reachable(session, body.household_id)
        where = {"division": household.village, "household_id": household.id}
    elif body.person_id:
        home = homes_of_persons(session, {body.person_id}, body.day).get(body.person_id)
        if home is None:
            raise NotThere
        where = {"division": home[1], "household_id": home[0]}
    else:
        where = {"division": body.division}
        if not scope_of(session).covers(str(body.division)):
            raise NotThere
    if body.division not in (None, where["division"]):
        raise NotItsSubject
    return where


def write(session: Session, row: ChecklistAnswer, verdicts: Sequence[ChecklistVerdict]) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of an answer elsewhere
        raise AnswerRecordedBefore from error
    session.add_all(verdicts)
    session.flush()


def said_in(row: ChecklistAnswer, verdicts: Sequence[ChecklistVerdict]) -> tuple[object, ...]:
    each = sorted((one.item, one.verdict, one.note or "") for one in verdicts)
    return row.model_dump(include=SAID), each
