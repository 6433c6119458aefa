"""分户: named members of a household become one of their own, in the same village."""

from collections.abc import Collection
from typing import Annotated, Literal
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy.exc import IntegrityError

from services.households.changes.cases_along import branch_case, open_case
from services.households.changes.change import BeforeItBegan, Doing, Leaving, MemberRelation, relate, take_homes
from services.households.changes.ends import carry_tags
from services.households.changes.help_along import copy_plan, help_goes, plans_follow
from services.households.changes.sets_along import sets_follow
from services.households.changes.transfers import bring
from services.households.changes.voices_along import codes_end
from services.households.models.register import Household
from services.kit.web.errors import DomainError


class Split(Leaving):
    """`members`: who goes, and what each is to the new head, who is one of them. The new household keeps the open tags
    of the one it comes from: nobody falls out of help by a change of papers."""

    kind: Literal["split"]
    household_id: Annotated[UUID, Field(title="原农户")]
    number: Annotated[str, Field(min_length=1, max_length=40, title="新户编号")]
    group_name: Annotated[str | None, Field(max_length=60, title="村民小组")] = None
    members: Annotated[list[MemberRelation], Field(min_length=1, max_length=50, title="分出的成员")]


class NumberTaken(DomainError):
    status = 409
    zh = "这个户编号已在使用。"
    en = "That number is in use."


def carry_out(doing: Doing, body: Split) -> None:
    (old,) = take_homes(doing, [body.household_id])
    if old.managed_since and doing.on < old.managed_since:
        raise BeforeItBegan
    new = new_household(doing, body, old)
    bring(doing, old.id, new.id, body.members)
    relate(doing, old.id, body.relations)
    carry_tags(doing, old.id, new.id)
    split_up(doing, old, new, [one.person_id for one in body.members])
    doing.goes.append((old.id, new.id))


def new_household(doing: Doing, body: Split, old: Household) -> Household:
    """It must have a head, who is told to its members by their relations."""
    group = old.group_name if body.group_name is None else body.group_name
    new = Household(
        id=uuid4(),
        number=body.number,
        village=old.village,
        group_name=group,
        head_name="",
        managed_since=doing.on,
        created_at=doing.now,
    )
    doing.session.add(new)
    try:
        doing.session.flush()
    except IntegrityError as error:
        raise NumberTaken from error
    doing.homes[new.id] = new
    doing.headed.add(new.id)
    doing.peopled.add(new.id)
    return new


def split_up(doing: Doing, old: Household, new: Household, persons: Collection[UUID]) -> None:
    """Each part has a case where there was one, and a plan; the measures and payments of those who went."""
    branch_case(doing, old, new)
    case = open_case(doing.session, new.id)
    moved = help_goes(doing, old.id, new.id, persons, case=case.id if case else None)
    copy_plan(doing, old.id, new.id, moved)
    plans_follow(doing, old, new, moved, whole=False)
    codes_end(doing, old.id)
    sets_follow(doing, old.id, new.id, leaves=False)
