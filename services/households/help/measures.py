"""What somebody will do, does or has done for a household, against a risk, until when, with what money."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.help.actors import Actor
from services.households.help.policies import Fen, PolicyKey
from services.households.help.received import NeverAMember, NoSuchPolicy, ever_a_member
from services.households.help.risks import SAFEGUARDS, Answered
from services.households.models.cases import Case
from services.households.models.help import Measure, MeasureStep, Policy
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.own_codes import RISK, refuse_unknown
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/households/{household_id}/measures", tags=["help"])


class State(StrEnum):
    PLANNED = "planned"  # 计划
    UNDER_WAY = "under_way"  # 实施中
    DONE = "done"  # 已落实
    DROPPED = "dropped"  # 取消


# A measure goes forward, and may skip: what is done in a day was never under way.
FORWARD: dict[State, set[State]] = {
    State.PLANNED: {State.PLANNED, State.UNDER_WAY, State.DONE, State.DROPPED},
    State.UNDER_WAY: {State.UNDER_WAY, State.DONE, State.DROPPED},
    State.DONE: {State.DONE},
    State.DROPPED: {State.DROPPED},
}

Text = Annotated[str | None, Field(min_length=1, max_length=200)]

DONE_FOR = text(
    """
    WITH RECURSIVE line AS (
        SELECT id, branched_from FROM monitored_case WHERE id = :case
        UNION SELECT c.id, c.branched_from FROM monitored_case c JOIN line ON c.id = line.branched_from
    )
    SELECT count(*) FROM measure WHERE case_id IN (SELECT id FROM line) AND state = 'done' AND done_on >= :since
    """
)


class MeasureIn(BaseModel):
    """The whole of it. `ends_on` is the measure's own end: a loan, a post or a schooling outlasts the case."""

    model_config = ConfigDict(extra="forbid")

    policy_key: PolicyKey
    person_id: Annotated[UUID | None, Field(title="受益成员")] = None
    case_id: Annotated[UUID | None, Field(title="个案")] = None
    risk: Annotated[Answered | None, Field(title="针对的风险或短板")] = None
    state: Annotated[State, Field(title="状态")] = State.PLANNED
    responsible: Annotated[Actor, Field(title="责任人")]
    due: Annotated[WrittenDay, Field(title="计划完成日")]
    done_on: Annotated[WrittenDay | None, Field(title="落实日")] = None
    dropped_because: Annotated[Text, Field(title="取消原因")] = None
    ends_on: Annotated[WrittenDay | None, Field(title="措施自身的截止日")] = None
    amount: Annotated[Fen | None, Field(title="金额（分）")] = None
    fund_source: Annotated[Text, Field(title="资金来源")] = None
    evidence: Annotated[Text, Field(title="佐证材料编号")] = None
    confirmed_on: Annotated[WrittenDay | None, Field(title="农户确认日")] = None
    confirmed_by: Annotated[Literal["head", "member", "guardian", "proxy"] | None, Field(title="确认人身份")] = None


class MeasureOut(MeasureIn):
    id: UUID
    household_id: UUID

    @classmethod
    def of(cls, row: Measure) -> Self:
        return cls.model_validate(
            row.model_dump(include={*cls.model_fields}) | {"responsible": Actor.responsible_for(row)}
        )


class StateWithoutItsDay(DomainError):
    zh = "已落实的须写落实日，取消的须写原因，农户确认须写日期和身份；其他状态不能写。"
    en = "Done takes its day, dropped its reason, a confirmation of what is done its day and who; other states, none."


class DoneInTheFuture(DomainError):
    zh = "落实日和确认日不能晚于今天，确认日和截止日不能早于落实日。"
    en = "Nothing is done or confirmed after today, nor confirmed or ended before it is done."


class CaseOfAnother(DomainError):
    zh = "所写的个案不是这户的个案。"
    en = "That case is not one of this household."


class NotForward(DomainError):
    status = 409
    zh = "措施只能向前：已落实或已取消的不再改变状态。"
    en = "A measure goes forward: done or dropped, its state stays."


