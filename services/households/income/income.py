"""A household's income on a day: the totals of its newest twelve months, held against the line of that day."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import TextClause, func, select, text
from sqlmodel import Session, col

from services.households.income.figures import Totals, per_person
from services.households.income.flags import Flag, Stated, look_over
from services.households.income.settings import (
    IN_REGISTER,
    INCOME_DIVISOR,
    LIVES_TOGETHER,
    MONITORING_LINE,
    USUALLY_RESIDENT,
)
from services.households.models.income import Statement, StatementLine
from services.households.models.register import Household, Membership, Tag
from services.households.policy import allow
from services.households.reach import reachable
from services.kit.store.db import SessionDep, Today
from services.kit.store.reference import StandardRow, ruling
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay, WrittenMoment

router = APIRouter(prefix="/v1/households/{household_id}/income", tags=["income"])

# The others: who lives with the family, who usually lives there. By what was told last of each.
BY_RESIDENCE: Mapping[Decimal, TextClause] = {
    Decimal(number): text(
        f"""
        SELECT count(*) FILTER (WHERE told.{column}) AS persons,
               count(*) FILTER (WHERE told.{column} IS NULL) AS unknown
        FROM membership m LEFT JOIN LATERAL (
            SELECT r.{column} FROM person_residence r
            WHERE r.person_id = m.person_id AND r.since <= CAST(:day AS date)
              AND r.recorded_at <= coalesce(CAST(:known_at AS timestamptz), 'infinity')
            ORDER BY r.since DESC, r.seq DESC LIMIT 1) told ON true
        WHERE m.household_id = :household AND m.valid @> CAST(:day AS date)
        """  # noqa: S608  # of constants alone
    )
    for number, column in ((LIVES_TOGETHER, "lives_together"), (USUALLY_RESIDENT, "usually_resident"))
}


class FigureOut(BaseModel):
    """Totals are compared (total < line × persons); `per_person` is rounded down, for the eye."""

    total: Annotated[int | None, Field(title="合计（分）")]
    per_person: Annotated[int | None, Field(title="人均（分），向下取整")]
    below_line: Annotated[bool | None, Field(title="低于监测线")]


class LineOfTheDay(BaseModel):
    amount: Annotated[int, Field(title="监测线（分/人·年）")]
    total: Annotated[int, Field(title="监测线 × 人口（分）")]
    document_no: str


class IncomeOut(BaseModel):
    """`reference` (收入参考范围) is unknown while a self-paid cost was not stated. `not_judged` names the standards
    without which a check could not be made."""

    as_of: date
    statement_id: UUID
    period_from: date
    period_to: date
    persons: Annotated[int, Field(title="计入人口")]
    divisor_document_no: str
    families: Annotated[dict[str, int], Field(title="各类合计（分）")]
    net_income: FigureOut
    reference: FigureOut
    uncovered: Annotated[int | None, Field(title="未由助学贷款覆盖的自付支出（分）")]
    line: LineOfTheDay
    flags: list[Flag]
    not_judged: list[str]


class NothingStated(DomainError):
    status = 404
    zh = "到这一天，该户没有满十二个月的收支申报。"
    en = "Until that day nothing was stated of twelve months."


class DivisorNotKept(DomainError):
    status = 409
    zh = "income_divisor 只能为 1（登记成员）、2（共同生活人口）或 3（常住人口）。"
    en = "income_divisor is 1 (members), 2 (who lives together) or 3 (who usually lives there)."


class ResidenceNotTold(DomainError):
    """`detail` says of how many."""

    status = 409
    zh = "有成员未登记是否共同生活或常住，不能按该口径计算人口。"
    en = "Of some members nobody has told whether they live there, so persons cannot be counted that way."


@router.get("", dependencies=[allow("household:read")])
def get_income(
    household_id: UUID,
    session: SessionDep,
    today: Today,
    as_of: Annotated[WrittenDay | None, Query(title="截至日")] = None,
    known_at: Annotated[WrittenMoment | None, Query(title="当时已知")] = None,
) -> IncomeOut:
    """Of the newest statement of twelve months that had ended by `as_of`, as it was known at a moment; with the line,
    the persons and the tags of that day."""
    household, day = reachable(session, household_id), as_of or today
    statement = statement_on(session, household_id, day, known_at)
    if statement is None:
        raise NothingStated
    totals = totals_of(session, statement)
    persons, divisor = persons_on(session, household, day, known_at)
    line = ruling(session, MONITORING_LINE, household.village, day)
    stated = Stated(totals, persons, statement.purpose, tags_on(session, household_id, day))
    flags, missing = look_over(session, stated, household.village, day)
    return IncomeOut(
        as_of=day,
        statement_id=statement.id,
        period_from=statement.period_from,
        period_to=statement.period_to,
        persons=persons,
        divisor_document_no=divisor.document_no,
        families=dict(totals.families),
        net_income=figure(totals.net_income, persons, int(line.value)),
        reference=figure(totals.reference, persons, int(line.value)),
        uncovered=totals.uncovered,
        line=LineOfTheDay(amount=int(line.value), total=int(line.value) * persons, document_no=line.document_no),
        flags=flags,
        not_judged=missing,
    )


def figure(total: int | None, persons: int, line: int) -> FigureOut:
    """A household whose members nobody told us is neither above the line nor below it."""
    below = total < line * persons if total is not None and persons else None
    return FigureOut(total=total, per_person=per_person(total, persons), below_line=below)


def statement_on(session: Session, household_id: UUID, day: date, known_at: datetime | None) -> Statement | None:
    mine = select(Statement).where(col(Statement.household_id) == household_id, col(Statement.period_to) <= day)
    whole = mine.where(text("period_to + 1 = period_from + interval '12 months'"))
    if known_at:
        whole = whole.where(col(Statement.created_at) <= known_at)
    return session.scalar(whole.order_by(col(Statement.period_to).desc(), col(Statement.seq).desc()).limit(1))


def totals_of(session: Session, statement: Statement) -> Totals:
    lines = session.scalars(select(StatementLine).where(col(StatementLine.statement_id) == statement.id))
    return Totals.of((line.kind, line.amount) for line in lines)


def persons_on(
    session: Session, household: Household, day: date, known_at: datetime | None = None
) -> tuple[int, StandardRow]:
    """Members of that day, counted as the county says. Nobody of whom it was not told is counted in or out unasked."""
    divisor = ruling(session, INCOME_DIVISOR, household.village, day)
    if divisor.value == IN_REGISTER:
        members = select(func.count()).select_from(Membership).where(col(Membership.household_id) == household.id)
        return session.scalar(members.where(col(Membership.valid).contains(day))) or 0, divisor
    if divisor.value not in BY_RESIDENCE:
        raise DivisorNotKept
    asked = {"household": household.id, "day": day, "known_at": known_at}
    counted = session.execute(BY_RESIDENCE[divisor.value], asked).one()
    if counted.unknown:
        raise ResidenceNotTold(str(counted.unknown))
    return counted.persons, divisor


def tags_on(session: Session, household_id: UUID, day: date) -> set[str]:
    mine = select(col(Tag.key)).where(col(Tag.household_id) == household_id, col(Tag.valid).contains(day))
    return set(session.scalars(mine))
