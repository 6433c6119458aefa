"""Rows of exported lists of cases, measures and what was received."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from services.households.cases.words import words
from services.households.exports.columns import Labels, Reader, day, written, yuan
from services.households.exports.lists import Chosen, Wanted
from services.households.help.risks import LABELS, labels
from services.households.imports.measures import STATES
from services.households.masks import shown_name
from services.households.models.cases import Case, CaseClock
from services.households.models.help import Measure, Plan, Received
from services.households.models.register import Household, Membership, OwnCode, Person
from services.households.register.own_codes import RISK, own_of
from services.kit.store.scope import Scope
from services.kit.store.sets import among

CASE_HEADERS = ("户编号", "户主姓名", "期次", "案卷状态", "类别", "风险类型", "线索日期", "识别监测时间", "监测线(元)",
                "全国系统户编号", "下一环节", "最近期限", "终结日", "终结方式")  # fmt: skip
CASE_STATES: Labels = {
    "identifying": "识别中", "monitored": "监测中", "eliminating": "风险消除中", "refused": "未予纳入",
    "ended": "已终结",
}  # fmt: skip
ENDS: Labels = {
    "eliminated_by_help": "帮扶消除", "eliminated_by_itself": "自然消除", "household_gone": "整户消亡或迁出",
    "wrongly_included": "误识别", "merged_into": "并入另一案卷",
}  # fmt: skip
MEASURE_STATES: Labels = {state.value: label for label, state in STATES.items()} | {"dropped": "已取消"}


PLAN_HEADERS = ("户编号", "村代码", "户主姓名", "现有人数", "版本", "生效日", "制定或调整原因", "目的", "目标", "风险",
                "帮扶责任人", "登记账号")  # fmt: skip
PURPOSES: Labels = {"lift": "促脱贫", "keep": "防返贫", "forestall": "阻致贫"}
ANSWERED = "针对风险"


def offered(session: Session, scope: Scope, choices: Mapping[str, Labels]) -> Mapping[str, Labels]:
    """With the counties' own risks that may be written today where the reader works."""
    if ANSWERED not in choices:
        return choices
    own = {one.code: one.zh for one in own_of(session, RISK) if one.valid.contains(scope.today) and meets(scope, one)}
    return {**choices, ANSWERED: {**LABELS, **own}}


def meets(scope: Scope, own: OwnCode) -> bool:
    """Who holds sets of households alone works anywhere."""
    near = (own.division.startswith(place) or place.startswith(own.division) for place in scope.divisions)
    return not scope.divisions or any(near)


def spoken(kind: str) -> Labels:
    return {key: word.zh for key, word in words(kind).items()}


def cases(reader: Reader, homes: Sequence[Household]) -> Iterator[Sequence[str]]:
    """Every episode; the nearest due day of a running clock."""
    home = {h.id: h for h in homes}
    mine = select(Case).where(among(col(Case.household_id), list(home)))
    held = sorted(reader.session.scalars(mine), key=lambda c: (home[c.household_id].number, c.episode))
    running = select(col(CaseClock.case_id), func.min(col(CaseClock.due_on))).where(
        among(col(CaseClock.case_id), [c.id for c in held]), col(CaseClock.done_on).is_(None)
    )
    due = {row[0]: row[1] for row in reader.session.execute(running.group_by(col(CaseClock.case_id)))}
    risks, categories, steps = labels(reader.session), spoken("category"), spoken("step")
    for c in held:
        of = home[c.household_id]
        yield (
            of.number, shown_name(reader.caller, of.head_name), str(c.episode), written(CASE_STATES, c.state),
            written(categories, c.category), "、".join(written(risks, risk) for risk in c.risks), day(c.ground_on),
            c.identified_month or "", yuan(c.line), c.national_number or "", written(steps, c.next_step),
            day(due.get(c.id)), day(c.closed_on), written(ENDS, c.end_kind),
        )  # fmt: skip


def names_of(reader: Reader, rows: Sequence[Measure] | Sequence[Received]) -> Mapping[UUID | None, str]:
    persons = [row.person_id for row in rows if row.person_id]
    named = select(col(Person.id), col(Person.name)).where(among(col(Person.id), persons))
    return {row[0]: shown_name(reader.caller, row[1]) for row in reader.session.execute(named)}


def measures(reader: Reader, homes: Sequence[Household]) -> Iterator[Sequence[str]]:
    """In the columns of a file of measures."""
    numbers = {h.id: h.number for h in homes}
    mine = select(Measure).where(among(col(Measure.household_id), list(numbers)))
    held = sorted(reader.session.scalars(mine), key=lambda m: (numbers[m.household_id], m.due, m.policy_key))
    names, risks = names_of(reader, held), labels(reader.session)
    for m in held:
        yield (
            numbers[m.household_id], m.policy_key, names.get(m.person_id, ""), written(risks, m.risk),
            written(MEASURE_STATES, m.state), str(m.responsible_id), m.responsible_label, day(m.due), day(m.done_on),
            yuan(m.amount), m.fund_source or "", m.evidence or "", day(m.ends_on),
        )  # fmt: skip


def received(reader: Reader, homes: Sequence[Household]) -> Iterator[Sequence[str]]:
    """In the columns of a file of what was received, without what was withdrawn."""
    numbers = {h.id: h.number for h in homes}
    mine = select(Received, func.upper(col(Received.valid)) - 1).where(
        among(col(Received.household_id), list(numbers)), col(Received.withdrawn_at).is_(None)
    )
    found = reader.session.execute(mine).all()
    names = names_of(reader, [r for r, _ in found])
    for r, until in sorted(found, key=lambda row: (numbers[row[0].household_id], row[0].policy_key, str(row[0].id))):
        yield (
            numbers[r.household_id], r.policy_key, names.get(r.person_id, ""), day(r.valid.lower), day(until),
            yuan(r.amount), day(r.paid_on), r.source,
        )  # fmt: skip


def plans_wanted(chosen: Chosen) -> Wanted:
    """Every version: from the second on they are changes."""
    present = (col(Membership.household_id) == col(Household.id), func.upper_inf(col(Membership.valid)))
    persons = select(func.count()).select_from(Membership).where(*present).scalar_subquery()
    wanted = select(Plan, Household, persons.label("persons")).join(
        Household, col(Household.id) == col(Plan.household_id)
    )
    mine = wanted.where(col(Plan.household_id).in_(chosen.homes))
    return mine.order_by(col(Household.number), col(Plan.version))


def plans(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    risks = labels(reader.session)
    for plan, home, persons in page:
        yield (
            home.number, home.village, shown_name(reader.caller, home.head_name), str(persons), str(plan.version),
            day(plan.since), plan.reason, written(PURPOSES, plan.purpose), plan.goal,
            "、".join(written(risks, risk) for risk in plan.risks), plan.responsible_label, plan.recorded_by,
        )  # fmt: skip
