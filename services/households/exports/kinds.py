"""The lists that are taken out: their headers, the choices of a column, their rows, and how many those are."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from services.households.exports.columns import (
    CLASSES,
    GRADES,
    OFFERED,
    SCHOOLING,
    SEXES,
    YES_OR_NO,
    Kind,
    households,
    members,
    statements,
)
from services.households.exports.help_columns import (
    ANSWERED,
    CASE_HEADERS,
    CASE_STATES,
    ENDS,
    MEASURE_STATES,
    cases,
    measures,
    received,
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


KINDS: Mapping[str, Kind] = {
    "households": Kind(
        ("户编号", "村代码", "村民小组", "户主姓名", "联系电话（部分）", "户类型", "监测对象", "住房等级", "饮水安全"),
        {"户类型": CLASSES, "监测对象": YES_OR_NO, "住房等级": GRADES, "饮水安全": YES_OR_NO},
        households,
        lambda homes: select(func.count()).select_from(Household).where(col(Household.id).in_(homes)),
    ),
    "members": Kind(
        ("户编号", "姓名", "证件号码（部分）", "与户主关系", "出生日期", "性别", "学业状况", "参加基本医保"),
        {"与户主关系": OFFERED, "性别": SEXES, "学业状况": SCHOOLING, "参加基本医保": YES_OR_NO},
        members,
        count(Membership, func.upper_inf(col(Membership.valid))),
    ),
    "statements": Kind(("户编号", "起始月", "截止月", *AMOUNTS), {}, statements, count(Statement)),
    "cases": Kind(CASE_HEADERS, {"案卷状态": CASE_STATES, "终结方式": ENDS}, cases, count(Case)),
    "measures": Kind(MEASURE_HEADERS, {ANSWERED: LABELS, "状态": MEASURE_STATES}, measures, count(Measure)),
    "received": Kind(RECEIVED_HEADERS, {}, received, count(Received, col(Received.withdrawn_at).is_(None))),
}
