"""转户: members of one household join another: by marriage, or to live with kin."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

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
    bring(doing, body.household_id, body.into_id, body.persons)
    relate(doing, body.household_id, body.relations)
    doing.goes.append((body.household_id, body.into_id))


def bring(doing: Doing, household_id: UUID, into_id: UUID, persons: list[MemberRelation]) -> None:
    told = {one.person_id: one.relation for one in persons}
    for membership in members(doing, household_id, told):
        leave(doing, membership)
        join(doing, membership.person_id, into_id, told[membership.person_id])
