"""What stands in an exported table: Chinese headers, choices of a column, rows as text, masked as on a page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from services.households.imports import households as import_households
from services.households.imports import members as import_members
from services.households.imports.circumstances import COLUMNS as TOLD_OF_PERSONS
from services.households.imports.statements import AMOUNTS
from services.households.masks import shown_id_number, shown_name, shown_phone
from services.households.models.income import Statement, StatementLine
from services.households.models.people import PersonCircumstances
from services.households.models.register import PHONE, Household, Membership, Person, Tag
from services.households.register.code_sets import lasting_labels, words_of
from services.households.register.households import id_number_of
from services.households.register.relations import HEADS
from services.kit.store.fields import Seal
from services.kit.store.sets import among
from services.kit.web.auth import Caller

Labels: TypeAlias = Mapping[Any, str]
YES_OR_NO: Labels = {True: "是", False: "否"}


def labels(parse: Callable[[str], Any], *written: str) -> Labels:
    """As a file that is taken in understands them."""
    return {parse(label): label for label in written}


# A head is 户主 by either code. What is offered is what a file may say.
RELATIONS: Labels = {**words_of("relation"), **dict.fromkeys(sorted(HEADS), "户主")}
OFFERED: Labels = {code: RELATIONS[code] for code in lasting_labels("relation").values()}
SEXES = labels(import_members.sex, "男", "女")
SCHOOLING = labels(import_members.schooling, "在校", "非在校", "失学辍学")
OF_PERSONS: Mapping[str, Labels] = {
    header: {code: words_of(key)[code] for code in lasting_labels(key).values()}
    for header, (_, key) in TOLD_OF_PERSONS.items()
}
MEMBER_HEADERS = ("户编号", "姓名", "证件号码（部分）", "与户主关系", "出生日期", "性别", "学业状况", "参加基本医保",
                  *OF_PERSONS)  # fmt: skip
CLASSES = labels(import_households.household_class, "一般农户", "脱贫户")
GRADES = labels(import_households.housing_grade, *"ABCD")


@dataclass(frozen=True)
class Reader:
    """By whose eyes rows are read, and when, in the county's zone."""

    session: Session
    seal: Seal
    caller: Caller
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    def day(self, moment: datetime | None) -> str:
        return day(moment.astimezone(self.now.tzinfo).date()) if moment else ""


def written(known: Labels, value: Any) -> str:
    return "" if value is None else known.get(value, str(value))


def yuan(fen: int | None) -> str:
    return "" if fen is None else f"{fen // 100}.{fen % 100:02}"


def day(told: date | None) -> str:
    return told.isoformat() if told else ""


def households(reader: Reader, homes: Sequence[Household]) -> Iterator[Sequence[str]]:
    held = select(col(Tag.household_id), col(Tag.key)).where(func.upper_inf(col(Tag.valid)))
    among_these = held.where(among(col(Tag.household_id), [h.id for h in homes]))
    tags = {(household_id, key) for household_id, key in reader.session.execute(among_these)}
    for h in homes:
        phone = reader.seal.open(h.sealed_phone, PHONE.place(h.id)) if h.sealed_phone else None
        yield (
            h.number, h.village, h.group_name, shown_name(reader.caller, h.head_name),
            shown_phone(reader.caller, phone) or "", CLASSES[(h.id, "formerly_poor") in tags],
            YES_OR_NO[(h.id, "monitored") in tags], written(GRADES, h.housing_grade), written(YES_OR_NO, h.safe_water),
        )  # fmt: skip


def members(reader: Reader, homes: Sequence[Household]) -> Iterator[Sequence[str]]:
    numbers = {h.id: h.number for h in homes}
    present = (among(col(Membership.household_id), list(numbers)), func.upper_inf(col(Membership.valid)))
    held = select(Membership, Person).join(Person, col(Person.id) == Membership.person_id).where(*present)
    found = reader.session.execute(held.order_by(col(Person.birth_date))).all()
    so = circumstances(reader, [p.id for _, p in found])
    for membership, p in sorted(found, key=lambda row: numbers[row[0].household_id]):
        yield (
            numbers[membership.household_id], shown_name(reader.caller, p.name),
            shown_id_number(id_number_of(reader.seal, p)) or "", written(RELATIONS, membership.relation),
            p.birth_date.isoformat(), written(SEXES, p.sex), written(SCHOOLING, p.schooling),
            written(YES_OR_NO, p.insured),
            *(written(words_of(key), getattr(so.get(p.id), field, None)) for field, key in TOLD_OF_PERSONS.values()),
        )  # fmt: skip


def circumstances(reader: Reader, persons: Sequence[UUID]) -> Mapping[UUID, PersonCircumstances]:
    """Who each is to the county by what was told last."""
    newest = (col(PersonCircumstances.person_id), col(PersonCircumstances.since).desc())
    wanted = select(PersonCircumstances).where(among(col(PersonCircumstances.person_id), persons))
    of_each = wanted.ext(distinct_on(col(PersonCircumstances.person_id)))
    rows = reader.session.scalars(of_each.order_by(*newest, col(PersonCircumstances.seq).desc()))
    return {row.person_id: row for row in rows}


def statements(reader: Reader, homes: Sequence[Household]) -> Iterator[Sequence[str]]:
    """All of them, the newest of a period last: it is the one that counts."""
    numbers = {h.id: h.number for h in homes}
    mine = select(Statement).where(among(col(Statement.household_id), list(numbers)))
    held = sorted(reader.session.scalars(mine.order_by(col(Statement.seq))), key=lambda s: numbers[s.household_id])
    lines = reader.session.scalars(
        select(StatementLine).where(among(col(StatementLine.statement_id), [s.id for s in held]))
    )
    amounts = {(line.statement_id, line.kind): line.amount for line in lines}
    for s in held:
        told = [amounts.get((s.id, kind)) for kind in AMOUNTS.values()]
        period = (f"{s.period_from:%Y-%m}", f"{s.period_to:%Y-%m}")
        yield (numbers[s.household_id], *period, *(yuan(amount) for amount in told))
