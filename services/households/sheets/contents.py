"""What the parts of a sheet say of households: rows of text, read for many at once. Names are whole, for a sheet is the
family's own; of an ID number the region stands on it and no more. Amounts in yuan."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from services.households.exports.columns import (
    GRADES,
    OF_PERSONS,
    RELATIONS,
    SCHOOLING,
    SEXES,
    YES_OR_NO,
    Reader,
    circumstances,
    day,
    written,
    yuan,
)
from services.households.exports.help_columns import MEASURE_STATES
from services.households.help.measures import State as MeasureState
from services.households.imports.circumstances import COLUMNS as TOLD_OF_PERSONS
from services.households.income.figures import Totals, per_person
from services.households.income.items import UNCOUNTED, label_of
from services.households.masks import shown_id_number
from services.households.models.facts import HouseholdFacts
from services.households.models.help import Measure, Policy, Received
from services.households.models.income import Statement, StatementLine
from services.households.models.living import HouseholdConditions
from services.households.models.register import Household, Membership, Person
from services.households.register.code_sets import words_of
from services.households.register.households import id_number_of
from services.kit.store.sets import among

Rows: TypeAlias = list[list[str]]
Homes: TypeAlias = Sequence[Household]
Reading: TypeAlias = Callable[[Reader, Homes], Mapping[UUID, Rows]]

PRECISION = {"exact": "", "about": "约 ", "more_than": "多于 ", "less_than": "不足 "}
LAND = ("farmland", "forest_land", "grassland", "water_surface")


def gathered(rows: Iterable[tuple[UUID, list[str]]]) -> Mapping[UUID, Rows]:
    by_household: dict[UUID, Rows] = defaultdict(list)
    for household_id, row in rows:
        by_household[household_id].append(row)
    return by_household


def members_of(session: Session, homes: Homes) -> list[tuple[Membership, Person]]:
    """The head first, then by age."""
    here = (among(col(Membership.household_id), [h.id for h in homes]), func.upper_inf(col(Membership.valid)))
    wanted = select(Membership, Person).join(Person, col(Person.id) == col(Membership.person_id)).where(*here)
    ordered = wanted.order_by(col(Membership.relation), col(Person.birth_date), col(Person.id))
    return [(membership, person) for membership, person in session.execute(ordered)]


def members(reader: Reader, homes: Homes) -> Mapping[UUID, Rows]:
    return gathered(
        (
            m.household_id,
            [p.name, written(RELATIONS, m.relation), f"{p.birth_date:%Y-%m}", written(SCHOOLING, p.schooling),
             written(YES_OR_NO, p.insured)],
        )
        for m, p in members_of(reader.session, homes)
    )  # fmt: skip


def whole_members(reader: Reader, homes: Homes) -> Mapping[UUID, Rows]:
    """Without health, which is shown of one person at a time to those who need it."""
    held = members_of(reader.session, homes)
    so = circumstances(reader, [p.id for _, p in held])
    return gathered(
        (
            m.household_id,
            [p.name, written(RELATIONS, m.relation), written(SEXES, p.sex), day(p.birth_date),
             shown_id_number(id_number_of(reader.seal, p)) or "", written(YES_OR_NO, p.insured),
             *(written(words_of(key), getattr(so.get(p.id), field, None)) for field, key in TOLD_OF_PERSONS.values())],
        )
        for m, p in held
    )  # fmt: skip


MEMBER_COLUMNS = ("姓名", "与户主关系", "出生年月", "学业状况", "基本医保")
WHOLE_COLUMNS = ("姓名", "与户主关系", "性别", "出生日期", "证件号码（部分）", "基本医保", *OF_PERSONS)


def living(reader: Reader, homes: Homes) -> Mapping[UUID, Rows]:
    """The house and the water."""
    return {
        h.id: [["住房等级", written(GRADES, h.housing_grade)], ["饮水安全", written(YES_OR_NO, h.safe_water)]]
        for h in homes
    }


def whole_living(reader: Reader, homes: Homes) -> Mapping[UUID, Rows]:
    """With what it produces with: land in mu."""
    table = HouseholdConditions
    mine = select(table).where(among(col(table.household_id), [h.id for h in homes]), col(table.since) <= reader.today)
    newest = mine.ext(distinct_on(col(table.household_id)))
    ordered = newest.order_by(col(table.household_id), col(table.since).desc(), col(table.seq).desc())
    so = {row.household_id: row for row in reader.session.scalars(ordered)}
    return {
        household_id: [*rows, *(conditions(so[household_id]) if household_id in so else [])]
        for household_id, rows in living(reader, homes).items()
    }


def conditions(row: HouseholdConditions) -> Rows:
    land = dict(zip(LAND, ("耕地（亩）", "林地（亩）", "牧草地（亩）", "水面（亩）"), strict=True))
    told = [[label, yuan(getattr(row, field))] for field, label in land.items()]
    told.append(["入户路类型", written(words_of("road"), row.road)])
    told.append(["与村主干路距离（米）", "" if row.distance_to_road is None else str(row.distance_to_road)])
    so = {"生活用电": row.electricity, "卫生厕所": row.sanitary_toilet, "加入合作社": row.in_cooperative}
    told += [[label, written(YES_OR_NO, value)] for label, value in so.items()]
    told.append(["主要燃料", written(words_of("fuel"), row.fuel)])
    return told


def names_of_policies(session: Session, keys: set[str]) -> Mapping[str, Policy]:
    """As they are called last."""
    rows = session.scalars(select(Policy).where(among(col(Policy.key), keys)).order_by(col(Policy.valid)))
    return {row.key: row for row in rows}


def measures(reader: Reader, homes: Homes) -> Mapping[UUID, Rows]:
    """What is planned or under way."""
    ahead = (MeasureState.PLANNED, MeasureState.UNDER_WAY)
    mine = (among(col(Measure.household_id), [h.id for h in homes]), col(Measure.state).in_(ahead))
    held = reader.session.scalars(select(Measure).where(*mine).order_by(col(Measure.due), col(Measure.id))).all()
    named = names_of_policies(reader.session, {m.policy_key for m in held})
    return gathered(
        (m.household_id, [called(named, m.policy_key), written(MEASURE_STATES, m.state), m.responsible_label or "",
                          day(m.due), yuan(m.amount)])
        for m in held
    )  # fmt: skip


MEASURE_COLUMNS = ("后续帮扶措施", "状态", "责任人", "计划完成日", "金额（元）")


def received(reader: Reader, homes: Homes) -> Mapping[UUID, Rows]:
    """Of this year and the one before, or still running; the newest first."""
    since = reader.today.replace(year=reader.today.year - 1, month=1, day=1)
    table = Received
    mine = (among(col(table.household_id), [h.id for h in homes]), col(table.withdrawn_at).is_(None))
    recent = func.upper_inf(col(table.valid)) | (func.upper(col(table.valid)) > since) | (col(table.paid_on) >= since)
    held = reader.session.scalars(
        select(table).where(*mine, recent).order_by(func.lower(col(table.valid)).desc(), col(table.id))
    ).all()
    named = names_of_policies(reader.session, {r.policy_key for r in held})
    return gathered(
        (r.household_id, [called(named, r.policy_key), named[r.policy_key].department if r.policy_key in named else "",
                          day(r.valid.lower), day(last_day(r.valid.upper)), yuan(r.amount), day(r.paid_on)])
        for r in held
    )  # fmt: skip


RECEIVED_COLUMNS = ("政策", "主管部门", "起始日", "截止日", "金额（元）", "发放日")


def last_day(until: date | None) -> date | None:
    return until - timedelta(days=1) if until else None


def called(named: Mapping[str, Policy], key: str) -> str:
    return named[key].name if key in named else key


def income(reader: Reader, homes: Homes) -> Mapping[UUID, Rows]:
    """The newest statement of twelve months, line by line, and what it comes to for a person of those who count."""
    ids = [h.id for h in homes]
    table, persons = Statement, counted(reader.session, ids)
    whole = col(table.period_to) + 1 == col(table.period_from) + func.make_interval(0, 12)
    newest = select(table).where(among(col(table.household_id), ids), whole).ext(distinct_on(col(table.household_id)))
    ordered = newest.order_by(col(table.household_id), col(table.period_to).desc(), col(table.seq).desc())
    held = reader.session.scalars(ordered).all()
    lines: dict[UUID, list[StatementLine]] = defaultdict(list)
    for line in reader.session.scalars(
        select(StatementLine).where(among(col(StatementLine.statement_id), [s.id for s in held]))
    ):
        lines[line.statement_id].append(line)
    return {s.household_id: of_statement(s, lines[s.id], persons.get(s.household_id) or 0) for s in held}


def of_statement(statement: Statement, lines: Sequence[StatementLine], persons: int) -> Rows:
    told = [["期间", f"{statement.period_from:%Y-%m} 至 {statement.period_to:%Y-%m}"]]
    for line in sorted(lines, key=lambda one: (one.kind, one.item)):
        label = label_of(line.item or line.kind) + ("（不计入）" if line.kind == UNCOUNTED else "")
        told.append([label, PRECISION[line.precision] + yuan(line.amount)])
    net = Totals.of((line.kind, line.amount) for line in lines).net_income
    told.append(["家庭纯收入", signed(net)])
    told.append(["计算人口", str(persons) if persons else ""])
    each = per_person(net, persons)
    told.append(["人均纯收入", "" if each is None else signed(each)])
    return told


def counted(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, int | None]:
    """How many of each household its income is divided by."""
    rows = select(col(HouseholdFacts.subject), col(HouseholdFacts.persons))
    of_these = session.execute(rows.where(among(col(HouseholdFacts.subject), ids)))
    return {row.subject: row.persons for row in of_these}


def signed(fen: int) -> str:
    return f"-{yuan(-fen)}" if fen < 0 else yuan(fen)
