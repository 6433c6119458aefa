"""What every change of households has in common: its day, its ground, who did it; and the rules that hold whatever it
is. A person is in one household at a time, a household keeps a head and its members, and nothing happens before it
could."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.models.changes import HouseholdChangeCarried, ManagedBefore
from services.households.models.register import Household, Membership, Person
from services.households.reach import HOUSEHOLDS, HouseholdEnded
from services.households.register.relations import HEADS, Relation
from services.households.register.safeguards import NotAMember
from services.kit.store.fields import Seal
from services.kit.store.scope import scoped
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.written import WrittenDay


class ChangeIn(BaseModel):
    """`on` is the first day it holds: it may lie in the past. `done_by` is who handled it, not who recorded it."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    on: Annotated[WrittenDay, Field(title="生效日")]
    ground: Annotated[str, Field(min_length=1, max_length=200, title="事由")]
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="文号")] = None
    done_by: Annotated[str, Field(min_length=1, max_length=60, title="经办人")]


class MemberRelation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person_id: UUID
    relation: Relation


class Leaving(ChangeIn):
    """Where the head leaves, `relations` names a new one among those who stay, and what the others are to them."""

    relations: Annotated[list[MemberRelation], Field(max_length=50, title="留下成员与户主的新关系")] = []


class NotYet(DomainError):
    zh = "生效日不能晚于今天。"
    en = "A change takes effect today or earlier."


class BeforeItBegan(DomainError):
    zh = "生效日早于这户或这项成员关系的起始日，或早于其后的变动；当日新起的，最早次日再变。"
    en = "It had not begun that day, or a later change stands in the way. What began that day changes the next."


class MemberAlready(DomainError):
    status = 409
    zh = "此人现为一户的成员，请办理转户。"
    en = "This person is a member of a household. Record a move between households."


class HeadMustStay(DomainError):
    zh = "户主离开时，须在留下的成员中指明新户主。"
    en = "Where the head leaves, one of those who stay becomes the new head."


class TwoHeads(DomainError):
    zh = "一户只能有一名户主。"
    en = "A household has one head."


class HouseholdEmpty(DomainError):
    zh = "这样变动后户内无人；请改办并户或销户。"
    en = "Nobody would be left. Record a merge, or that the household is gone."


@dataclass
class Doing:
    """A change under way. `homes` are the households it touches, locked; `moved`, whom it touched in each; `into`, the
    household one of them went into; `recorded_by` wrote down what `done_by` handled."""

    session: Session
    seal: Seal
    demo: bool
    id: UUID
    on: date
    today: date
    now: datetime
    homes: dict[UUID, Household] = field(default_factory=dict)
    headed: set[UUID] = field(default_factory=set)
    peopled: set[UUID] = field(default_factory=set)
    moved: dict[UUID, set[UUID]] = field(default_factory=dict)
    goes: list[tuple[UUID, UUID]] = field(default_factory=list)
    ground: str = ""
    done_by: str = ""
    recorded_by: str = ""

    def carried(self, thing: str, rows: Iterable[UUID], from_id: UUID, into_id: UUID) -> None:
        """A row of another room that went along."""
        self.session.add_all(
            HouseholdChangeCarried(change_id=self.id, thing=thing, row_id=row, from_id=from_id, into_id=into_id)
            for row in rows
        )

    def touched(self, household: UUID, person: UUID) -> None:
        self.moved.setdefault(household, set()).add(person)


def take_homes(doing: Doing, ids: Iterable[UUID]) -> list[Household]:
    """All that a change touches, at once and in one order: two changes never hold each other up for good. Outside the
    scope they are not there; one that has ended, or had not begun, cannot change."""
    wanted = sorted(set(ids))
    named = select(Household).where(col(Household.id).in_(wanted)).order_by(col(Household.id))
    mine = scoped(doing.session, named, HOUSEHOLDS).with_for_update().execution_options(populate_existing=True)
    found = {household.id: household for household in doing.session.scalars(mine)}
    if len(found) < len(wanted):
        raise NotThere
    for household in found.values():
        if household.ended_on:
            raise HouseholdEnded
        first = first_day(doing.session, household)
        if first and doing.on < first:
            raise BeforeItBegan
        take_members(doing, household)
    doing.homes |= found
    return [found[one] for one in wanted]


