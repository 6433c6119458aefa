"""What of a household another register's file is held against, as both sides write it."""

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from services.households.imports.households import open_tags
from services.households.masks import shown_name, shown_phone
from services.households.models.cases import Case
from services.households.models.register import PHONE, Household, Membership
from services.households.reach import HOUSEHOLDS
from services.kit.store.fields import Seal
from services.kit.store.scope import Scope, within
from services.kit.store.sets import among
from services.kit.web.auth import Caller

NUMBER = "户编号"


class Held(NamedTuple):
    """A household and what is counted of it."""

    household: Household
    phone: str
    persons: int
    tags: frozenset[str]
    identified_month: str


def yes(value: bool | None) -> str:
    return {True: "是", False: "否", None: ""}[value]


def as_shown(_: Caller, value: str) -> str:
    return value


def name_shown(caller: Caller, value: str) -> str:
    return shown_name(caller, value) if value else ""


def phone_shown(caller: Caller, value: str) -> str:
    return shown_phone(caller, value) or ""


class Field(NamedTuple):
    """`shown`: as the caller may see it. What is masked is no correction and stands in no file."""

    ours: Callable[[Held], str]
    shown: Callable[[Caller, str], str] = as_shown
    masked: bool = False


FIELDS: Mapping[str, Field] = {
    "户主姓名": Field(lambda h: h.household.head_name, name_shown),
    "村民小组": Field(lambda h: h.household.group_name),
    "家庭人口": Field(lambda h: str(h.persons)),
    "联系电话": Field(lambda h: h.phone, phone_shown, masked=True),
    "户类型": Field(lambda h: "脱贫户" if "formerly_poor" in h.tags else "一般农户"),
    "监测对象": Field(lambda h: yes("monitored" in h.tags)),
    "住房等级": Field(lambda h: h.household.housing_grade or ""),
    "饮水安全": Field(lambda h: yes(h.household.safe_water)),
    "识别监测时间": Field(lambda h: h.identified_month),
}
DOTS = str.maketrans("", "", "·•‧・⋅∙●.")


def alike(ours: str, theirs: str) -> bool:
    """Widths, spaces and the dot within a name are written in many ways."""
    return plain(ours) == plain(theirs)


def plain(value: str) -> str:
    return "".join(unicodedata.normalize("NFKC", value).translate(DOTS).split())


def held_of(session: Session, seal: Seal, homes: Sequence[Household]) -> dict[UUID, Held]:
    """As the register has them now."""
    ids = [home.id for home in homes]
    tags: dict[UUID, set[str]] = {}
    for household_id, key in open_tags(session, ids):
        tags.setdefault(household_id, set()).add(key)
    members, of = col(Membership.household_id), among(col(Membership.household_id), ids)
    present = select(members, func.count()).where(of, func.upper_inf(col(Membership.valid))).group_by(members)
    persons: dict[UUID, int] = {row[0]: row[1] for row in session.execute(present)}
    cases = select(col(Case.household_id), col(Case.identified_month)).where(among(col(Case.household_id), ids))
    months: dict[UUID, str | None] = {row[0]: row[1] for row in session.execute(cases.order_by(col(Case.episode)))}
    return {
        home.id: Held(
            home,
            seal.open(home.sealed_phone, PHONE.place(home.id)) if home.sealed_phone else "",
            persons.get(home.id, 0),
            frozenset(tags.get(home.id, ())),
            months.get(home.id) or "",
        )
        for home in homes
    }


def homes_told(session: Session, scope: Scope, numbers: Collection[str]) -> dict[str, Household]:
    """By our own number, or by the national system's, which a case of theirs holds. One that means two means none."""
    here = (within(scope, HOUSEHOLDS), col(Household.ended_on).is_(None))
    own = select(col(Household.number), Household).where(among(col(Household.number), numbers), *here)
    national = select(col(Case.national_number), Household).join(Household, col(Household.id) == Case.household_id)
    theirs = national.where(among(col(Case.national_number), numbers), *here)
    found: dict[str, dict[UUID, Household]] = {}
    for number, home in [*session.execute(own), *session.execute(theirs)]:
        found.setdefault(number or "", {})[home.id] = home
    return {number: next(iter(homes.values())) for number, homes in found.items() if len(homes) == 1}
