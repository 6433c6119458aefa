"""The register: which households a village has, and who lives in one."""

from contextlib import asynccontextmanager
from datetime import date
from itertools import product
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.masks import shown_id_number, shown_name, shown_phone
from services.households.models.facts import HouseholdFacts
from services.households.models.register import ID_NUMBER, PHONE, Household, Membership, Person, Tag
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS, reachable, those_within
from services.households.register.past import AsOf, KnownAt, Past, PastDep
from services.kit.store.barrier import in_a_set, within_division
from services.kit.store.db import SessionDep, now_here, request_session
from services.kit.store.fields import Seal
from services.kit.store.scope import scoped
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import found
from services.kit.web.paging import Cursor, Limit, Page, Paging, paging_of
from services.kit.web.straight import Awaited

router = APIRouter(prefix="/v1/households", tags=["register"])
glances = APIRouter(prefix="/v1/households", tags=["register"], route_class=Awaited)

VILLAGE = 12  # digits: asked for as itself, which an index answers; a longer place is a prefix

LISTED = {
    (whole, numbered, later): f"""
        SELECT id, number, village, group_name, head_name FROM household
        WHERE {"village = %(village)s" if whole else "starts_with(village, %(village)s)"} AND ended_on IS NULL
          AND ({within_division("village")} OR {in_a_set("id")})
          {"AND number = %(number)s" if numbered else ""} {"AND number > %(after)s" if later else ""}
        ORDER BY number LIMIT %(most)s
        """  # noqa: S608  # text of ours
    for whole, numbered, later in product((True, False), repeat=3)
}


class HouseholdLine(BaseModel):
    id: UUID
    number: str
    village: str
    group_name: str
    head_name: str


class MemberOut(BaseModel):
    """Of the ID number only the region is shown; the whole of it is asked for with a reason."""

    person_id: UUID
    name: str
    relation: str
    birth_date: date
    sex: str
    has_id_number: bool
    id_number_masked: str | None
    since: date | None


class HouseholdOut(HouseholdLine):
    """`managed_since` this village, empty where that was never told. One that ended says when (the first day it is no
    more), and into which it went. Facts are of now alone: alerts keeps those of earlier."""

    managed_since: date | None
    ended_on: date | None
    into_id: UUID | None
    housing_grade: str | None
    safe_water: bool | None
    phone_masked: str | None
    members: list[MemberOut]
    tags: list[str]
    facts: dict[str, object] | None


@glances.get("", dependencies=[allow("household:read")])
async def list_households(
    request: Request,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    as_of: AsOf = None,
    known_at: KnownAt = None,
    number: Annotated[str | None, Query(max_length=40, title="户编号")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HouseholdLine]:
    """`village` may be any place of the county. By number. Households that have ended are not listed."""
    caller, today, past = request.state.caller, now_here(request).date(), Past(as_of, known_at)
    paging = paging_of(request, caller.subject, cursor, limit)
    if past:
        async with asynccontextmanager(request_session)(request, today) as session:
            return await run_in_threadpool(list_then, session, caller, paging, village, past, number)
    told = paging.told("after") | {"village": village, "number": number}
    query = LISTED[len(village) == VILLAGE, bool(number), bool(cursor)]
    rows = await request.app.state.glances.rows(request.state.asked, today, query, told)
    page, following = paging.cut(rows, lambda row: [row["number"]])
    shown = [HouseholdLine(**row | {"head_name": shown_name(caller, row["head_name"])}) for row in page]
    return Page(rows=shown, next=following)


def list_then(
    session: Session, caller: Caller, paging: Paging, village: str, past: Past, number: str | None
) -> Page[HouseholdLine]:
    held = past.of(Household)
    lies = past.village(held)
    rows_then = select(held, lies).where(lies.startswith(village), past.lives(held))
    if past.known_at:  # what is within reach hangs on where it lies now
        rows_then = rows_then.join(Household, col(Household.id) == col(held.id))
    wanted = past.told(scoped(session, rows_then, HOUSEHOLDS))
    if number:
        wanted = wanted.where(col(held.number) == number)
    rows, following = paging.read(session, wanted, col(held.number))
    return Page(rows=[line(caller, row, lay) for row, lay in rows], next=following)


@router.get("/{household_id}", dependencies=[allow("household:read")])
def get_household(
    household_id: UUID, request: Request, session: SessionDep, caller: CallerDep, past: PastDep
) -> HouseholdOut:
    reachable(session, household_id)
    household, village = as_it_was(session, household_id, past)
    seal, facts = request.app.state.seal, None if past else session.get(HouseholdFacts, household_id)
    told = facts.model_dump(mode="json", exclude={"subject", "division", "changed"}) if facts else None
    phone = None if past.known_at else phone_of(seal, household)
    here = past.as_of is None or household.managed_since is None or household.managed_since <= past.as_of
    return HouseholdOut(
        **line(caller, household, village).model_dump(),
        managed_since=household.managed_since if here else None,
        ended_on=household.ended_on,
        into_id=next(iter(those_within(session, [household.into_id])), None),
        housing_grade=household.housing_grade,
        safe_water=household.safe_water,
        phone_masked=shown_phone(caller, phone),
        members=members(session, seal, caller, household_id, past),
        tags=tags(session, household_id, past),
        facts=told,
    )


def as_it_was(session: Session, household_id: UUID, past: Past) -> tuple[Household, str]:
    """One that has ended is still read by its id; before it began, or was known, there is nothing."""
    held = past.of(Household)
    lies = past.village(held)
    wanted = select(held, lies).where(col(held.id) == household_id, lies.is_not(None))
    household, village = found(session.execute(past.told(wanted)).first())
    return household, village


def line(caller: Caller, household: Household, village: str) -> HouseholdLine:
    shown = household.model_dump() | {"head_name": shown_name(caller, household.head_name), "village": village}
    return HouseholdLine(**shown)


def members(session: Session, seal: Seal, caller: Caller, household_id: UUID, past: Past) -> list[MemberOut]:
    membership, person = past.of(Membership, household_id), past.of(Person)
    wanted = (
        select(membership, person)
        .join(person, col(person.id) == col(membership.person_id))
        .where(col(membership.household_id) == household_id, past.holds(membership.valid))
        .order_by(col(person.birth_date), col(person.id))
    )
    return [
        MemberOut(
            person_id=person.id,
            name=shown_name(caller, person.name),
            relation=membership.relation,
            birth_date=person.birth_date,
            sex=person.sex,
            has_id_number=person.id_index is not None,
            id_number_masked=None if past.known_at else shown_id_number(id_number_of(seal, person)),
            since=membership.valid.lower,
        )
        for membership, person in session.execute(past.told(wanted))
    ]


def tags(session: Session, household_id: UUID, past: Past) -> list[str]:
    tag = past.of(Tag, household_id)
    wanted = select(col(tag.key)).where(col(tag.household_id) == household_id, past.holds(tag.valid))
    return list(session.scalars(wanted.order_by(col(tag.key))))


def phone_of(seal: Seal, household: Household) -> str | None:
    return seal.open(household.sealed_phone, PHONE.place(household.id)) if household.sealed_phone else None


def id_number_of(seal: Seal, person: Person) -> str | None:
    return seal.open(person.sealed_id_number, ID_NUMBER.place(person.id)) if person.sealed_id_number else None
