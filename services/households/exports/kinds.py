"""The lists that are taken out: their headers, the choices of a column, their rows, and how many those are."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from services.households.exports import (
    help_columns,
    person_columns,
    place_columns,
    quality_columns,
    told_columns,
    village_columns,
)
from services.households.exports.columns import (
    CLASSES,
    GRADES,
    MEMBER_HEADERS,
    OF_PERSONS,
    OFFERED,
    SCHOOLING,
    SEXES,
    YES_OR_NO,
    households,
    members,
    statements,
)
from services.households.exports.help_columns import ANSWERED, CASE_HEADERS, CASE_STATES, ENDS, MEASURE_STATES
from services.households.exports.lists import Kind, Listing
from services.households.exports.person_columns import AREAS, INSURANCES, PAID_BY, WHOSE
from services.households.exports.place_columns import (
    DECLARATION_STATES,
    ISSUE_KIND_WORDS,
    ISSUE_STATES,
    NATURE_WORDS,
    PARTIES,
    PRECISIONS,
    SATISFACTION,
    SOURCES,
)
from services.households.help.risks import LABELS
from services.households.imports.measures import HEADERS as MEASURE_HEADERS
from services.households.imports.received import HEADERS as RECEIVED_HEADERS
from services.households.imports.statements import AMOUNTS
from services.households.models.cases import Case
from services.households.models.help import Measure, Received
from services.households.models.income import Statement
from services.households.models.register import Household, Membership


def count(table: Any, *conditions: Any) -> Callable[[Select[UUID]], Select[int]]:
    return lambda homes: select(func.count()).select_from(table).where(table.household_id.in_(homes), *conditions)


KINDS: Mapping[str, Kind | Listing] = {
    "households": Kind(
        ("户编号", "村代码", "村民小组", "户主姓名", "联系电话（部分）", "户类型", "监测对象", "住房等级", "饮水安全"),
        {"户类型": CLASSES, "监测对象": YES_OR_NO, "住房等级": GRADES, "饮水安全": YES_OR_NO},
        households,
        lambda homes: select(func.count()).select_from(Household).where(col(Household.id).in_(homes)),
    ),
    "members": Kind(
        MEMBER_HEADERS,
        {"与户主关系": OFFERED, "性别": SEXES, "学业状况": SCHOOLING, "参加基本医保": YES_OR_NO} | dict(OF_PERSONS),
        members,
        count(Membership, func.upper_inf(col(Membership.valid))),
    ),
    "statements": Kind(("户编号", "起始月", "截止月", *AMOUNTS), {}, statements, count(Statement)),
    "cases": Kind(
        CASE_HEADERS,
        {"案卷状态": CASE_STATES, "终结方式": ENDS},
        help_columns.cases,
        count(Case),
        right="case:read",
    ),
    "measures": Kind(
        MEASURE_HEADERS, {ANSWERED: LABELS, "状态": MEASURE_STATES}, help_columns.measures, count(Measure)
    ),
    "received": Kind(
        RECEIVED_HEADERS, {}, help_columns.received, count(Received, col(Received.withdrawn_at).is_(None))
    ),
    "plans": Listing(
        help_columns.PLAN_HEADERS, {"目的": help_columns.PURPOSES}, help_columns.plans, help_columns.plans_wanted
    ),
    "tags": Listing(person_columns.TAG_HEADERS, {}, person_columns.tags, person_columns.tags_wanted),
    "insurances": Listing(
        person_columns.INSURANCE_HEADERS,
        {"险种": INSURANCES, "参保": YES_OR_NO, "缴费方式": PAID_BY},
        person_columns.insurances,
        person_columns.insurances_wanted,
    ),
    "work_months": Listing(
        person_columns.WORK_HEADERS,
        {"当月务工": YES_OR_NO, "务工范围": AREAS},
        person_columns.work_months,
        person_columns.work_months_wanted,
    ),
    "phones": Listing(
        person_columns.PHONE_HEADERS, {"机主": WHOSE}, person_columns.phones, person_columns.phones_wanted
    ),
    "issues": Listing(
        place_columns.ISSUE_HEADERS,
        {"类别": ISSUE_KIND_WORDS, "来源": SOURCES, "办理状态": ISSUE_STATES, "超期": YES_OR_NO, "现场销号": YES_OR_NO}
        | {"满意度": SATISFACTION},
        place_columns.issues,
        place_columns.issues_wanted,
        right="issue:read",
    ),
    "ledger_lines": Listing(
        place_columns.LEDGER_HEADERS,
        {"数额性质": NATURE_WORDS, "准确程度": PRECISIONS, "受益方类别": PARTIES},
        place_columns.ledger_lines,
        place_columns.ledger_lines_wanted,
        right="ledger:read",
    ),
    "self_declarations": Listing(
        place_columns.DECLARATION_HEADERS,
        {"办理状态": DECLARATION_STATES, "超期": YES_OR_NO},
        place_columns.declarations,
        place_columns.declarations_wanted,
        right="voice:read",
    ),
    "quality_findings": Listing(
        quality_columns.FINDING_HEADERS,
        {"核实状态": quality_columns.FINDING_STATES},
        quality_columns.findings,
        quality_columns.findings_wanted,
        right="quality:read",
    ),
    "duplicate_persons": Listing(
        quality_columns.PAIR_HEADERS,
        {},
        quality_columns.duplicate_persons,
        quality_columns.pairs_wanted,
        right="duplicate:decide",
    ),
    "claimed_persons": Listing(
        quality_columns.CLAIM_HEADERS,
        {},
        quality_columns.claimed_persons,
        quality_columns.claims_wanted,
        right="duplicate:decide",
    ),
    "policy_gaps": Listing(
        quality_columns.GAP_HEADERS,
        {"差异": quality_columns.GAPS},
        quality_columns.policy_gaps,
        quality_columns.gaps_wanted,
    ),
    "changes": Listing(
        told_columns.CHANGE_HEADERS,
        {"变动": told_columns.CHANGES, "在变动中": told_columns.PARTS},
        told_columns.changes,
        told_columns.changes_wanted,
        right="household-change:read",
    ),
    "corrections": Listing(
        told_columns.CORRECTION_HEADERS,
        {"类别": told_columns.CORRECTIONS, "超期": YES_OR_NO, "结果": told_columns.OUTCOMES},
        told_columns.corrections,
        told_columns.corrections_wanted,
        right="voice:read",
    ),
    "paper_checks": Listing(
        told_columns.PAPER_HEADERS,
        {"应更正何处": told_columns.TO_MEND},
        told_columns.papers,
        told_columns.papers_wanted,
        right="quality:read",
    ),
    "stated_figures": Listing(
        told_columns.FIGURE_HEADERS,
        {"数据项": told_columns.FIGURES, "出处": told_columns.FIGURE_SOURCES},
        told_columns.figures,
        told_columns.figures_wanted,
        right="quality:read",
    ),
    "conditions": Listing(told_columns.CONDITION_HEADERS, {}, told_columns.conditions, told_columns.conditions_wanted),
    "village_records": Listing(
        village_columns.RECORD_HEADERS,
        {"类别": village_columns.RECORD_KINDS},
        village_columns.records,
        village_columns.records_wanted,
        right="village:read",
    ),
    "checklist_verdicts": Listing(
        village_columns.VERDICT_HEADERS,
        {"方式": village_columns.MODES, "结论": village_columns.VERDICTS},
        village_columns.verdicts,
        village_columns.verdicts_wanted,
        right="checklist:read",
    ),
}
