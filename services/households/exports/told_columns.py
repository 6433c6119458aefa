"""Rows of exported lists of what was told of households: how they live, what became of them, papers, stated figures,
what they object to."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import exists, select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.households.exports.columns import YES_OR_NO, Labels, Reader, day, written, yuan
from services.households.exports.lists import Chosen, Wanted
from services.households.models.changes import HouseholdChange, HouseholdChangePart
from services.households.models.living import HouseholdConditions
from services.households.models.quality import PaperCheck, PaperDifference, StatedFigure
from services.households.models.register import Household
from services.households.models.voices import Correction
from services.households.quality.stated import shown
from services.households.register.code_sets import words_of

CHANGE_HEADERS = ("户编号", "变动", "在变动中", "生效日", "事由", "文号", "经办人", "登记账号")
CHANGES: Labels = {
    "birth": "出生", "death": "死亡", "arrival": "迁入", "departure": "迁出", "transfer": "转户", "split": "分户",
    "merge": "并户", "move": "移交管理村", "ending": "销户", "re_registration": "更正登记",
    "village_merger": "村的撤并",
}  # fmt: skip
PARTS: Labels = {"from": "变动前的户", "into": "变动后的户", "itself": "本户"}
CORRECTION_HEADERS = ("户编号", "类别", "提出日期", "最迟答复日", "超期", "结果", "答复日期")
CORRECTIONS: Labels = {"correction": "更正", "complaint": "申诉"}
OUTCOMES: Labels = {"granted": "采纳", "declined": "未采纳"}
PAPER_HEADERS = ("户编号", "核对日期", "核对人", "明白卡编号", "不一致栏目", "应更正何处")
CARD_FIELDS: Labels = {
    "head": "户主", "members": "家庭成员", "group": "村民小组", "phone": "联系电话", "class": "户类型",
    "housing": "住房", "water": "饮水", "schooling": "教育", "insurance": "医保", "income": "收入",
    "measures": "帮扶措施", "policies": "享受政策", "contact": "帮扶联系人", "other": "其他",
}  # fmt: skip
TO_MEND: Labels = {"paper": "明白卡", "register": "登记册", "unclear": "待查明"}
FIGURE_HEADERS = ("户编号", "数据项", "数据截至日", "填报值", "计算值", "差额", "出处", "文号或编号", "填报人")
FIGURES: Labels = {
    "persons": "家庭人口", "working_persons": "务工人数", "net_income": "纯收入(元)", "wage_income": "工资性收入(元)",
}  # fmt: skip
FIGURE_SOURCES: Labels = {
    "paper": "明白卡", "national_system": "全国系统", "declaration": "申报", "told": "口述", "department": "部门",
}  # fmt: skip
CONDITION_HEADERS = ("户编号", "自何日起", "耕地(亩)", "林地(亩)", "草地(亩)", "水面(亩)", "入户路",
                     "距主干路(米)", "通生活用电", "通广播电视宽带", "卫生厕所", "主要燃料", "加入合作社",
                     "有龙头企业带动", "采集人")  # fmt: skip


def changes_wanted(chosen: Chosen) -> Wanted:
    wanted = select(HouseholdChangePart, HouseholdChange, col(Household.number))
    joined = wanted.join(HouseholdChange, col(HouseholdChange.id) == col(HouseholdChangePart.change_id)).join(
        Household, col(Household.id) == col(HouseholdChangePart.household_id)
    )
    mine = joined.where(col(HouseholdChangePart.household_id).in_(chosen.homes))
    return mine.order_by(col(HouseholdChange.effective_on), col(HouseholdChange.id), col(Household.number))


def changes(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    for part, change, number in page:
        yield (
            number, written(CHANGES, change.kind), written(PARTS, part.part), day(change.effective_on), change.ground,
            change.document_no or "", change.done_by, change.recorded_by,
        )  # fmt: skip


def corrections_wanted(chosen: Chosen) -> Wanted:
    return of_homes(chosen, Correction).order_by(col(Correction.filed_at), col(Correction.id))


def corrections(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    """As in the queue: nothing of what was said."""
    for row, number in page:
        late = row.outcome is None and (row.due_on or date.max) < reader.today
        yield (
            number, written(CORRECTIONS, row.kind), reader.day(row.filed_at), day(row.due_on), YES_OR_NO[late],
            written(OUTCOMES, row.outcome), reader.day(row.answered_at),
        )  # fmt: skip


def papers_wanted(chosen: Chosen) -> Wanted:
    """A line for each difference; one without, where card and register agree."""
    wanted = of_homes(chosen, PaperCheck).add_columns(PaperDifference)
    joined = wanted.outerjoin(PaperDifference, col(PaperDifference.check_id) == col(PaperCheck.id))
    return joined.order_by(col(Household.number), col(PaperCheck.seq), col(PaperDifference.field))


def papers(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    for check, number, difference in page:
        differs = (written(CARD_FIELDS, difference.field), written(TO_MEND, difference.to_mend)) if difference else None
        yield (number, day(check.checked_on), check.doer, check.card_number or "", *(differs or ("一致", "")))


def figures_wanted(chosen: Chosen) -> Wanted:
    """Of each household and figure the newest, as in the list itself."""
    later = aliased(StatedFigure)
    newer = exists().where(
        col(later.household_id) == col(StatedFigure.household_id),
        col(later.key) == col(StatedFigure.key),
        tuple_(col(later.on_day), col(later.seq)) > tuple_(col(StatedFigure.on_day), col(StatedFigure.seq)),
    )
    wanted = select(StatedFigure, Household).join(Household, col(Household.id) == col(StatedFigure.household_id))
    mine = wanted.where(col(StatedFigure.household_id).in_(chosen.homes), ~newer)
    return mine.order_by(col(Household.number), col(StatedFigure.key))


def figures(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    for one in shown(reader.session, [(row, home) for row, home in page]):
        yield (
            one.number, written(FIGURES, one.key), day(one.on_day),
            *(in_words(one.key, value) for value in (one.stated, one.computed, one.difference)),
            written(FIGURE_SOURCES, one.source), one.document_no or "", one.doer,
        )  # fmt: skip


def in_words(key: str, value: int | None) -> str:
    """Persons as a number, money in yuan; a negative one too."""
    if value is None or key in ("persons", "working_persons"):
        return "" if value is None else str(value)
    return f"-{yuan(-value)}" if value < 0 else yuan(value)


def conditions_wanted(chosen: Chosen) -> Wanted:
    """What holds today."""
    later = aliased(HouseholdConditions)
    newer = exists().where(
        col(later.household_id) == col(HouseholdConditions.household_id),
        col(later.since) <= chosen.scope.today,
        tuple_(col(later.since), col(later.seq)) > tuple_(col(HouseholdConditions.since), col(HouseholdConditions.seq)),
    )
    held = of_homes(chosen, HouseholdConditions).where(col(HouseholdConditions.since) <= chosen.scope.today, ~newer)
    return held.order_by(col(Household.number))


def conditions(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    """Land in hundredths of a mu is written in mu."""
    for row, number in page:
        land = (row.farmland, row.forest_land, row.grassland, row.water_surface)
        yield (
            number, day(row.since), *(yuan(one) for one in land), written(words_of("road"), row.road),
            written({}, row.distance_to_road), *(written(YES_OR_NO, one) for one in
                                                 (row.electricity, row.broadband, row.sanitary_toilet)),
            written(words_of("fuel"), row.fuel), written(YES_OR_NO, row.in_cooperative),
            written(YES_OR_NO, row.with_leading_firm), row.doer,
        )  # fmt: skip


def of_homes(chosen: Chosen, table: Any) -> Wanted:
    """Rows of households, with the number of each."""
    wanted = select(table, col(Household.number)).join(Household, col(Household.id) == table.household_id)
    return wanted.where(table.household_id.in_(chosen.homes))
