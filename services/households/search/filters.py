"""Which households are meant: by a name of theirs, a place, a tag. Of searches, and of sets made from one."""

import re
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, SQLColumnExpression, exists, func, select
from sqlmodel import col

from services.households.models.names import MemberName
from services.households.models.register import Household, Tag
from services.households.register.tags import TagKey

LETTERS = re.compile("[A-Za-z]+")

Place = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]
SEEN = r"[^·•‧・⋅∙●.．･\s]"  # something is left of it when dots and spaces are left out
Sought = Annotated[str, Field(min_length=1, max_length=60, pattern=SEEN, title="姓名或拼音首字母")]


class HouseholdFilter(BaseModel):
    """What is left out does not narrow. `q` is how a member's or the head's name begins, or its pinyin initials."""

    model_config = ConfigDict(extra="forbid")

    q: Sought | None = None
    village: Place | None = None
    tag: Annotated[TagKey | None, Field(title="标签")] = None


def letters_alone(q: str | None) -> bool | None:
    """Then they are initials."""
    return None if q is None else bool(LETTERS.fullmatch(q))


def named(q: str) -> ColumnElement[bool]:
    """The database folds what is asked as it folds what it keeps."""
    if letters_alone(q):
        return func.starts_with(col(MemberName.initials), q.lower())
    return func.starts_with(col(MemberName.folded), func.name_folded(q))


def lies_in(column: SQLColumnExpression[str], village: str | None) -> list[ColumnElement[bool]]:
    """A village is asked for as itself: an index answers that, and no prefix with a filter behind it."""
    if village is None:
        return []
    return [column == village if len(village) == 12 else func.starts_with(column, village)]


def tagged(household: SQLColumnExpression[UUID], tag: str | None) -> list[ColumnElement[bool]]:
    """Who has that tag today: none lies in the future, so an open one holds."""
    if tag is None:
        return []
    mine = select(Tag).where(col(Tag.household_id) == household, col(Tag.key) == tag)
    return [exists(mine.where(func.upper_inf(col(Tag.valid))))]


def meant(chosen: HouseholdFilter) -> list[ColumnElement[bool]]:
    """As conditions on a household."""
    conditions = [*lies_in(col(Household.village), chosen.village), *tagged(col(Household.id), chosen.tag)]
    if chosen.q:
        by_name = select(col(MemberName.household_id)).where(named(chosen.q))
        conditions.append(col(Household.id).in_(by_name))
    return conditions
