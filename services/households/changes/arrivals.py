"""迁入: somebody comes into a household from outside the register: by marriage, adoption, or coming back."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import col

from services.households.changes.change import ChangeIn, Doing, join, person, take_homes
from services.households.changes.help_along import payments_follow
from services.households.changes.persons import NumberedPerson, UnnumberedPerson, one_number_at_a_time, register
from services.households.models.register import Household, Membership
from services.households.reach import HOUSEHOLDS
from services.households.register.relations import Relation
from services.kit.store.scope import scoped
from services.kit.web.errors import DomainError, found


class KnownPerson(BaseModel):
    """Of somebody who left before."""

    model_config = ConfigDict(extra="forbid")

    person_id: Annotated[UUID, Field(title="曾登记的人")]


class Arrival(ChangeIn):
    kind: Literal["arrival"]
    household_id: Annotated[UUID, Field(title="农户")]
    why: Annotated[Literal["marriage", "adoption", "return", "other"], Field(title="迁入原因")]
    person: Annotated[NumberedPerson | UnnumberedPerson | KnownPerson, Field(title="迁入的人")]
    relation: Relation


class HasDied(DomainError):
    zh = "此人已登记死亡，或其登记已并入另一人。"
    en = "This person is recorded as dead, or was joined with another record."


def carry_out(doing: Doing, body: Arrival) -> None:
    one_number_at_a_time(doing)
    take_homes(doing, [body.household_id])
    comes = who(doing, body)
    join(doing, comes, body.household_id, body.relation)
    payments_follow(doing, comes, body.household_id)


def who(doing: Doing, body: Arrival) -> UUID:
    if not isinstance(body.person, KnownPerson):
        return register(doing, body.person).id
    once = select(col(Membership.id)).where(col(Membership.person_id) == body.person.person_id)
    once = once.join(Household, col(Household.id) == col(Membership.household_id))
    found(doing.session.scalar(scoped(doing.session, once, HOUSEHOLDS).limit(1)))
    held = person(doing, body.person.person_id)
    if held.died_on or held.same_as:
        raise HasDied
    return held.id
