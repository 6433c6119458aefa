"""What a rule may speak of: facts of a subject, with owner, type and unit, and the standards they are held against.

Facts are typed columns here and at their owner; a test holds this list, our columns and the owners' answers equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.kit.store.reference import StandardKey

Type = Literal["money", "number", "date", "flag", "code"]

HOUSEHOLD, TEAM = "household", "team"


@dataclass(frozen=True)
class Fact:
    """Money is in fen. A fact may be unknown; then a comparison with it is neither true nor false."""

    key: str
    type: Type
    zh: str
    en: str


@dataclass(frozen=True)
class Subject:
    """What rules are about, and which service owns its facts."""

    kind: str
    owner: str
    zh: str
    facts: tuple[Fact, ...]

    def fact(self, key: str) -> Fact | None:
        return next((fact for fact in self.facts if fact.key == key), None)


SUBJECTS: Mapping[str, Subject] = {
    HOUSEHOLD: Subject(
        HOUSEHOLD,
        "households",
        "农户",
        (
            Fact("persons", "number", "计算人均的人口", "persons among whom income is divided"),
            Fact("net_income", "money", "家庭纯收入", "net income of the household"),
            Fact("net_income_before", "money", "上一年家庭纯收入", "net income of the year before"),
            Fact("wage_income", "money", "工资性收入", "wages"),
            Fact("wage_income_before", "money", "上一年工资性收入", "wages of the year before"),
            Fact("transfer_income", "money", "转移性收入", "transfer income"),
            Fact("medical_self_paid", "money", "合规自付医疗支出", "compliant self-paid medical cost"),
            Fact("schooling_self_paid", "money", "合规自付教育支出", "compliant self-paid schooling cost"),
            Fact("rigid_expense", "money", "刚性支出", "rigid expense"),
            Fact("cash_gap", "money", "刚性支出资金缺口", "rigid expense not covered by loans"),
            Fact("income_until", "date", "收入期间止", "end of the income period"),
            Fact("uninsured_members", "number", "未参加基本医保人数", "members without basic medical insurance"),
            Fact("dropped_out_members", "number", "失学辍学人数", "members who dropped out of school"),
            Fact("safe_house", "flag", "住房安全", "safe house"),
            Fact("safe_water", "flag", "饮水安全", "safe water"),
            Fact("monitored", "flag", "监测对象", "monitored already"),
            Fact("formerly_poor", "flag", "脱贫户", "formerly poor"),
        ),
    ),
    TEAM: Subject(
        TEAM,
        "attendance",
        "工作队",
        (
            Fact("members", "number", "在岗队员", "members posted"),
            Fact("leaders", "number", "在岗第一书记和队长", "first secretaries and captains posted"),
            Fact("last_present_on", "date", "最近在岗日", "last day somebody was present"),
            Fact("leader_away_since", "date", "负责人最近在岗日（或到任日）", "last day a leader was present, or came"),
            Fact("member_away_since", "date", "离岗最久队员的最近在岗日（或到任日）", "that of who is away longest"),
            Fact("longest_posted_since", "date", "最早到任日", "when the first of the team came"),
        ),
    ),
}

STANDARDS: Mapping[str, StandardKey] = {
    key.key: key
    for key in (
        StandardKey("monitoring_line", "money", "分/人·年", "监测线", "monitoring line"),
        StandardKey("medical_burden", "money", "分/年", "医疗自付预警线（一般农户）", "medical threshold"),
        StandardKey(
            "medical_burden_formerly_poor",
            "money",
            "分/年",
            "医疗自付预警线（脱贫户）",
            "medical threshold, formerly poor",
        ),
        StandardKey("schooling_burden", "money", "分/年", "教育自付预警线", "schooling threshold"),
        StandardKey("expense_gap", "money", "分/年", "刚性支出缺口预警线", "threshold of uncovered rigid expense"),
        StandardKey("income_fall", "number", "%", "收入降幅预警线", "fall of income worth a look"),
        StandardKey("income_age", "number", "工作日", "收入信息有效天数", "working days a statement stays fresh"),
        StandardKey("income_floor", "money", "分/人·年", "收入核实下限", "income too low to be believed"),
        StandardKey("income_ceiling", "money", "分/人·年", "收入核实上限", "income too high to be believed"),
        StandardKey("transfer_share", "number", "%", "转移性收入占比预警线", "share of transfers worth a look"),
        StandardKey("low_income_line", "money", "分/人·年", "低收入预警线", "low income line, above monitoring"),
        StandardKey("team_strength", "number", "人", "工作队最低人数", "smallest team"),
        StandardKey("presence_gap", "number", "工作日", "驻村空档天数", "working days without presence"),
        StandardKey("leader_absence", "number", "工作日", "负责人不在岗天数", "working days without a leader"),
        StandardKey("member_absence", "number", "工作日", "队员不在岗天数", "working days a member may be away"),
        StandardKey("posting_term", "number", "工作日", "驻村任期", "working days of a posting's term"),
    )
}

SWEEP_DAY = StandardKey("sweep_day", "number", "日", "每月摸排日", "day of the monthly sweep")
RULE_GUARD = StandardKey("rule_guard", "number", "%", "规则影响面上限", "share a rule may touch by one person's word")
"""Of all subjects of the place: above it a rule takes a second person to be put in force."""
