"""The phone numbers under which a member is reached: whose each is, from when until when."""

from datetime import date
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.households.masks import shown_phone
from services.households.models.people import PERSON_PHONE, PersonPhone
from services.households.policy import allow
from services.households.register.members import member_of
from services.households.register.told import Asked, Telling, TellingDep, ToldIn, refuse_the_future
from services.kit.store.db import SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/households/{household_id}/members/{person_id}/phones", tags=["members"])

Whose = Literal["own", "family", "relative", "neighbour", "cadre", "other"]


class PhoneIn(ToldIn):
    """A number, once told, is not changed: another number is another entry, and the old one ends. Whoever did not tell
    it leaves it out: for them no number is the one that stands. `until` is the first day it was no longer theirs."""

    number: Annotated[str | None, Field(pattern=r"^[0-9]{3,4}-?[0-9]{7,8}$", title="联系电话")] = None
    whose: Annotated[Whose, Field(title="机主（本人、家人、亲属、邻居、干部、其他）")]
    until: Annotated[WrittenDay | None, Field(title="停用日")] = None


class PhoneOut(BaseModel):
    id: UUID
    number_masked: str | None
    whose: str
    since: date
    until: date | None
    doer: str
    recorded_by: str


class PhoneUntold(DomainError):
    zh = "首次填写须有联系电话。"
    en = "A new entry needs its number."


class PhoneNumberStands(DomainError):
    status = 409
    zh = "这一条已有另一个号码；换号请停用它并新增一条。"
    en = "That entry stands for another number or person. End it and make a new one."


class PhoneEndsBeforeItBegins(DomainError):
    zh = "停用日必须晚于起始日，且不能晚于今天。"
    en = "A number ends after the day it begins, and not after today."


@router.put("/{phone_id}", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_phone(
    household_id: UUID,
    person_id: UUID,
    phone_id: UUID,
    body: PhoneIn,
    request: Request,
    telling: TellingDep,
    caller: CallerDep,
) -> PhoneOut:
    member_of(telling.session, Asked(telling.today), household_id, person_id, lock=True)
    refuse_the_future(telling, body)
    if body.until and not body.since < body.until <= telling.today:
        raise PhoneEndsBeforeItBegins
    seal = request.app.state.seal
    phone = telling.session.scalar(one_of(person_id).where(col(PersonPhone.id) == phone_id))
    kept = mended(telling, seal, caller, phone, body) if phone else added(telling, seal, person_id, phone_id, body)
    stands = shown(seal, caller, kept)
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("household:read")])
def list_phones(
    household_id: UUID, person_id: UUID, request: Request, session: SessionDep, caller: CallerDep, today: Today
) -> list[PhoneOut]:
    """The newest first."""
    member_of(session, Asked(today), household_id, person_id)
    rows = session.scalars(one_of(person_id).order_by(col(PersonPhone.valid).desc(), col(PersonPhone.id)).limit(60))
    return [shown(request.app.state.seal, caller, row) for row in rows]


@router.get("/{phone_id}", dependencies=[allow("household:read")], responses=SEEN)
def get_phone(
    household_id: UUID,
    person_id: UUID,
    phone_id: UUID,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    today: Today,
    edit: EditDep,
) -> PhoneOut:
    member_of(session, Asked(today), household_id, person_id)
    phone = found(session.scalar(one_of(person_id).where(col(PersonPhone.id) == phone_id)))
    told = shown(request.app.state.seal, caller, phone)
    edit.told(told)
    return told


def one_of(person_id: UUID) -> Select[PersonPhone]:
    return select(PersonPhone).where(col(PersonPhone.person_id) == person_id)


def added(telling: Telling, seal: Seal, person_id: UUID, phone_id: UUID, body: PhoneIn) -> PersonPhone:
    if body.number is None:
        raise PhoneUntold
    telling.edit.check(None, body)
    phone = PersonPhone(
        id=phone_id,
        person_id=person_id,
        sealed_number=seal.close(body.number, PERSON_PHONE.place(phone_id)),
        whose=body.whose,
        valid=Range(body.since, body.until),
        told_by=telling.who,
        **telling.signed(body.doer),
    )
    telling.session.add(phone)
    try:
        telling.session.flush()
    except IntegrityError as error:  # the id of somebody else's
        raise PhoneNumberStands from error
    return phone


def mended(telling: Telling, seal: Seal, caller: Caller, phone: PersonPhone, body: PhoneIn) -> PersonPhone:
    if body.number and (phone.told_by != telling.who or body.number != number_of(seal, phone)):
        raise PhoneNumberStands
    wanted = (body.whose, Range(body.since, body.until))
    if (phone.whose, phone.valid) != wanted:
        telling.edit.check(shown(seal, caller, phone), body)
        phone.whose, phone.valid = wanted
        phone.sqlmodel_update(telling.signed(body.doer))
        telling.session.add(phone)
        telling.session.flush()
    return phone


def number_of(seal: Seal, phone: PersonPhone) -> str:
    return seal.open(phone.sealed_number, PERSON_PHONE.place(phone.id))


def shown(seal: Seal, caller: Caller, phone: PersonPhone) -> PhoneOut:
    return PhoneOut(
        id=phone.id,
        number_masked=shown_phone(caller, number_of(seal, phone)),
        whose=phone.whose,
        since=cast(date, phone.valid.lower),
        until=phone.valid.upper,
        doer=phone.doer,
        recorded_by=phone.recorded_by,
    )
