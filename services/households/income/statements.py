"""A household reports what it earned and spent in a period."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.facts import facts_changed
from services.households.income.items import ITEMS, KINDS, kept_under
from services.households.income.lines import LineIn, LineOut, refuse_lines
from services.households.income.periods import Purpose, refuse_period
from services.households.models.income import Statement, StatementLine
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.past import NOW_KNOWN, Past, PastDep
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/households/{household_id}/statements", tags=["income"], route_class=Repeatable)


class StatementIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. A period is whole months, at most twelve."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    period_from: Annotated[WrittenDay, Field(title="收入期间起")]
    period_to: Annotated[WrittenDay, Field(title="收入期间止")]
    purpose: Annotated[Purpose | None, Field(title="填报目的")] = None
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=len(KINDS), title="收支项目")]


class StatementOut(BaseModel):
    id: UUID
    period_from: date
    period_to: date
    purpose: Purpose | None
    lines: list[LineOut]

    @classmethod
    def of(cls, statement: Statement, lines: Sequence[StatementLine]) -> Self:
        told = sorted((LineOut.of(line) for line in lines), key=lambda line: line.kind)
        return cls.model_validate(statement.model_dump(include={*cls.model_fields} - {"lines"}) | {"lines": told})


class ItemNotOnTheList(DomainError):
    """`detail` names it."""

    zh = "收支期间末日，该明细项目不在表中。"
    en = "That item is not on the form of the period's last day."


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
    refuse_period(body.period_from, body.period_to, today)
    refuse_lines(body.lines)
    if sent_before(session, household, body):
        return
    under = kept_under(session, [line.kind for line in body.lines], household.village, body.period_to)
    kept = [as_kept(body, line, under[line.kind]) for line in body.lines]
    told = body.model_dump(exclude={"lines"})
    session.add(Statement(household_id=household.id, recorded_by=recorded_by, created_at=now, **told))
    try:
        session.flush()
    except IntegrityError as error:  # the same id at the same moment for another household
        raise SentBefore from error
    session.add_all(kept)
    facts_changed(session, [household.id], now)


def as_kept(body: StatementIn, line: LineIn, under: str) -> StatementLine:
    item = ITEMS.get(line.kind)
    if item and not item.listed_on(body.period_to):
        raise ItemNotOnTheList(item.key)
    return StatementLine(
        statement_id=body.id,
        kind=under,
        item=item.key if item else "",
        amount=line.amount,
        precision=line.precision,
        source=line.source,
    )


def sent_before(session: Session, household: Household, body: StatementIn) -> bool:
    """The same id with the same content is the first write's echo; with another content it is a mistake."""
    existing = session.get(Statement, body.id)
    if existing is None:
        return False
    told = shown(session, existing).model_dump()
    told["lines"] = [{name: line[name] for name in LineIn.model_fields} for line in told["lines"]]
    wanted = body.model_dump() | {"lines": [line.model_dump() for line in sorted(body.lines, key=lambda x: x.kind)]}
    if existing.household_id != household.id or told != wanted:
        raise SentBefore
    return True


def shown(session: Session, statement: Statement, past: Past = NOW_KNOWN) -> StatementOut:
    line = past.of(StatementLine, statement.household_id)
    wanted = select(line).where(col(line.statement_id) == statement.id)
    lines = session.scalars(past.told(wanted)).all()
    return StatementOut.of(statement, lines)
