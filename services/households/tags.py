"""What a household is or was, from a day until a day, by whose word."""

from datetime import date, datetime
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.facts import facts_changed, lock_households
from services.households.models import Household, Tag
from services.households.policy import allow
from services.kit.store.db import Now, SessionDep
from services.kit.web.errors import DomainError, found

router = APIRouter(prefix="/v1/households/{household_id}/tags", tags=["tags"])

TagKey = Literal["monitored", "formerly_poor", "subsistence_allowance", "extreme_hardship", "no_labour"]


class TagIn(BaseModel):
    """An empty `until` is open. Closing an open tag is sending it again with `until`."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[date, Field(title="起始日")]
    until: Annotated[date | None, Field(title="截止日")] = None
    source: Annotated[str, Field(min_length=1, max_length=200, title="依据")]


class TagOut(TagIn):
    key: str


class TagUpsideDown(DomainError):
    zh = "截止日必须晚于起始日。"
    en = "A tag ends after the day it begins."


@router.put("/{key}", dependencies=[allow("household:write")])
def put_tag(household_id: UUID, key: TagKey, body: TagIn, session: SessionDep, now: Now) -> TagOut:
    """Sets or closes the open tag of that key; the days before stay as they were."""
    lock_households(session, [household_id])
    found(session.get(Household, household_id))
    if body.until and body.until <= body.since:
        raise TagUpsideDown
    set_tag(session, household_id, key, body, now)
    return TagOut(key=key, **body.model_dump())


@router.get("", dependencies=[allow("household:read")])
def list_tags(household_id: UUID, session: SessionDep) -> list[TagOut]:
    found(session.get(Household, household_id))
    rows = session.scalars(select(Tag).where(col(Tag.household_id) == household_id).order_by(col(Tag.valid)))
    return [
        TagOut(key=row.key, since=cast(date, row.valid.lower), until=row.valid.upper, source=row.source) for row in rows
    ]


def set_tag(session: Session, household_id: UUID, key: str, body: TagIn, now: datetime) -> None:
    mine = select(Tag).where(col(Tag.household_id) == household_id, col(Tag.key) == key, func.upper_inf(col(Tag.valid)))
    tag = session.scalar(mine) or Tag(household_id=household_id, key=key, valid=Range(), source="")
    tag.valid, tag.source = Range(body.since, body.until), body.source
    session.add(tag)
    facts_changed(session, [household_id], now)
