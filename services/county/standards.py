"""Standards: lines, thresholds and limits that differ by place, class or year, each with the document that set it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.county.policy import allow
from services.county.reference import announce
from services.kit.store.db import Now, SessionDep
from services.kit.store.reference import next_version
from services.kit.store.tables import Standard
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/standards", tags=["standards"], route_class=Repeatable)


FIGURE = {
    "title": "数值",
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": 10**12, "multipleOf": 0.0001},
        {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,4})?$"},
    ],
}
StandardName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,60}$", title="标准")]


class StandardIn(BaseModel):
    """Money is in fen. `valid_until` is the first day it no longer holds; empty while it does."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    key: StandardName
    division: Annotated[str, Field(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$", title="适用区划")]
    population_class: Annotated[str, Field(max_length=40, title="适用人群")] = ""
    valid_from: Annotated[WrittenDay, Field(title="起始日")]
    valid_until: Annotated[WrittenDay | None, Field(title="失效日")] = None
    value: Annotated[Decimal, Field(ge=0, lt=10**12, decimal_places=4, title="数值"), WithJsonSchema(FIGURE)]
    unit: Annotated[str, Field(min_length=1, max_length=40, title="单位")]
    document_no: Annotated[str, Field(min_length=2, max_length=100, title="文号")]
    source: Annotated[str, Field(max_length=500, title="出处")] = ""


class StandardOut(StandardIn):
    pass


class ValidUntilIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    valid_until: Annotated[WrittenDay, Field(title="失效日")]  # the first day it no longer holds


class AlreadySet(DomainError):
    status = 409
    zh = "同一标准在这些日子、这个地方已有数值。"
    en = "That standard has a value already on some of those days in that place."


class EndsBeforeItBegins(DomainError):
    zh = "失效日必须晚于起始日。"
    en = "A standard must end after the day it begins."


class SentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一条标准。"
    en = "That id stands for another standard already."


@router.post("", status_code=201, dependencies=[allow("frame:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_standard(body: StandardIn, session: SessionDep, now: Now) -> StandardOut:
    """Repeatable by `id`. Two values of one key, place and class on one day are refused by the database."""
    if body.valid_until and body.valid_until <= body.valid_from:
        raise EndsBeforeItBegins
    sent = StandardOut(**body.model_dump())
    existing = session.get(Standard, body.id)
    if existing:
        if shown(existing) != sent:
            raise SentBefore
        return sent
    version = next_version(session, "standards")
    kept = body.model_dump(exclude={"valid_from", "valid_until"})
    session.add(Standard(**kept, valid=Range(body.valid_from, body.valid_until), version=version))
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadySet(f"{body.key} · {body.division}") from error
    announce(session, "standards", version, now)
    return sent


@router.get("/{standard_id}/valid-until", dependencies=[allow("frame:read")], responses=SEEN)
def get_valid_until(standard_id: UUID, session: SessionDep, edit: EditDep) -> StandardOut:
    row = found(session.get(Standard, standard_id))
    edit.told(row.valid.upper)
    return shown(row)


@router.put(
    "/{standard_id}/valid-until",
    dependencies=[allow("frame:write")],
    openapi_extra=repeatable("path"),
    responses=EDITED,
)
def put_valid_until(standard_id: UUID, body: ValidUntilIn, session: SessionDep, edit: EditDep, now: Now) -> StandardOut:
    """Ends a standard, so that another can follow it. The same day sent again changes nothing."""
    row = found(session.get(Standard, standard_id, with_for_update=True))
    edit.check(row.valid.upper, body.valid_until)
    begins = cast(date, row.valid.lower)
    if body.valid_until <= begins:
        raise EndsBeforeItBegins
    taken = AlreadySet(f"{row.key} · {row.division}")
    if row.valid.upper != body.valid_until:
        row.valid, row.version = Range(begins, body.valid_until), next_version(session, "standards")
        try:
            session.flush()
        except IntegrityError as error:
            raise taken from error
        announce(session, "standards", row.version, now)
    edit.told(row.valid.upper)
    return shown(row)


@router.get("", dependencies=[allow("frame:read")])
def list_standards(session: SessionDep, paging: PagingDep, key: StandardName | None = None) -> Page[StandardOut]:
    """By key and place."""
    wanted = select(Standard)
    if key:
        wanted = wanted.where(col(Standard.key) == key)
    rows, following = paging.read(session, wanted, col(Standard.key), col(Standard.division), col(Standard.id))
    return Page(rows=[shown(row) for (row,) in rows], next=following)


def shown(row: Standard) -> StandardOut:
    kept = row.model_dump(exclude={"valid", "version"})
    return StandardOut(**kept, valid_from=cast(date, row.valid.lower), valid_until=row.valid.upper)
