"""整户迁移: another village manages the household from a day on; until then the former one did."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.households.changes.change import BeforeItBegan, ChangeIn, Doing, take_homes
from services.households.changes.issues_along import issues_move
from services.households.changes.undertakings_along import undertakings_move
from services.kit.store.scope import scope_of
from services.kit.web.errors import DomainError, NotThere

VillageCode = Annotated[str, Field(pattern=r"^[0-9]{12}$", title="村代码")]


class Move(ChangeIn):
    kind: Literal["move"]
    household_id: Annotated[UUID, Field(title="农户")]
    village: VillageCode
    group_name: Annotated[str, Field(max_length=60, title="村民小组")] = ""


class ThereAlready(DomainError):
    zh = "这户已由该村管理。"
    en = "That village manages the household already."


def carry_out(doing: Doing, body: Move) -> None:
    (household,) = take_homes(doing, [body.household_id])
    if not scope_of(doing.session).covers(body.village):
        raise NotThere
    if household.village == body.village:
        raise ThereAlready
    if household.managed_since and doing.on <= household.managed_since:
        raise BeforeItBegan
    household.village, household.managed_since, household.group_name = body.village, doing.on, body.group_name
    issues_move(doing.session, household.id, household.village)
    undertakings_move(doing.session, household.id, household.village)