@router.put(
    "/{measure_id}",
    dependencies=[allow("household:write")],
    openapi_extra=repeatable("path"),
    responses=EDITED,
)
def put_measure(
    household_id: UUID,
    measure_id: UUID,
    body: MeasureIn,
    session: SessionDep,
    caller: CallerDep,
    edit: EditDep,
    today: Today,
    now: Now,
) -> MeasureOut:
    """Each new state is kept with who wrote it down; doing it is the responsible one's, not the recorder's."""
    village = reachable(session, household_id, lock=True).village
    held = session.get(Measure, measure_id)
    if held and held.household_id != household_id:
        raise NotThere
    refuse_measure(session, household_id, body, held, today)
    if body.risk and body.risk not in SAFEGUARDS and body.risk != (held.risk if held else None):
        refuse_unknown(session, RISK, [body.risk], village, today)
    wanted = MeasureOut(id=measure_id, household_id=household_id, **body.model_dump())
    shown = MeasureOut.of(held) if held else None
    edit.check(shown, wanted)
    if held and body.state not in FORWARD[State(held.state)]:
        raise NotForward
    if shown != wanted:
        write_measure(session, held, wanted, caller.subject, now)
    edit.told(wanted)
    return wanted


def measure_of(session: Session, household_id: UUID, measure_id: UUID) -> Measure:
    reachable(session, household_id)
    mine = select(Measure).where(col(Measure.id) == measure_id, col(Measure.household_id) == household_id)
    return found(session.scalar(mine))


def measures_of(session: Session, household_id: UUID) -> Sequence[Measure]:
    mine = select(Measure).where(col(Measure.household_id) == household_id)
    return session.scalars(mine.order_by(col(Measure.due), col(Measure.id))).all()


def measures_done(session: Session, case_id: UUID, since: date) -> int:
    """How many of the case were done on that day or after it: an elimination by help needs one. What was done for the
    case of a household before it was split counts for both."""
    asked = {"case": case_id, "since": since}
    return int(session.execute(DONE_FOR, asked).scalar_one())


def refuse_measure(session: Session, household_id: UUID, body: MeasureIn, held: Measure | None, today: date) -> None:
    refuse_days(body, today)
    if body.case_id and body.case_id != (held.case_id if held else None):
        refuse_other_case(session, household_id, body.case_id)
    if session.scalar(select(col(Policy.id)).where(col(Policy.key) == body.policy_key).limit(1)) is None:
        raise NoSuchPolicy
    if body.person_id and not ever_a_member(session, household_id, body.person_id):
        raise NeverAMember


def refuse_other_case(session: Session, household_id: UUID, case_id: UUID) -> None:
    """One it has is kept, wherever the measure has gone since."""
    mine = select(col(Case.id)).where(col(Case.id) == case_id, col(Case.household_id) == household_id)
    if session.scalar(mine) is None:
        raise CaseOfAnother


def refuse_days(body: MeasureIn, today: date) -> None:
    done, dropped = body.state is State.DONE, body.state is State.DROPPED
    confirmed = body.confirmed_on is not None
    if (
        done != (body.done_on is not None)
        or dropped != (body.dropped_because is not None)
        or confirmed != (body.confirmed_by is not None)
        or (confirmed and not done)
    ):
        raise StateWithoutItsDay
    if body.done_on and (
        max(body.done_on, body.confirmed_on or body.done_on) > today
        or min(body.confirmed_on or body.done_on, body.ends_on or body.done_on) < body.done_on
    ):
        raise DoneInTheFuture


def write_measure(session: Session, held: Measure | None, wanted: MeasureOut, who: str, now: datetime) -> None:
    columns = wanted.model_dump(exclude={"responsible"}) | wanted.responsible.as_columns()
    row = held or Measure(**columns, recorded_by=who, created_at=now)
    moved = held is None or held.state != wanted.state
    for name, value in columns.items():
        setattr(row, name, value)
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of a measure elsewhere
        raise NotThere from error
    if moved:
        session.add(MeasureStep(measure_id=row.id, state=wanted.state, recorded_by=who, at=now))
