"""Which households are meant: by a name, a place, a tag, their case, its clocks. Of searches, sets and exports."""

import re
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, SQLColumnExpression, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.households.cases.cases import State
from services.households.models.cases import Case, CaseClock
from services.households.models.names import MemberName
from services.households.models.register import Household, Tag
from services.households.policy import may
from services.households.register.tags import TagKey
from services.kit.web.auth import Caller
from services.kit.web.errors import NotAllowed

LETTERS = re.compile("[A-Za-z]+")

Place = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]
SEEN = r"[^·•‧・⋅∙●.．･\s]"  # something is left of it when dots and spaces are left out
Sought = Annotated[str, Field(min_length=1, max_length=60, pattern=SEEN, title="姓名或拼音首字母")]


DueWithin = Annotated[int, Field(ge=0, le=366, title="几日内到期")]
Days = tuple[date, date]


class HouseholdFilter(BaseModel):
    """What is left out does not narrow. `q` is how a member's or the head's name begins, or its pinyin initials;
    `case_state` that of the latest case. `overdue` and `due_within` (days, today counts) look at the running clocks of
    an open case; with both either will do."""

    model_config = ConfigDict(extra="forbid")

    q: Sought | None = None
    village: Place | None = None
    tag: Annotated[TagKey | None, Field(title="标签")] = None
    case_state: Annotated[State | None, Field(title="案卷状态")] = None
    overdue: Annotated[bool, Field(title="有环节超期")] = False
    due_within: DueWithin | None = None

    def due(self, today: date) -> Days | None:
        """The first and last due day that is meant, none where clocks are not asked for."""
        if not self.overdue and self.due_within is None:
            return None
        last = today + timedelta(days=-1 if self.due_within is None else self.due_within)
        return date.min if self.overdue else today, last


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


def in_state(state: str | None) -> list[ColumnElement[bool]]:
    """By the latest case of each."""
    if state is None:
        return []
    later = aliased(Case)
    of_theirs = (col(later.household_id) == Case.household_id, col(later.episode) > Case.episode)
    another = exists(select(later).where(*of_theirs))
    return [col(Household.id).in_(select(col(Case.household_id)).where(col(Case.state) == state, ~another))]


def running_out(due: Days | None) -> list[ColumnElement[bool]]:
    if due is None:
        return []
    clock = (col(CaseClock.done_on).is_(None), col(CaseClock.due_on).between(*due), col(Case.closed_on).is_(None))
    theirs = select(col(Case.household_id)).join(CaseClock, col(CaseClock.case_id) == col(Case.id)).where(*clock)
    return [col(Household.id).in_(theirs)]


def refuse_cases(caller: Caller, chosen: HouseholdFilter) -> None:
    """Whom cases are not told learns nothing of them by asking who has one."""
    asked = chosen.case_state or chosen.overdue or chosen.due_within is not None
    if asked and not may(caller, "case:read"):
        raise NotAllowed


def meant(chosen: HouseholdFilter, today: date) -> list[ColumnElement[bool]]:
    """As conditions on a household."""
    conditions = [*lies_in(col(Household.village), chosen.village), *tagged(col(Household.id), chosen.tag)]
    conditions += [*in_state(chosen.case_state), *running_out(chosen.due(today))]
    if chosen.q:
        by_name = select(col(MemberName.household_id)).where(named(chosen.q))
        conditions.append(col(Household.id).in_(by_name))
    return conditions
