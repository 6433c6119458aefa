"""A household reports what it earned and spent in a period."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.facts import facts_changed
from services.households.models.income import Statement, StatementLine
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.past import NOW_KNOWN, Past, PastDep
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WRITTEN_NUMBER, WrittenDay

router = APIRouter(prefix="/v1/households/{household_id}/statements", tags=["income"], route_class=Repeatable)


class LineKind(StrEnum):
    """Net income = the first five less the production cost. A loan is neither income nor less spending."""

    WAGE = "wage"  # 工资性收入
    OPERATING = "operating"  # 生产经营性收入
    PROPERTY = "property"  # 财产性收入
    TRANSFER = "transfer"  # 转移性收入
    OTHER = "other"  # 其他收入
    PRODUCTION_COST = "production_cost"  # 生产经营性支出
    MEDICAL_SELF_PAID = "medical_self_paid"  # 合规自付医疗支出
    SCHOOLING_SELF_PAID = "schooling_self_paid"  # 合规自付教育支出
    EDUCATION_LOAN = "education_loan"  # 助学贷款


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[LineKind, Field(title="项目")]
    amount: Annotated[int, Field(ge=0, le=10**12, title="金额（分）"), WRITTEN_NUMBER]


class StatementIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. A period is whole months, at most twelve."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    period_from: Annotated[WrittenDay, Field(title="收入期间起")]
    period_to: Annotated[WrittenDay, Field(title="收入期间止")]
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=len(LineKind), title="收支项目")]


class StatementOut(BaseModel):
    id: UUID
    period_from: date
    period_to: date
    lines: list[LineIn]

    @classmethod
    def of(cls, statement: Statement, lines: Sequence[StatementLine]) -> Self:
        told = [LineIn(kind=LineKind(line.kind), amount=line.amount) for line in sorted(lines, key=lambda x: x.kind)]
        return cls(id=statement.id, period_from=statement.period_from, period_to=statement.period_to, lines=told)


class ReportedInTheFuture(DomainError):
    zh = "收入期间必须已经结束。"
    en = "Income is reported for a period that has ended."


class PeriodUpsideDown(DomainError):
    zh = "收入期间的止日不能早于起日，且不超过十二个月。"
    en = "A period ends after it begins and spans at most twelve months."


class PeriodNotWholeMonths(DomainError):
    zh = "收入期间须为整月：自某月第一日起，至某月最后一日止。"
    en = "A period is whole months, from the first day of one to the last day of one."


class KindTwice(DomainError):
    zh = "同一收支项目只能填报一次。"
    en = "A statement has one line of a kind."


class SentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份内容不同的申报。"
    en = "That id stands for another statement already."


@router.post(
    "", status_code=201, dependencies=[allow("household:write")], openapi_extra=repeatable("body.id", KEPT_FOR)
)
def create_statement(
    household_id: UUID, body: StatementIn, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> StatementOut:
    household = reachable(session, household_id, lock=True)
    report_statement(session, household, body, recorded_by=caller.subject, today=today, now=now)
    return shown(session, found(session.get(Statement, body.id)))


@router.get("", dependencies=[allow("household:read")])
def list_statements(household_id: UUID, session: SessionDep, past: PastDep) -> list[StatementOut]:
    """The newest period first. On a day, of periods that had ended before it."""
    reachable(session, household_id)
    statement = past.of(Statement, household_id)
    newest = select(statement).where(col(statement.household_id) == household_id)
    if past.as_of:
        newest = newest.where(col(statement.period_to) < past.as_of)
    ordered = newest.order_by(col(statement.period_to).desc(), col(statement.seq).desc()).limit(60)
    return [shown(session, told, past) for told in session.scalars(past.told(ordered))]


def report_statement(
    session: Session, household: Household, body: StatementIn, *, recorded_by: str, today: date, now: datetime
) -> None:
    """Amounts in fen. A statement of less than twelve months is kept and shown, but no fact is taken from it."""
    refuse_period(body, today)
    if len({line.kind for line in body.lines}) < len(body.lines):
        raise KindTwice
    if sent_before(session, household, body):
        return
    session.add(
        Statement(
            id=body.id,
            household_id=household.id,
            period_from=body.period_from,
            period_to=body.period_to,
            recorded_by=recorded_by,
            created_at=now,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:  # the same id at the same moment for another household
        raise SentBefore from error
    session.add_all(StatementLine(statement_id=body.id, kind=line.kind, amount=line.amount) for line in body.lines)
    facts_changed(session, [household.id], now)


def refuse_period(body: StatementIn, today: date) -> None:
    """Whole months, twelve at most, ended before today (county's zone). Source: docs/rules.md."""
    if body.period_to >= today:
        raise ReportedInTheFuture(body.period_to.isoformat())
    if not body.period_from <= body.period_to or (body.period_to - body.period_from).days > 366:
        raise PeriodUpsideDown
    if body.period_from.day != 1 or body.period_to != last_day(body.period_to):
        raise PeriodNotWholeMonths


def last_day(of: date) -> date:
    return of.replace(day=monthrange(of.year, of.month)[1])


def sent_before(session: Session, household: Household, body: StatementIn) -> bool:
    """The same id with the same content is the first write's echo; with another content it is a mistake."""
    existing = session.get(Statement, body.id)
    if existing is None:
        return False
    same = (
        shown(session, existing).model_dump()
        == StatementOut(
            id=body.id,
            period_from=body.period_from,
            period_to=body.period_to,
            lines=sorted(body.lines, key=lambda line: line.kind),
        ).model_dump()
    )
    if existing.household_id != household.id or not same:
        raise SentBefore
    return True


def shown(session: Session, statement: Statement, past: Past = NOW_KNOWN) -> StatementOut:
    line = past.of(StatementLine, statement.household_id)
    wanted = select(line).where(col(line.statement_id) == statement.id)
    lines = session.scalars(past.told(wanted)).all()
    return StatementOut.of(statement, lines)
