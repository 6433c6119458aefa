"""Rows of exported lists of what is to be looked at: what checks found, who may stand twice, who gets no help."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Uuid, cast, false, literal, null, or_, select, union_all
from sqlmodel import col

from services.households.exports.columns import RELATIONS, SEXES, YES_OR_NO, Labels, Reader, written
from services.households.exports.lists import Chosen, Wanted
from services.households.help.policy_gaps import gaps, policies_on
from services.households.masks import shown_name
from services.households.models.help import Policy
from services.households.models.quality import QualityFinding
from services.households.models.register import Household, Person
from services.households.quality.checks import checks
from services.households.quality.doubles import HERE, ONE, OTHER, THERE, RecordOut, claims, pairs, records
from services.households.quality.findings import Found, known, shown

FINDING_HEADERS = ("户编号", "村代码", "核查项", "户主或成员姓名", "所依据数值", "首次发现", "核实状态", "属实理由",
                   "核实人")  # fmt: skip
FINDING_STATES: Labels = {False: "待核实", True: "已说明属实"}
A_RECORD = ("户编号", "村代码", "姓名", "出生日期", "性别", "与户主关系", "有证件号码")
PAIR_HEADERS = (*A_RECORD, *(f"另一{header}" for header in A_RECORD))
CLAIM_HEADERS = (*A_RECORD, "文件中的户编号", "文件中的村代码")
GAP_HEADERS = ("户编号", "村代码", "户主姓名", "成员姓名", "政策代码", "政策名称", "差异")
GAPS: Labels = {"not_received": "符合条件未享受", "not_qualified": "享受但不符合条件"}


def findings_wanted(chosen: Chosen) -> Wanted:
    """As the last run left them, those that somebody has called right too."""
    wanted = select(QualityFinding, Household).join(Household, col(Household.id) == col(QualityFinding.household_id))
    mine = wanted.where(known(), col(Household.id).in_(chosen.homes))
    return mine.order_by(col(Household.number), col(QualityFinding.check_key), col(QualityFinding.subject))


def findings(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    found = [Found(checks()[row.check_key], home, row.subject, row.told, row.since) for row, home in page]
    for one in shown(reader.session, reader.seal, reader.caller, found):
        values, right = "；".join(f"{told.zh}：{told.value}" for told in one.values), one.right
        yield (
            one.number, one.village, one.zh, one.name, values, reader.day(one.since), FINDING_STATES[right is not None],
            right.because if right else "", right.doer if right else "",
        )  # fmt: skip


def pairs_wanted(chosen: Chosen) -> Wanted:
    mine = or_(*(col(name.household_id).in_(chosen.homes) for name in (ONE, OTHER)))
    return pairs(chosen.scope, chosen.village).where(mine).order_by(col(ONE.folded), col(HERE.id), col(THERE.id))


def duplicate_persons(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    known_of = records(reader.session, reader.caller, [person.id for pair in page for person in pair])
    for one, other in page:
        yield (*a_record(known_of[one.id]), *a_record(known_of[other.id]))


def a_record(of: RecordOut) -> Sequence[str]:
    return (
        of.number, of.village, of.name, of.birth_date.isoformat(), written(SEXES, of.sex),
        written(RELATIONS, of.relation), YES_OR_NO[of.has_id_number],
    )  # fmt: skip


def claims_wanted(chosen: Chosen) -> Wanted:
    mine = claims(chosen.scope, chosen.village).where(col(Household.id).in_(chosen.homes))
    return mine.order_by(col(Household.number))


def claimed_persons(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    known_of = records(reader.session, reader.caller, [claim.person_id for claim, _ in page])
    for claim, of in page:
        yield (*a_record(known_of[claim.person_id]), of.number, of.village)


def gaps_wanted(chosen: Chosen) -> Wanted:
    """By every policy that holds today: who qualifies and does not receive, who receives and does not qualify."""
    today = chosen.scope.today
    each = [
        select(literal(policy.id).label("policy_id"), gap.c.household_id, gap.c.subject, gap.c.gap)
        for policy in policies_on(chosen.session, today)
        for gap in [gaps(policy, chosen.village, today).subquery()]
    ]
    nobody = cast(null(), Uuid)
    nothing = select(
        nobody.label("policy_id"), nobody.label("household_id"), nobody.label("subject"), literal("").label("gap")
    ).where(false())
    every = union_all(*each).subquery() if each else nothing.subquery()
    wanted = select(Household, col(Person.name), Policy, every.c.gap).select_from(every)
    joined = (
        wanted.join(Household, col(Household.id) == every.c.household_id)
        .join(Policy, col(Policy.id) == every.c.policy_id)
        .outerjoin(Person, col(Person.id) == every.c.subject)
    )
    mine = joined.where(col(Household.id).in_(chosen.homes))
    return mine.order_by(col(Household.number), col(Policy.key), every.c.subject)


def policy_gaps(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    for home, name, policy, gap in page:
        yield (
            home.number, home.village, shown_name(reader.caller, home.head_name),
            shown_name(reader.caller, name) if name else "", policy.key, policy.name, GAPS[gap],
        )  # fmt: skip
