"""Rows of exported lists that lie in a place: issues, lines of ledgers, what villagers have declared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import col

from services.households.declarations.queue import IN_PLACES, line
from services.households.exports.columns import YES_OR_NO, Labels, Reader, day, written
from services.households.exports.lists import Chosen, Wanted
from services.households.issues.contents import IssueLine, said_of
from services.households.issues.issues import ISSUES, seen_by
from services.households.issues.kinds import KINDS as ISSUE_KINDS
from services.households.ledgers.entries import LINES, REVERSAL
from services.households.ledgers.kinds import kinds_of
from services.households.ledgers.terms import NATURES, UNITS
from services.households.masks import shown_name
from services.households.models.issues import Issue
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.models.register import Household, Person
from services.households.models.voices import SelfDeclaration

ISSUE_HEADERS = ("问题编号", "所在地", "户编号", "类别", "来源", "来源编号", "提出日", "问题内容", "承办", "办结期限",
                 "办理状态", "超期", "办结日", "现场销号", "满意度")  # fmt: skip
SOURCES: Labels = {
    "visit": "走访", "inspection": "督导检查", "patrol": "巡察巡视", "petition": "信访", "self_declaration": "自主申报",
    "complaint": "投诉", "self_check": "自查", "other_system": "其他系统",
}  # fmt: skip
ISSUE_STATES: Labels = {"open": "办理中", "closed": "已办结", "withdrawn": "已撤回", "merged": "已并入另一问题"}
SATISFACTION: Labels = {"satisfied": "满意", "basically": "基本满意", "not": "不满意", "not_asked": "未询问"}
ISSUE_KIND_WORDS: Labels = {key: kind.zh for key, kind in ISSUE_KINDS.items()}
NOT_IN_FILES = "（限阅，请在系统内查看）"

LEDGER_HEADERS = ("登记编号", "台账类别", "所在地", "日期", "截止日", "物品名称", "数额", "计量单位", "数额性质",
                  "准确程度", "实施方", "受益方类别", "户编号", "受益人或人群", "户数或人数", "资金来源", "文号",
                  "冲销的登记", "被冲销于", "原因", "登记账号")  # fmt: skip
NATURE_WORDS: Labels = {one.key: one.zh for one in NATURES}
PRECISIONS: Labels = {"exact": "准确", "about": "约", "more_than": "多于", "less_than": "不足"}
PARTIES: Labels = {
    "household": "农户", "person": "个人", "village": "村", "team": "工作队", "cadre": "干部", "unit": "单位",
    "company": "企业", "association": "社会组织", "donor": "捐赠人",
}  # fmt: skip

DECLARATION_HEADERS = ("回执号", "村或乡镇", "户编号", "办理状态", "收到日期", "最迟答复日", "超期", "答复日期")
DECLARATION_STATES: Labels = {"received": "待答复", "accepted": "已受理", "refused": "未受理"}


def issues_wanted(chosen: Chosen) -> Wanted:
    """Restricted ones only those the caller owns or has recorded; the county office sees all."""
    wanted = select(Issue, col(Household.number)).outerjoin(Household, chosen.home_of(Issue.household_id))
    mine = chosen.placed(col(Issue.division), col(Issue.household_id), ISSUES)
    return wanted.where(*mine, seen_by(chosen.caller)).order_by(col(Issue.year), col(Issue.number), col(Issue.id))


def issues(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    """What is in a restricted one is read where each reading is known, and in no file."""
    for row, number in page:
        shown = IssueLine.of(row, reader.today)
        said = NOT_IN_FILES if row.restricted else said_of(reader.seal, row).text
        yield (
            f"{row.year}-{row.number}", row.division, number or "", written(ISSUE_KIND_WORDS, row.kind),
            written(SOURCES, row.source), row.source_ref or "", day(row.raised_on), said, row.owner_label,
            day(row.due_on), written(ISSUE_STATES, row.state), YES_OR_NO[shown.overdue], day(row.ended_on),
            YES_OR_NO[row.on_the_spot], written(SATISFACTION, row.satisfaction),
        )  # fmt: skip


def ledger_lines_wanted(chosen: Chosen) -> Wanted:
    """Those within reach, reversals and what they reverse among them."""
    reversed_by = select(col(REVERSAL.id)).where(col(REVERSAL.reverses) == col(LedgerEntry.id)).scalar_subquery()
    wanted = select(LedgerLine, LedgerEntry, reversed_by.label("reversed_by"), col(Household.number), col(Person.name))
    joined = (
        wanted.join(LedgerEntry, col(LedgerEntry.id) == col(LedgerLine.entry_id))
        .outerjoin(Household, chosen.home_of(LedgerLine.household_id))
        .outerjoin(Person, and_(col(Person.id) == col(LedgerLine.person_id), col(Household.id).is_not(None)))
    )
    mine = chosen.placed(col(LedgerLine.division), col(LedgerLine.household_id), LINES)
    return joined.where(*mine).order_by(col(LedgerEntry.day), col(LedgerEntry.id), col(LedgerLine.number))


def ledger_lines(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    kinds: Mapping[str, str] = {key: kind.zh for key, kind in kinds_of(reader.session).items()}
    for row, entry, reversed_by, number, name in page:
        label = shown_name(reader.caller, name) if name else row.label or ""
        yield (
            str(entry.id), written(kinds, entry.kind), row.division, day(entry.day), day(entry.until),
            entry.goods or "", amount(row.amount, entry.unit), UNITS[entry.unit].zh,
            written(NATURE_WORDS, entry.nature), written(PRECISIONS, entry.precision), entry.actor_label or "",
            written(PARTIES, row.beneficiary_kind),
            number or "", label, heads(row), entry.fund_source or "", entry.document_no or "",
            str(entry.reverses or ""), str(reversed_by or ""), entry.because or "", entry.recorded_by,
        )  # fmt: skip


def amount(smallest: int, unit: str) -> str:
    """In the unit itself; a reversal's is negative."""
    decimals = UNITS[unit].decimals
    whole, part = divmod(abs(smallest), 10**decimals)
    said = f"{whole}.{part:0{decimals}}" if decimals else str(whole)
    return f"-{said}" if smallest < 0 else said


def heads(row: LedgerLine) -> str:
    if row.heads is None:
        return ""
    exactly = "" if row.heads_precision == "exact" else written(PRECISIONS, row.heads_precision)
    return f"{exactly}{row.heads}"


def declarations_wanted(chosen: Chosen) -> Wanted:
    of = col(SelfDeclaration.household_id)
    wanted = select(SelfDeclaration, col(Household.number)).outerjoin(Household, chosen.home_of(of))
    mine = chosen.placed(col(SelfDeclaration.village), of, IN_PLACES)
    return wanted.where(*mine).order_by(col(SelfDeclaration.received_at), col(SelfDeclaration.id))


def declarations(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    """As in the queue: nothing of what was said."""
    for row, number in page:
        late = line(row, reader.today).overdue
        yield (
            row.number, row.village, number or "", written(DECLARATION_STATES, row.state), reader.day(row.received_at),
            day(row.due_on), YES_OR_NO[late], reader.day(row.decided_at),
        )  # fmt: skip
