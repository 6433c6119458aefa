"""部门线索: what offices and the field read of a household's clues, and how an office answers. The answer goes to the
department under its own ids, without a right on households (outcomes.py)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Date, cast, func, select, true
from sqlmodel import Session, col

from services.alerts.clues.answering import answer, latest_code
from services.alerts.clues.clues import Code, CodeWanting
from services.alerts.models.clues import NOTE, Clue, ClueAnswer, ClueReading
from services.alerts.models.tasks import Task, TaskReason, TaskStep
from services.alerts.policy import RIGHTS, allow
from services.alerts.reach import DEPARTMENT_CLUES
from services.alerts.tasks.came_of import first_visit
from services.alerts.tasks.reasons import CLUE
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scoped
from services.kit.store.tables import CalendarDate
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/clues", tags=["clues"])

State = Literal[
    "waiting", "unmatched", "ambiguous", "matched", "confirmed", "dismissed", "discarded", "expired", "withdrawn"
]
Level = Literal["unset", "below", "reported", "over"]
Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]


class ClueOut(BaseModel):
    """The newest figures. `amount` in fen. `level`: beside the standard of `data_on`, `reported` where there is none
    for the kind, `unset` where the county has not set it. `matched_by` is empty where the ID number did."""

    id: UUID
    department: str
    kind: str
    household: UUID | None
    division: str
    state: State
    level: Level
    amount: int | None
    semantics: Literal["cumulative", "period", "single"] | None
    data_on: CalendarDate
    threshold_version: str | None
    tier: Literal["province", "city", "county"] | None
    received_at: Moment
    told_at: Moment
    matched_at: Moment | None
    matched_by: str | None

    @classmethod
    def of(cls, clue: Clue) -> Self:
        return cls.model_validate(clue.model_dump(include=set(cls.model_fields)))


class ReadingOut(BaseModel):
    """`record_id`: the sender's own. What is said again, in another batch or under another id, is there again."""

    record_id: str
    data_on: CalendarDate
    amount: int | None
    unit: Annotated[str | None, Field(title="报送时的单位")]
    semantics: str | None
    threshold_version: str | None
    tier: str | None
    told_at: Moment
    withdrawn_at: Moment | None


class AnswerOut(BaseModel):
    outcome: Literal["confirmed", "dismissed", "discarded", "expired"]
    code: str | None
    answered_by: str | None
    answered_at: Moment


class WholeClueOut(ClueOut):
    """With what was told when, oldest first, and what was answered. `note`: the sender's, to whoever may answer.
    `task`: the visit it was dispatched with, the latest where it waited again; `visited_on`: when somebody was met."""

    note: str | None = None
    task: Annotated[UUID | None, Field(title="入户任务")] = None
    dispatched_at: Annotated[Moment | None, Field(title="下发时间")] = None
    visited_on: Annotated[CalendarDate | None, Field(title="入户日期")] = None
    readings: list[ReadingOut] = []
    answers: list[AnswerOut] = []


class ClueAnswerGivenIn(BaseModel):
    """What is dismissed has a code; the department reads it."""

    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[Literal["confirmed", "dismissed"], Field(title="核实结果")]
    code: Annotated[Code | None, Field(title="不成立的原因")] = None


class NotToBeAnswered(DomainError):
    status = 409
    zh = "这条线索尚未匹配到户、已答复或已撤回。"
    en = "It has no household yet, has been answered, or was withdrawn."


@router.get("", dependencies=[allow("clue:read")])
def list_clues(
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    state: Annotated[State | None, Query(title="状态")] = "matched",
    household: Annotated[UUID | None, Query(title="农户")] = None,
    kind: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{1,39}$", title="线索类别")] = None,
) -> Page[ClueOut]:
    """Those that wait for an answer, unless another state is asked for; the oldest first."""
    wanted = scoped(session, select(Clue), DEPARTMENT_CLUES).where(col(Clue.division).startswith(division))
    asked = {col(Clue.state): state, col(Clue.household): household, col(Clue.kind): kind}
    wanted = wanted.where(*(column == value for column, value in asked.items() if value is not None))
    rows, following = paging.read(session, wanted, col(Clue.received_at), col(Clue.id))
    return Page(rows=[ClueOut.of(clue) for (clue,) in rows], next=following)


@router.get("/{clue_id}", dependencies=[allow("clue:read")])
def get_clue(clue_id: UUID, request: Request, session: SessionDep, caller: CallerDep) -> WholeClueOut:
    clue = reachable_clue(session, clue_id)
    told = select(ClueReading).where(col(ClueReading.clue_id) == clue_id).order_by(col(ClueReading.seq)).limit(200)
    decided = (col(ClueAnswer.clue_id) == clue_id, col(ClueAnswer.repeats).is_(None))
    given = select(ClueAnswer).where(*decided).order_by(col(ClueAnswer.answered_at))
    note = None
    if clue.sealed_note and not RIGHTS["clue:answer"].isdisjoint(caller.roles):
        note = request.app.state.seal.open(clue.sealed_note, NOTE.place(clue.id))
    return WholeClueOut(
        **ClueOut.of(clue).model_dump(),
        **dispatched(session, clue),
        note=note,
        readings=[
            ReadingOut.model_validate(row.model_dump(include=set(ReadingOut.model_fields)))
            for row in session.scalars(told)
        ],
        answers=[
            AnswerOut.model_validate(row.model_dump(include=set(AnswerOut.model_fields)))
            for row in session.scalars(given)
        ],
    )


def dispatched(session: Session, clue: Clue) -> Mapping[str, Any]:
    met, told = first_visit(), cast(col(TaskStep.done_on), Date)
    wanted: Any = (
        select(
            col(Task.id).label("task"),
            col(TaskReason.added_at).label("dispatched_at"),
            func.least(met.c.day, told, type_=Date).label("visited_on"),
        )
        .select_from(TaskReason)
        .join(Task, col(Task.id) == col(TaskReason.task_id))
        .outerjoin(met, true())
        .outerjoin(TaskStep, col(TaskStep.id) == col(TaskReason.ended_by))
        .where(col(Task.subject) == clue.household)
        .where(col(TaskReason.source) == CLUE, col(TaskReason.source_id) == clue.id)
    )
    latest = session.execute(wanted.order_by(col(TaskReason.added_at).desc()).limit(1)).mappings().first()
    return dict(latest) if latest else {}


@router.put("/{clue_id}/answer", dependencies=[allow("clue:answer")], openapi_extra=repeatable("path"))
def put_department_clue_answer(
    clue_id: UUID, body: ClueAnswerGivenIn, session: SessionDep, caller: CallerDep, now: Now
) -> ClueOut:
    """Once, until a fact behind what was dismissed changes (docs/clues.md). The same answer again changes nothing."""
    if (body.outcome == "dismissed") != (body.code is not None):
        raise CodeWanting
    clue = reachable_clue(session, clue_id, lock=True)
    if clue.state == "matched":
        answer(session, [clue], body.outcome, body.code, caller.subject, now)
    elif (clue.state, latest_code(session, clue)) != (body.outcome, body.code):
        raise NotToBeAnswered
    return ClueOut.of(clue)


def reachable_clue(session: Session, clue_id: UUID, *, lock: bool = False) -> Clue:
    wanted = scoped(session, select(Clue), DEPARTMENT_CLUES).where(col(Clue.id) == clue_id)
    return found(session.scalar(wanted.with_for_update() if lock else wanted))
