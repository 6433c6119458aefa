"""死亡: a member dies. Of a household where nobody is left the end is recorded instead (endings.py)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.households.changes.change import Doing, Leaving, home_of, leave, members, person, relate, take_homes
from services.households.changes.help_along import help_ends


class Death(Leaving):
    """`on` is the day of death."""

    kind: Literal["death"]
    person_id: Annotated[UUID, Field(title="死者")]


def carry_out(doing: Doing, body: Death) -> None:
    home = home_of(doing, body.person_id)
    take_homes(doing, [home])
    for membership in members(doing, home, [body.person_id]):
        leave(doing, membership)
    person(doing, body.person_id).died_on = body.on
    relate(doing, home, body.relations)
    help_ends(doing, home, [body.person_id])
