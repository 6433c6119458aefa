"""销户: a household is gone: nobody is left, all have moved away for good, or there never was one."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.households.changes.cases_along import cases_end
from services.households.changes.change import ChangeIn, Doing, members_of, person, take_homes
from services.households.changes.ends import end
from services.households.changes.help_along import help_ends
from services.households.changes.sets_along import sets_follow
from services.households.changes.voices_along import codes_end


class Ending(ChangeIn):
    """`died_out`: whoever was still there has died, on `on`."""

    kind: Literal["ending"]
    household_id: Annotated[UUID, Field(title="农户")]
    why: Annotated[Literal["died_out", "moved_away", "registered_wrongly", "other"], Field(title="销户原因")]


def carry_out(doing: Doing, body: Ending) -> None:
    (household,) = take_homes(doing, [body.household_id])
    if body.why == "died_out":
        for membership in members_of(doing.session, household.id):
            person(doing, membership.person_id).died_on = body.on
    end(doing, household)
    cases_end(doing, household)
    help_ends(doing, household.id)
    codes_end(doing, household.id)
    sets_follow(doing, household.id, None, leaves=True)
