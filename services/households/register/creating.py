"""A household comes into the register with its members, by hand or from another system. Others come as files."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.facts import facts_changed
from services.households.models.register import ID_NUMBER, PHONE, Household, Membership, Person
from services.households.policy import allow
from services.households.register.id_numbers import IdNumberUnsound, NotAnIdNumber, read_id_number
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/households", tags=["register"], route_class=Repeatable)

Name = Annotated[str, Field(min_length=1, max_length=60, title="姓名")]
Relation = Literal["01", "10", "20", "30", "41", "42", "51", "52", "99"]  # GB/T 4761


class NewMember(BaseModel):
    """Birth date and sex are read from the ID number; they are asked for only where there is none."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    name: Name
    relation: Annotated[Relation, Field(title="与户主关系")]
    id_number: Annotated[str | None, Field(pattern=r"^([0-9]{15}|[0-9]{17}[0-9Xx])$", title="证件号码")] = None
    birth_date: Annotated[WrittenDay | None, Field(title="出生日期")] = None
    sex: Annotated[Literal["1", "2", "9"] | None, Field(title="性别")] = None


class NewHousehold(BaseModel):
    """`id` is the client's own and makes the write repeatable, as each member's is."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    number: Annotated[str, Field(min_length=1, max_length=40, title="户编号")]
    village: Annotated[str, Field(pattern=r"^[0-9]{12}$", title="村代码")]
    group_name: Annotated[str, Field(max_length=60, title="村民小组")] = ""
    head_name: Annotated[str, Field(min_length=1, max_length=60, title="户主姓名")]
    phone: Annotated[str | None, Field(pattern=r"^\+?[0-9]{5,20}$", title="联系电话")] = None
    members: Annotated[list[NewMember], Field(max_length=50, title="成员")]


class Told(NamedTuple):
    """Of a member, whether a number said it or the columns."""

    number: str | None
    birth_date: date
    sex: str


class HouseholdMade(BaseModel):
    id: UUID
    number: str
    village: str
    members: list[UUID]


class NumberTaken(DomainError):
    status = 409
    zh = "这个户编号或成员编号已被使用。"
    en = "That household number or id is in use already."


class MemberElsewhere(DomainError):
    status = 409
    zh = "此人已在登记册中，或在名单中出现两次。"
    en = "That person is in the register already, or twice on the list."


class BornWhen(DomainError):
    zh = "没有证件号码的成员须填写出生日期和性别；出生日期不能晚于今天。"
    en = "Without an ID number, a member's birth date and sex are needed; nobody is born after today."


@router.post(
    "", status_code=201, dependencies=[allow("household:write")], openapi_extra=repeatable("body.id", KEPT_FOR)
)
def create_household(
    body: NewHousehold, request: Request, session: UnboundSessionDep, today: Today, now: Now
) -> HouseholdMade:
    """A refusal names every member it holds for, by a pointer into the body. Of a village beyond the caller's places
    the answer is 404. That a number is taken must be told, by whom is not: hence the unbound session."""
    if not scope_of(session).covers(body.village):
        raise NotThere
    state = request.app.state
    told = read_members(body, today, demo=state.settings.demo_people)
    seal = state.seal.pinned()
    refuse_known(session, seal, told)
    session.add(household_of(seal, body, now))
    flush(session)
    add_members(session, seal, body, told, today)
    facts_changed(session, [body.id], now)
    members = [member.id for member in body.members]
    return HouseholdMade(id=body.id, number=body.number, village=body.village, members=members)


def read_members(body: NewHousehold, today: date, *, demo: bool) -> list[Told]:
    """Refuses unsound numbers, all at once; then those of whom too little is said, or what cannot be."""
    told, unsound, wanting = [], [], []
    for place, member in enumerate(body.members):
        try:
            number = read_id_number(member.id_number, demo=demo) if member.id_number else None
        except NotAnIdNumber:
            unsound.append(f"/members/{place}/id_number")
            continue
        born, sex = (number.birth_date, number.sex) if number else (member.birth_date, member.sex)
        if born is None or sex is None or born > today:
            wanting.append(f"/members/{place}")
        else:
            told.append(Told(number.text if number else None, born, sex))
    if unsound:
        raise IdNumberUnsound(" ".join(unsound))
    if wanting:
        raise BornWhen(" ".join(wanting))
    return told


def refuse_known(session: Session, seal: Seal, told: Sequence[Told]) -> None:
    numbers = {place: one.number for place, one in enumerate(told) if one.number}
    if not numbers:
        return
    take_turn(session, ID_NUMBER.turn)  # whoever brings a person looks first whether they are here
    indexes = {place: seal.indexes(number) for place, number in numbers.items()}
    asked = [index for each in indexes.values() for index in each]
    held = set(session.scalars(select(col(Person.id_index)).where(col(Person.id_index).in_(asked))))
    said = Counter(numbers.values())
    known = [place for place, each in indexes.items() if held.intersection(each) or said[numbers[place]] > 1]
    if known:
        raise MemberElsewhere(" ".join(f"/members/{place}" for place in known))


def household_of(seal: Seal, body: NewHousehold, now: datetime) -> Household:
    told = body.model_dump(exclude={"phone", "members"})
    phone = seal.close(body.phone, PHONE.place(body.id)) if body.phone else None
    return Household(**told, sealed_phone=phone, created_at=now)


def add_members(session: Session, seal: Seal, body: NewHousehold, told: Sequence[Told], today: date) -> None:
    session.add_all(person_of(seal, member, one) for member, one in zip(body.members, told, strict=True))
    flush(session)
    since = Range(today, None)
    session.add_all(
        Membership(household_id=body.id, person_id=member.id, relation=member.relation, valid=since)
        for member in body.members
    )
    flush(session)


def person_of(seal: Seal, member: NewMember, told: Told) -> Person:
    return Person(
        id=member.id,
        name=member.name,
        sealed_id_number=seal.close(told.number, ID_NUMBER.place(member.id)) if told.number else None,
        id_index=seal.index(told.number) if told.number else None,
        birth_date=told.birth_date,
        sex=told.sex,
    )


def flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise NumberTaken from error
