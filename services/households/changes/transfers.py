"""转户: members of one household join another: by marriage, or to live with kin."""

from collections.abc import Collection
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.households.changes.cases_along import open_case
from services.households.changes.change import (
    Doing,
    Leaving,
    MemberRelation,
    join,
    leave,
    members,
    relate,
    take_homes,
)
from services.households.changes.help_along import help_goes, plans_follow
from services.households.changes.voices_along import codes_end
from services.households.models.register import Household
from services.kit.web.errors import DomainError


class Transfer(Leaving):
    """`persons`: who moves, and what each is to the head of the household they join."""

    kind: Literal["transfer"]
    household_id: Annotated[UUID, Field(title="转出农户")]
    into_id: Annotated[UUID, Field(title="转入农户")]
    why: Annotated[Literal["marriage", "support", "other"], Field(title="转户原因")]
    persons: Annotated[list[MemberRelation], Field(min_length=1, max_length=50, title="转户的成员")]


class SameHousehold(DomainError):
    zh = "转出和转入、并入和被并的不能是同一户。"
    en = "A household cannot go into itself."


def carry_out(doing: Doing, body: Transfer) -> None:
    if body.household_id == body.into_id:
        raise SameHousehold
    take_homes(doing, [body.household_id, body.into_id])
    former, into = doing.homes[body.household_id], doing.homes[body.into_id]
    bring(doing, former.id, into.id, body.persons)
    relate(doing, former.id, body.relations)
    persons_follow(doing, former, into, [one.person_id for one in body.persons])
    codes_end(doing, former.id)
    doing.goes.append((body.household_id, body.into_id))


def bring(doing: Doing, household_id: UUID, into_id: UUID, persons: list[MemberRelation]) -> None:
    told = {one.person_id: one.relation for one in persons}
    for membership in members(doing, household_id, told):
        leave(doing, membership)
        join(doing, membership.person_id, into_id, told[membership.person_id])


def persons_follow(doing: Doing, former: Household, into: Household, persons: Collection[UUID]) -> None:
    """What is being done for them, and what they receive. The case stays with the household."""
    case = open_case(doing.session, into.id)
    moved = help_goes(doing, former.id, into.id, persons, case=case.id if case else None)
    plans_follow(doing, former, into, moved, whole=False)
