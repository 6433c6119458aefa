"""Rows of exported lists of tags, and of what is told of members: insurances, months of work, phones."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.households.exports.columns import YES_OR_NO, Labels, Reader, day, written, yuan
from services.households.exports.lists import Chosen, Wanted
from services.households.masks import shown_name, shown_phone
from services.households.models.people import PersonInsurance, PersonPhone, WorkMonth
from services.households.models.register import Household, Membership, Person, Tag
from services.households.register.code_sets import words_of
from services.households.register.own_codes import TAG, own_words
from services.households.register.phones import number_of

TAG_HEADERS = ("户编号", "户主姓名", "标签", "起始日", "截止日", "依据")
INSURANCE_HEADERS = ("户编号", "姓名", "年度", "险种", "参保", "缴费方式", "缴费金额(元)", "票据号", "采集人")
INSURANCES: Labels = {
    "resident": "居民医保", "employee": "职工医保", "serious_illness": "大病保险", "medical_aid": "医疗救助",
    "commercial": "商业补充", "resident_pension": "居民养老", "employee_pension": "职工养老",
}  # fmt: skip
PAID_BY: Labels = {"self": "自缴", "proxy": "代缴", "fund": "资助"}
WORK_HEADERS = ("户编号", "姓名", "月份", "当月务工", "务工范围", "务工地点", "务工单位", "岗位或工种", "当月工资(元)",
                "采集人")  # fmt: skip
AREAS: Labels = {"township": "乡内", "county": "县内", "province": "省内", "country": "省外", "abroad": "境外"}
PHONE_HEADERS = ("户编号", "姓名", "联系电话（部分）", "机主", "起始日", "停用日", "采集人")
WHOSE: Labels = {
    "own": "本人", "family": "家人", "relative": "亲属", "neighbour": "邻居", "cadre": "干部", "other": "其他",
}  # fmt: skip


def tags_wanted(chosen: Chosen) -> Wanted:
    """With those that have ended."""
    wanted = select(Tag, Household).join(Household, col(Household.id) == col(Tag.household_id))
    mine = wanted.where(col(Tag.household_id).in_(chosen.homes))
    return mine.order_by(col(Household.number), col(Tag.key), col(Tag.valid))


def tags(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    words: Labels = {**words_of(TAG), **own_words(reader.session, TAG)}
    for tag, home in page:
        yield (
            home.number, shown_name(reader.caller, home.head_name), written(words, tag.key), day(tag.valid.lower),
            day(tag.valid.upper), tag.source,
        )  # fmt: skip


def of_members(chosen: Chosen, table: Any, *keys: Any) -> Wanted:
    """Rows told of those who are members now, with their household's number and their name."""
    wanted = select(table, col(Household.number), col(Person.name)).join(Person, col(Person.id) == table.person_id)
    member = wanted.join(Membership, col(Membership.person_id) == col(Person.id))
    here = (col(Membership.household_id).in_(chosen.homes), func.upper_inf(col(Membership.valid)))
    placed = member.join(Household, col(Household.id) == col(Membership.household_id)).where(*here)
    return placed.order_by(col(Household.number), col(Person.birth_date), col(Person.id), *keys)


def newest(table: Any, *keys: str) -> Any:
    """None was told of the same since: what counts."""
    later = aliased(table)
    same = (getattr(later, key) == getattr(table, key) for key in ("person_id", *keys))
    return ~exists(select(later).where(*same, later.seq > table.seq).correlate(table))


def insurances_wanted(chosen: Chosen) -> Wanted:
    wanted = of_members(chosen, PersonInsurance, col(PersonInsurance.year).desc(), col(PersonInsurance.kind))
    return wanted.where(newest(PersonInsurance, "year", "kind"))


def insurances(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    for row, number, name in page:
        yield (
            number, shown_name(reader.caller, name), str(row.year), written(INSURANCES, row.kind),
            YES_OR_NO[row.enrolled], written(PAID_BY, row.paid_by), yuan(row.amount), row.receipt or "", row.doer,
        )  # fmt: skip


def work_months_wanted(chosen: Chosen) -> Wanted:
    return of_members(chosen, WorkMonth, col(WorkMonth.month).desc()).where(newest(WorkMonth, "month"))


def work_months(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    for row, number, name in page:
        yield (
            number, shown_name(reader.caller, name), f"{row.month:%Y-%m}", YES_OR_NO[row.working],
            written(AREAS, row.area), row.place or "", row.employer or "", row.occupation or "", yuan(row.pay),
            row.doer,
        )  # fmt: skip


def phones_wanted(chosen: Chosen) -> Wanted:
    return of_members(chosen, PersonPhone, col(PersonPhone.valid).desc(), col(PersonPhone.id))


def phones(reader: Reader, page: Sequence[Any]) -> Iterator[Sequence[str]]:
    for row, number, name in page:
        shown = shown_phone(reader.caller, number_of(reader.seal, row)) or ""
        yield (
            number, shown_name(reader.caller, name), shown, written(WHOSE, row.whose), day(row.valid.lower),
            day(row.valid.upper), row.doer,
        )  # fmt: skip