def take_members(doing: Doing, household: Household) -> None:
    members = members_of(doing.session, household.id)
    doing.peopled |= {household.id} if members else set()
    doing.headed |= {household.id} if any(m.relation in HEADS for m in members) else set()


def first_day(session: Session, household: Household) -> date | None:
    """None: as long as we know."""
    before = select(ManagedBefore).where(col(ManagedBefore.household_id) == household.id)
    first = session.scalar(before.order_by(col(ManagedBefore.valid)).limit(1))
    return first.valid.lower if first else household.managed_since


def members_of(session: Session, household_id: UUID) -> list[Membership]:
    here = (col(Membership.household_id) == household_id, func.upper_inf(col(Membership.valid)))
    return list(session.scalars(select(Membership).where(*here).order_by(col(Membership.person_id))))


def membership_of(session: Session, person_id: UUID) -> Membership | None:
    is_open = func.upper_inf(col(Membership.valid))
    wanted = select(Membership).where(col(Membership.person_id) == person_id, is_open)
    return session.scalar(wanted.execution_options(populate_existing=True))


def home_of(doing: Doing, person_id: UUID) -> UUID:
    """Where a person is now; nobody within the scope is not there. Asked again once it is locked (`member`)."""
    membership = membership_of(doing.session, person_id)
    if membership is None:
        raise NotThere
    return membership.household_id


def members(doing: Doing, household_id: UUID, persons: Collection[UUID]) -> list[Membership]:
    """Of these persons in that household, which is locked."""
    found = [m for m in members_of(doing.session, household_id) if m.person_id in set(persons)]
    if len(found) < len(set(persons)):
        raise NotAMember
    return found


def leave(doing: Doing, membership: Membership) -> None:
    """Ends it on that day. One that a file brought is held since the day of the file: if that was later, it began we do
    not know when."""
    begun = membership.valid.lower
    if begun and begun >= doing.on:
        if membership.begun_by or others(doing.session, membership):
            raise BeforeItBegan
        begun = None
    membership.valid, membership.ended_by = Range(begun, doing.on), doing.id
    doing.touched(membership.household_id, membership.person_id)
    doing.session.flush()


def others(session: Session, membership: Membership) -> list[Membership]:
    wanted = select(Membership).where(col(Membership.person_id) == membership.person_id)
    return list(session.scalars(wanted.where(col(Membership.id) != membership.id)))


def join(doing: Doing, person_id: UUID, household_id: UUID, relation: str) -> None:
    """From that day on. Refuses whoever is a member anywhere, within the scope or not."""
    for other in doing.session.scalars(select(Membership).where(col(Membership.person_id) == person_id)):
        if other.valid.upper is None:
            raise MemberAlready
        if other.valid.upper > doing.on:
            raise BeforeItBegan
    days = Range(doing.on, None)
    doing.session.add(
        Membership(household_id=household_id, person_id=person_id, relation=relation, valid=days, begun_by=doing.id)
    )
    doing.touched(household_id, person_id)
    try:
        doing.session.flush()
    except IntegrityError as error:  # in a household outside the scope, or since a moment ago
        raise MemberAlready from error


def relate(doing: Doing, household_id: UUID, relations: Sequence[MemberRelation]) -> None:
    """What those who stay are to the new head, from that day on; on the day they came, from the first."""
    wanted = {told.person_id: told.relation for told in relations}
    for membership in members(doing, household_id, wanted):
        relation = wanted[membership.person_id]
        if membership.relation == relation:
            continue
        if membership.valid.lower and membership.valid.lower >= doing.on:
            membership.relation = relation
        else:
            leave(doing, membership)
            join(doing, membership.person_id, household_id, relation)


def person(doing: Doing, person_id: UUID) -> Person:
    """Locked by the household they are in."""
    held = doing.session.get(Person, person_id, populate_existing=True)
    if held is None:
        raise NotThere
    return held


def keep_the_rules(doing: Doing) -> None:
    """Of every household that goes on. One whose members nobody told us, or no head, is left as it is."""
    for household in doing.homes.values():
        there = members_of(doing.session, household.id)
        heads = [membership for membership in there if membership.relation in HEADS]
        if household.ended_on or not there:
            if there or (household.ended_on is None and household.id in doing.peopled):
                raise HouseholdEmpty
            continue
        if len(heads) > 1:
            raise TwoHeads
        if not heads and household.id in doing.headed:
            raise HeadMustStay
        if heads:
            household.head_name = person(doing, heads[0].person_id).name
