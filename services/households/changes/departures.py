"""迁出: members leave for a place outside the register: by marriage, or for good. The rest of the household stays."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.households.changes.change import Doing, Leaving, leave, members, relate, take_homes
from services.households.changes.help_along import help_ends
from services.households.changes.voices_along import codes_end


class Departure(Leaving):
    kind: Literal["departure"]
    household_id: Annotated[UUID, Field(title="农户")]
    why: Annotated[Literal["marriage", "moved_away", "other"], Field(title="迁出原因")]
    persons: Annotated[list[UUID], Field(min_length=1, max_length=50, title="迁出的成员")]


def carry_out(doing: Doing, body: Departure) -> None:
    take_homes(doing, [body.household_id])
    for membership in members(doing, body.household_id, body.persons):
        leave(doing, membership)
    relate(doing, body.household_id, body.relations)
    help_ends(doing, body.household_id, body.persons)
    codes_end(doing, body.household_id)
