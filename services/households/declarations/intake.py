"""A villager without an account declares hardship, or somebody for them. Answered with a receipt."""

import secrets
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select, text
from sqlmodel import Session, col

from services.households.declarations.due import ANSWER_DAYS, due_day, written_day
from services.households.declarations.hearing import HEARD, VILLAGER, new_code
from services.households.models.register import Household, Membership, Person
from services.households.models.voices import SECRET, WORDS, SelfDeclaration
from services.households.register.id_numbers import IdNumberUnsound, NotAnIdNumber, read_id_number
from services.kit.post.events import emit
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.sealed import take_turn
from services.kit.web.audited import acts, tell
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/self-declarations", tags=["self-declarations"])

RECEIVED, PLACED = "self_declaration.received", "self_declaration.placed"

KNOWN_PLACE = text("SELECT 1 FROM division WHERE length(code) >= 6 AND :place ^@ code LIMIT 1")

Phone = Annotated[str, Field(pattern=r"^\+?[0-9]{5,20}$", title="联系电话")]


class Proxy(BaseModel):
    """Who declares for somebody that cannot: on whose behalf is in the declaration itself."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60, title="代办人姓名")]
    relation: Annotated[str, Field(min_length=1, max_length=40, title="与申报人关系")]
    reason: Annotated[str, Field(min_length=2, max_length=200, title="代办原因")]
    phone: Phone | None = None


class Words(BaseModel):
    """What was said, sealed together."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60, title="申报人姓名")]
    id_number: Annotated[str | None, Field(pattern=r"^([0-9]{15}|[0-9]{17}[0-9Xx])$", title="证件号码")] = None
    phone: Phone | None = None
    text: Annotated[str, Field(min_length=2, max_length=1_000, title="困难情况")]
    proxy: Annotated[Proxy | None, Field(title="代办人")] = None


class DeclarationIn(Words):
    """`id` is the declarant's own and makes the write repeatable. `village` is its code, or the township's."""

    id: UUID
    village: Annotated[str, Field(pattern=r"^[0-9]{9}([0-9]{3})?$", title="所在村或乡镇")]


class ReceiptOut(BaseModel):
    """`number` and `secret` together read the status; the secret is told here and to nobody else."""

    id: UUID
    number: Annotated[str, Field(title="回执号")]
    secret: Annotated[str, Field(title="查询码")]
    due_on: Annotated[date | None, Field(title="最迟答复日")]


class NoSuchPlace(DomainError):
    zh = "本县没有这个村或乡镇，请核对。"
    en = "There is no such village or township in this county."


class DeclaredBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份内容不同的申报。"
    en = "That id stands for another declaration already."


@router.post("", status_code=201, dependencies=[HEARD], openapi_extra=repeatable("body.id"))
def create_self_declaration(
    body: DeclarationIn, request: Request, session: UnboundSessionDep, today: Today, now: Now
) -> ReceiptOut:
    """Nothing of the register is told: neither whether the household is known, nor to whom it went."""
    acts(request, VILLAGER)
    tell(request, body.id, division=body.village)
    state = request.app.state
    return take_declaration(session, state.seal, body, today, now, demo=state.settings.demo_people)


def take_declaration(
    session: Session, seal: Seal, body: DeclarationIn, today: date, now: datetime, *, demo: bool
) -> ReceiptOut:
    take_turn(session, f"self-declaration:{body.id}")
    if held := session.get(SelfDeclaration, body.id):
        return told_again(seal, held, body)
    household = household_of(session, seal, body, demo=demo)
    if session.scalar(KNOWN_PLACE, {"place": body.village}) is None:
        raise NoSuchPlace
    secret = new_code()
    declared = SelfDeclaration(
        id=body.id,
        number=f"{secrets.randbelow(10**12):012d}",
        village=body.village,
        household_id=household,
        sealed_words=seal.close(said_in(body).model_dump_json(), WORDS.place(body.id)),
        sealed_secret=seal.close(secret, SECRET.place(body.id)),
        received_at=now,
        due_on=due_day(session, ANSWER_DAYS, body.village, today),
    )
    session.add(declared)
    emit(session, RECEIVED, declared.id, now, division=declared.village, data={"due_on": written_day(declared.due_on)})
    if household:
        told = {"declaration_id": str(declared.id), "household": str(household)}
        emit(session, PLACED, declared.id, now, division=declared.village, data=told)
    return ReceiptOut(id=declared.id, number=declared.number, secret=secret, due_on=declared.due_on)


def said_in(body: DeclarationIn) -> Words:
    return Words.model_validate(body.model_dump(exclude={"id", "village"}))


def told_again(seal: Seal, held: SelfDeclaration, body: DeclarationIn) -> ReceiptOut:
    """To whoever sends the same words under the same id; what is purged is told to nobody."""
    if held.sealed_words is None or held.sealed_secret is None:
        raise DeclaredBefore
    if words_of(seal, held) != said_in(body) or held.village != body.village:
        raise DeclaredBefore
    secret = seal.open(held.sealed_secret, SECRET.place(held.id))
    return ReceiptOut(id=held.id, number=held.number, secret=secret, due_on=held.due_on)


def words_of(seal: Seal, held: SelfDeclaration) -> Words | None:
    if held.sealed_words is None:
        return None
    return Words.model_validate_json(seal.open(held.sealed_words, WORDS.place(held.id)))


def household_of(session: Session, seal: Seal, body: DeclarationIn, *, demo: bool) -> UUID | None:
    """By ID number and place together: a number alone, which others may know, ties nobody to a household elsewhere."""
    if body.id_number is None:
        return None
    try:
        number = read_id_number(body.id_number, demo=demo).text
    except NotAnIdNumber as error:
        raise IdNumberUnsound from error
    member = select(col(Household.id)).join(Membership, col(Membership.household_id) == Household.id)
    numbered = member.join(Person, col(Person.id) == Membership.person_id).where(
        col(Person.id_index).in_(seal.indexes(number)),
        func.upper_inf(col(Membership.valid)),
        col(Household.village).startswith(body.village),
    )
    return session.scalar(numbered)
