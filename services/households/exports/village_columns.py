"""Rows of exported lists of villages: what each is, has and resolved, and what was found by checklists."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import col

from services.households.checklists.answers import ANSWERS
from services.households.checklists.definitions import checklists_of
from services.households.exports.columns import Labels, Reader, day, written
from services.households.exports.lists import Chosen, Wanted
from services.households.masks import shown_name
from services.households.models.checklists import ChecklistAnswer, ChecklistVerdict
from services.households.models.register import Household, Person
from services.households.models.villages import VillageRecord
from services.households.register.code_sets import words_of
from services.households.register.own_codes import own_words
from services.households.villages.contents import SETS
from services.households.villages.records import RECORDS, with_what_became

RECORD_HEADERS = ("所在地", "类别", "事项", "名称", "状态或级别", "人员", "户编号", "起始日", "截止日", "终止日",
                  "终止原因", "通过日", "会议", "年度", "目标户数", "目标人数", "内容", "文号", "版本",
                  "登记账号")  # fmt: skip
RECORD_KINDS: Labels = {
    "status": "身份", "honour": "荣誉", "facility": "设施", "role": "人员", "plan": "规划", "rule": "村规民约",
    "target": "目标",
}  # fmt: skip
STATES_AND_LEVELS: Labels = {
    "in_use": "正常使用", "below_standard": "不达标", "being_built": "在建", "out_of_use": "停用", "township": "乡镇级",
    "county": "县级", "city": "市级", "province": "省级", "nation": "国家级",
}  # fmt: skip
MEETINGS: Labels = {
    "villagers": "村民会议", "representatives": "村民代表会议", "committee": "村民委员会", "party_branch": "村党支部",
}  # fmt: skip
VERDICT_HEADERS = ("检查表", "检查项", "所在地", "户编号", "人员", "队或点", "检查日", "方式", "检查人", "结论", "说明")
MODES: Labels = {"self": "自查", "cross": "交叉检查", "inspection": "督查"}
VERDICTS: Labels = {"met": "达标", "not_met": "不达标", "not_applicable": "不适用", "unknown": "不清楚"}


def records_wanted(chosen: Chosen) -> Wanted:
    """With those that have ended."""
    wanted = with_what_became(None).add_columns(col(Household.number), col(Person.name))
    home = chosen.home_of(VillageRecord.household_id)
    joined = wanted.outerjoin(Household, home).outerjoin(
        Person, and_(col(Person.id) == col(VillageRecord.person_id), col(Household.id).is_not(None))
    )
    mine = chosen.placed(col(VillageRecord.division), col(VillageRecord.household_id), RECORDS)
    keys = (VillageRecord.division, VillageRecord.kind, VillageRecord.since, VillageRecord.id)
    return joined.where(*mine).order_by(*(col(key) for key in keys))


def records(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    words = {kind: {**words_of(key), **own_words(reader.session, key)} for kind, key in SETS.items()}
    for row, ending, _, number, name in page:
        said = written(words[row.kind], row.what) if row.kind in SETS else ""
        ended = (day(ending.day), ending.because) if ending else ("", "")
        numbers = (row.year, row.households, row.persons)
        yield (
            row.division, written(RECORD_KINDS, row.kind), said, row.title or "",
            written(STATES_AND_LEVELS, row.state or row.level), shown_name(reader.caller, name) if name else
            row.label or "", number or "", day(row.since), day(row.until), *ended, day(row.adopted_on),
            written(MEETINGS, row.meeting), *(written({}, one) for one in numbers), row.text or "",
            row.document_no or "", str(row.version), row.recorded_by,
        )  # fmt: skip


def verdicts_wanted(chosen: Chosen) -> Wanted:
    wanted = select(ChecklistVerdict, ChecklistAnswer, col(Household.number), col(Person.name))
    home = chosen.home_of(ChecklistAnswer.household_id)
    joined = (
        wanted.join(ChecklistAnswer, col(ChecklistAnswer.id) == col(ChecklistVerdict.answer_id))
        .outerjoin(Household, home)
        .outerjoin(Person, and_(col(Person.id) == col(ChecklistAnswer.person_id), col(Household.id).is_not(None)))
    )
    mine = chosen.placed(col(ChecklistAnswer.division), col(ChecklistAnswer.household_id), ANSWERS)
    keys = (ChecklistAnswer.checklist, ChecklistAnswer.division, ChecklistAnswer.day, ChecklistAnswer.id)
    return joined.where(*mine).order_by(*(col(key) for key in keys), col(ChecklistVerdict.item))


def verdicts(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    lists = checklists_of(reader.session)
    items = {key: {item.key: item.zh for item in one.items} for key, one in lists.items()}
    for row, answer, number, name in page:
        yield (
            lists[answer.checklist].zh, written(items[answer.checklist], row.item), answer.division, number or "",
            shown_name(reader.caller, name) if name else "", answer.label or "", day(answer.day),
            written(MODES, answer.mode), answer.done_by, written(VERDICTS, row.verdict), row.note or "",
        )  # fmt: skip
