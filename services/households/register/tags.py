"""What a household is or was, from a day until a day, by whose word."""

from datetime import date, datetime
from typing import Annotated, TypeAlias, cast
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.facts import facts_changed
from services.households.models.cases import Case
from services.households.models.register import Tag
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.code_sets import words_of
from services.households.register.own_codes import OWN, TAG, refuse_unknown
from services.households.register.past import NOW_KNOWN, Past, PastDep
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/households/{household_id}/tags", tags=["tags"])

MONITORED = "monitored"
TAG_KEY = rf"^({'|'.join(words_of(TAG))}|{OWN[TAG]})$"
TagKey: TypeAlias = Annotated[str, Field(pattern=TAG_KEY)]  # a county's own is looked up where it is written


class TagIn(BaseModel):
    """An empty `until` is open. Closing an open tag is sending it again with `until`. Neither day lies after today: an
    open tag then holds today and a closed one does not, and facts need no clock."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[WrittenDay, Field(title="起始日")]
    until: Annotated[WrittenDay | None, Field(title="截止日")] = None
    source: Annotated[str, Field(min_length=1, max_length=200, title="依据")]


class TagOut(TagIn):
    key: str


class TagUpsideDown(DomainError):
    zh = "截止日必须晚于起始日。"
    en = "A tag ends after the day it begins."


class TagInTheFuture(DomainError):
    zh = "起始日和截止日不能晚于今天。"
    en = "A tag neither begins nor ends after today."


class TagsOverlap(DomainError):
    status = 409
    zh = "这段时间内已有同样的标签。"
    en = "The household has that tag for some of those days already."


class MonitoredByCase(DomainError):
    status = 409
    zh = "这户有正在办理的案卷，监测对象标签随案卷生灭，不能手工设置或取消。"
    en = "The household has an open case, which the tag follows: it is not set or ended by hand."


@router.put("/{key}", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_tag(
    household_id: UUID, key: TagKey, body: TagIn, session: SessionDep, edit: EditDep, today: Today, now: Now
) -> TagOut:
    """Sets or closes the tag that began on `since`, else the open one, whose beginning is mended, else a new one."""
    village = reachable(session, household_id, lock=True).village
    if body.until and body.until <= body.since:
        raise TagUpsideDown
    if max(body.since, body.until or body.since) > today:
        raise TagInTheFuture
    wanted = TagOut(key=key, **body.model_dump())
    held = shown(session, household_id, key)
    edit.check(held or None, held if wanted in held else [wanted])
    if key == MONITORED and wanted not in held and has_open_case(session, household_id):
        raise MonitoredByCase
    if wanted not in held:
        refuse_unknown(session, TAG, [key], village, body.since)
    set_tag(session, household_id, key, body, now)
    edit.told(shown(session, household_id, key))
    return wanted


@router.get("", dependencies=[allow("household:read")])
def list_tags(household_id: UUID, session: SessionDep, past: PastDep) -> list[TagOut]:
    """With those that have ended; of a day, those that held on it."""
    reachable(session, household_id)
    return shown(session, household_id, past=past)


@router.get("/{key}", dependencies=[allow("household:read")], responses=SEEN)
def list_tags_of_key(household_id: UUID, key: TagKey, session: SessionDep, edit: EditDep) -> list[TagOut]:
    reachable(session, household_id)
    held = shown(session, household_id, key)
    edit.told(held or None)
    return held


def shown(session: Session, household_id: UUID, key: str | None = None, past: Past = NOW_KNOWN) -> list[TagOut]:
    tag = past.of(Tag, household_id)
    wanted = select(tag).where(col(tag.household_id) == household_id).order_by(col(tag.valid))
    wanted = wanted.where(past.holds(tag.valid)) if past.as_of else wanted
    rows = session.scalars(past.told(wanted.where(col(tag.key) == key) if key else wanted))
    return [
        TagOut(key=row.key, since=cast(date, row.valid.lower), until=row.valid.upper, source=row.source) for row in rows
    ]


def set_tag(session: Session, household_id: UUID, key: str, body: TagIn, now: datetime) -> None:
    tag = tag_meant(session, household_id, key, body.since)
    tag.valid, tag.source = Range(body.since, body.until), body.source
    session.add(tag)
    try:
        session.flush()
    except IntegrityError as error:
        raise TagsOverlap from error
    facts_changed(session, [household_id], now)


def has_open_case(session: Session, household_id: UUID) -> bool:
    mine = select(col(Case.id)).where(col(Case.household_id) == household_id, col(Case.closed_on).is_(None))
    return session.scalar(mine) is not None


def tag_meant(session: Session, household_id: UUID, key: str, since: date) -> Tag:
    """By its first day before the open one: closing a tag twice must not open and close another."""
    mine = select(Tag).where(col(Tag.household_id) == household_id, col(Tag.key) == key)
    begun = session.scalar(mine.where(func.lower(col(Tag.valid)) == since))
    still_open = mine.where(func.upper_inf(col(Tag.valid)))
    return begun or session.scalar(still_open) or Tag(household_id=household_id, key=key, valid=Range(), source="")
