"""出生: a child joins the household; the ID number is to follow by a day."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.households.changes.change import ChangeIn, Doing, join, take_homes
from services.households.changes.persons import UnnumberedPerson, register
from services.households.register.relations import Relation


class Birth(ChangeIn):
    kind: Literal["birth"]
    household_id: Annotated[UUID, Field(title="农户")]
    person: Annotated[UnnumberedPerson, Field(title="新生儿")]
    relation: Relation


def carry_out(doing: Doing, body: Birth) -> None:
    take_homes(doing, [body.household_id])
    join(doing, register(doing, body.person).id, body.household_id, body.relation)
