"""Sets of households that an office may be given for, apart from any place: a task group's, an evaluation's draw."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.models.register import Household, HouseholdSet, SetFilter
from services.households.policy import allow, may
from services.households.search.filters import HouseholdFilter, meant, refuse_cases
from services.kit.post.facts import smallest_place
from services.kit.post.grants import announce_grants
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.grants import GRANTS, SetMember
from services.kit.store.reference import next_version
from services.kit.store.scope import Placed, scope_of, scoped, within
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/household-sets", tags=["household sets"])

OWNER = "households"
IN_PLACES = Placed(division=col(Household.village))  # not by a set: a set is made of what one answers for

MOST = 5000
WRITE_MEMBERS = text(
    """
    INSERT INTO set_member (set_id, subject, owner, valid, version, revoked)
    SELECT :set_id, subject, :owner, daterange(:today, NULL), :version, false
    FROM unnest(CAST(:subjects AS uuid[])) AS subject
    ON CONFLICT (set_id, subject) DO UPDATE SET valid = excluded.valid, version = excluded.version, revoked = false
    WHERE set_member.revoked
    """
)
REMOVE_MEMBERS = text(
    """
    UPDATE set_member SET revoked = true, version = :version
    WHERE set_id = :set_id AND NOT revoked AND subject <> ALL (CAST(:subjects AS uuid[]))
    """
)


class SetIn(BaseModel):
    """The whole of it: a household that is left out leaves the set. Either `households`, or a filter, which is asked
    once, now: a set changes when it is put again and never by itself."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60, title="名称")]
    households: Annotated[list[UUID] | None, Field(min_length=1, max_length=MOST, title="农户")] = None
    from_filter: Annotated[HouseholdFilter | None, Field(title="筛选条件")] = None


class SetLine(BaseModel):
    id: UUID
    name: str
    division: str


class SetOut(SetLine):
    """`from_filter` as it was when the set was put. It is asked anew in searches and exports (`saved`); whom the set
    holds, and so whom an office given for it reaches, changes only when it is put again."""

    households: list[UUID]
    from_filter: HouseholdFilter | None


class NamedOrChosen(DomainError):
    zh = "须且只须给出 households 或 from_filter 其中一项。"
    en = "Give either households or from_filter."


class NobodyChosen(DomainError):
    zh = "没有农户符合这个筛选条件。"
    en = "No household is as the filter says."


class TooManyChosen(DomainError):
    zh = "符合条件的农户超过五千户，请缩小范围。"
    en = "More than five thousand households are as the filter says. Please narrow it."


@router.put("/{set_id}", dependencies=[allow("household-set:write")], openapi_extra=repeatable("path"))
def put_household_set(
    set_id: UUID, body: SetIn, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> SetOut:
    """Only of households within the caller's own places; one of them outside is as if it were not there."""
    refuse_cases(caller, body.from_filter or HouseholdFilter())
    chosen = households_of(session, body, today)
    villages = villages_of(session, chosen)
    held = session.scalar(reachable_sets(session).where(col(HouseholdSet.id) == set_id))
    row = held or HouseholdSet(id=set_id, name="", division="", created_by=caller.subject, created_at=now)
    row.name, row.division = body.name, smallest_place(villages)
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of a set elsewhere
        raise NotThere from error
    keep_filter(session, set_id, body.from_filter)
    write_members(session, set_id, sorted(set(chosen)), today, now)
    return shown(session, caller, row)


@router.get("", dependencies=[allow("household:read")])
def list_household_sets(session: SessionDep) -> list[SetLine]:
    rows = session.scalars(reachable_sets(session).order_by(col(HouseholdSet.name)).limit(200))
    return [SetLine(**row.model_dump()) for row in rows]


@router.get("/{set_id}", dependencies=[allow("household:read")])
def get_household_set(set_id: UUID, session: SessionDep, caller: CallerDep) -> SetOut:
    return shown(session, caller, found(session.scalar(reachable_sets(session).where(col(HouseholdSet.id) == set_id))))


def households_of(session: Session, body: SetIn, today: date) -> Sequence[UUID]:
    if (body.households is None) == (body.from_filter is None):
        raise NamedOrChosen
    if body.from_filter is None:
        return body.households or []
    wanted = select(col(Household.id)).where(*meant(body.from_filter, today)).limit(MOST + 1)
    chosen = session.scalars(scoped(session, wanted, IN_PLACES)).all()
    if not chosen:
        raise NobodyChosen
    if len(chosen) > MOST:
        raise TooManyChosen
    return chosen


def reachable_sets(session: Session) -> Select[HouseholdSet]:
    """Those of the caller's places, and those the caller has made, which may span several."""
    scope = scope_of(session)
    placed = within(scope, Placed(division=col(HouseholdSet.division)))
    return select(HouseholdSet).where(placed | (col(HouseholdSet.created_by) == scope.holder))


def villages_of(session: Session, households: Sequence[UUID]) -> list[str]:
    wanted = select(col(Household.id), col(Household.village)).where(col(Household.id).in_(households))
    known = session.execute(scoped(session, wanted, IN_PLACES)).all()
    if len(known) < len(set(households)):
        raise NotThere
    return [row.village for row in known]


def write_members(session: Session, set_id: UUID, subjects: Sequence[UUID], today: date, now: datetime) -> None:
    version = next_version(session, GRANTS)
    told = {"set_id": set_id, "subjects": list(subjects), "version": version}
    session.execute(REMOVE_MEMBERS, told)
    session.execute(WRITE_MEMBERS, told | {"owner": OWNER, "today": today})
    announce_grants(session, OWNER, version, now)


def keep_filter(session: Session, set_id: UUID, chosen: HouseholdFilter | None) -> None:
    session.execute(delete(SetFilter).where(col(SetFilter.set_id) == set_id))
    if chosen:
        session.add(SetFilter(set_id=set_id, **chosen.model_dump()))
    session.flush()


def filter_of(session: Session, set_id: UUID) -> HouseholdFilter | None:
    kept = session.get(SetFilter, set_id, populate_existing=True)
    return HouseholdFilter.model_validate(kept.model_dump(exclude={"set_id"})) if kept else None


def shown(session: Session, caller: Caller, row: HouseholdSet) -> SetOut:
    """Who sees surnames alone is not told the name somebody filtered by."""
    members = select(col(SetMember.subject)).where(col(SetMember.set_id) == row.id, ~col(SetMember.revoked))
    households = list(session.scalars(members.order_by(col(SetMember.subject))))
    kept = filter_of(session, row.id) if may(caller, "name:read") else None
    return SetOut(**row.model_dump(), households=households, from_filter=kept)
