"""Somebody who may be in the register twice: two records of one name and birth date, or a file that has the holder of a
number in another household. Pairs are listed where both households are within reach; the county's office sees them all.

Two records of one number there cannot be: the database refuses the second. Two numbers are two people.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.households.masks import shown_name
from services.households.models.names import MemberName
from services.households.models.quality import ClaimedElsewhere, DuplicateDecision
from services.households.models.register import Household, Membership, Person
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.households.search.filters import Place, lies_in
from services.kit.store.db import SessionDep
from services.kit.store.scope import Placed, Scope, scope_of, within
from services.kit.store.sets import among
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.paging import Page, PagingDep

router = APIRouter(tags=["quality"], dependencies=[allow("duplicate:decide")])

NOT_STATED = "9"  # GB/T 2261.1
ONE, OTHER = aliased(MemberName), aliased(MemberName)
HERE, THERE = aliased(Person), aliased(Person)


class RecordOut(BaseModel):
    """A person's record where it stands."""

    person_id: UUID
    name: str
    birth_date: date
    sex: str
    has_id_number: bool
    relation: str
    household_id: UUID
    number: Annotated[str, Field(title="户编号")]
    village: str


class PairOut(BaseModel):
    person: RecordOut
    other: RecordOut


class ClaimOut(BaseModel):
    """The household is the one a file named for the person."""

    person: RecordOut
    household_id: UUID
    number: Annotated[str, Field(title="文件中的户编号")]
    village: str


@router.get("/v1/duplicate-persons")
def list_duplicate_persons(
    session: SessionDep, caller: CallerDep, paging: PagingDep, village: Annotated[Place, Query()]
) -> Page[PairOut]:
    """Present members of two households with one name and one birth date, of whom at most one has an ID number. At
    least the first, whose key is the smaller, or the other lives in `village`, any place of the county."""
    rows, following = paging.read(session, pairs(scope_of(session), village), col(HERE.id), col(THERE.id))
    known = records(session, caller, [one.id for pair in rows for one in pair])
    return Page(rows=[PairOut(person=known[a.id], other=known[b.id]) for a, b in rows], next=following)


@router.get("/v1/claimed-persons")
def list_claimed_persons(
    session: SessionDep, caller: CallerDep, paging: PagingDep, village: Annotated[Place, Query()]
) -> Page[ClaimOut]:
    """Whom a file, by their ID number, had in a household of `village`, while they are a member of another one."""
    rows, following = paging.read(session, claims(scope_of(session), village), col(ClaimedElsewhere.id))
    known = records(session, caller, [claim.person_id for claim, _ in rows])
    told = [
        ClaimOut(person=known[claim.person_id], household_id=of.id, number=of.number, village=of.village)
        for claim, of in rows
    ]
    return Page(rows=told, next=following)


def pairs(scope: Scope, village: str) -> Select[Person, Person]:
    """Both records of each."""
    named_alike = and_(col(OTHER.folded) == ONE.folded, col(OTHER.born) == ONE.born)
    return (
        select(HERE, THERE)
        .select_from(ONE)
        .join(OTHER, and_(named_alike, col(OTHER.subject) > ONE.subject))
        .join(HERE, col(HERE.id) == ONE.subject)
        .join(THERE, col(THERE.id) == OTHER.subject)
        .where(
            col(OTHER.household_id) != ONE.household_id,
            or_(*lies_in(col(ONE.village), village), *lies_in(col(OTHER.village), village)),
            or_(col(HERE.id_index).is_(None), col(THERE.id_index).is_(None)),
            or_(col(HERE.sex) == col(THERE.sex), col(HERE.sex) == NOT_STATED, col(THERE.sex) == NOT_STATED),
            ~decided(col(HERE.id), col(THERE.id), "different"),
            *(within(scope, placed(name)) for name in (ONE, OTHER)),
        )
    )


def claims(scope: Scope, village: str) -> Select[ClaimedElsewhere, Household]:
    """Each with the household a file named."""
    claimed, home = Household, aliased(Household)
    return (
        select(ClaimedElsewhere, claimed)
        .join(claimed, col(claimed.id) == col(ClaimedElsewhere.household_id))
        .join(Membership, col(Membership.person_id) == col(ClaimedElsewhere.person_id))
        .join(home, col(home.id) == col(Membership.household_id))
        .where(
            func.upper_inf(col(Membership.valid)),
            col(Membership.household_id) != col(claimed.id),
            col(claimed.ended_on).is_(None),
            *lies_in(col(claimed.village), village),
            ~decided(col(ClaimedElsewhere.person_id), col(ClaimedElsewhere.household_id), "stays"),
            within(scope, HOUSEHOLDS),
            within(scope, Placed(division=col(home.village), subject=col(home.id))),
        )
    )


def placed(name: Any) -> Placed:
    return Placed(division=col(name.village), subject=col(name.household_id))


def decided(person: Any, other: Any, verdict: str) -> Any:
    mine = select(DuplicateDecision).where(
        col(DuplicateDecision.person_id) == person,
        col(DuplicateDecision.other_id) == other,
        col(DuplicateDecision.verdict) == verdict,
    )
    return exists(mine)


def records(session: Session, caller: Caller, persons: Iterable[UUID]) -> dict[UUID, RecordOut]:
    """Of those who are members somewhere: the lists ask for nobody else."""
    wanted = (
        select(Person, Membership, Household)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .join(Household, col(Household.id) == col(Membership.household_id))
        .where(among(col(Person.id), set(persons)), func.upper_inf(col(Membership.valid)))
    )
    return {person.id: record(caller, person, membership, home) for person, membership, home in session.execute(wanted)}


def record(caller: Caller, person: Person, membership: Membership, household: Household) -> RecordOut:
    return RecordOut(
        person_id=person.id,
        name=shown_name(caller, person.name),
        birth_date=person.birth_date,
        sex=person.sex,
        has_id_number=person.id_index is not None,
        relation=membership.relation,
        household_id=household.id,
        number=household.number,
        village=household.village,
    )
