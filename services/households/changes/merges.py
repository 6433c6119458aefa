"""并户: households go into another, with all their members."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.households.changes.cases_along import cases_go
from services.households.changes.change import ChangeIn, Doing, MemberRelation, members_of, take_homes
from services.households.changes.ends import end
from services.households.changes.help_along import copy_plan, help_goes, plans_follow
from services.households.changes.issues_along import issues_go
from services.households.changes.sets_along import sets_follow
from services.households.changes.transfers import SameHousehold, bring
from services.households.changes.undertakings_along import undertakings_go
from services.households.changes.voices_along import voices_go
from services.households.models.register import Household
from services.kit.web.errors import DomainError


class Merge(ChangeIn):
    """`relations`: what everybody of the merged households is to the head of the one they join."""

    kind: Literal["merge"]
    into_id: Annotated[UUID, Field(title="并入农户")]
    merged: Annotated[list[UUID], Field(min_length=1, max_length=10, title="被并农户")]
    relations: Annotated[list[MemberRelation], Field(max_length=100, title="被并成员与户主的关系")]


class RelationMissing(DomainError):
    zh = "须逐一说明被并农户每名成员与户主的关系，且不得列入他人。"
    en = "Say of each member of the merged households, and of nobody else, what they are to the head."


def carry_out(doing: Doing, body: Merge) -> None:
    if body.into_id in body.merged:
        raise SameHousehold
    homes = {household.id: household for household in take_homes(doing, [body.into_id, *body.merged])}
    told = {one.person_id: one for one in body.relations}
    for merged in sorted(set(body.merged)):
        coming = [membership.person_id for membership in members_of(doing.session, merged)]
        if not told.keys() >= set(coming):
            raise RelationMissing
        bring(doing, merged, body.into_id, [told.pop(one) for one in coming])
        end(doing, homes[merged], homes[body.into_id])
        all_follows(doing, homes[merged], homes[body.into_id])
    if told:
        raise RelationMissing


def all_follows(doing: Doing, merged: Household, into: Household) -> None:
    cases_go(doing, merged, into)
    moved = help_goes(doing, merged.id, into.id, None, keep=True)
    copy_plan(doing, merged.id, into.id, moved)
    plans_follow(doing, merged, into, moved, whole=True)
    voices_go(doing, merged.id, into.id)
    issues_go(doing, merged, into)
    undertakings_go(doing, merged, into)
    sets_follow(doing, merged.id, into.id, leaves=True)
