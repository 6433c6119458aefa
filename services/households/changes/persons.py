"""A person who is new to the register: with an ID number, or with the reason why there is none and a day for it."""

from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.households.changes.change import Doing
from services.households.models.register import ID_NUMBER, Person
from services.households.register.id_numbers import IdNumber, NotAnIdNumber, read_id_number
from services.kit.store.sealed import take_turn
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

Name = Annotated[str, Field(min_length=1, max_length=60, title="姓名")]
Number = Annotated[str, Field(min_length=15, max_length=18, title="公民身份号码")]


class NumberedPerson(BaseModel):
    """Birth date and sex are read from the number."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    id_number: Number


class UnnumberedPerson(BaseModel):
    """`sex` by GB/T 2261.1."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    birth_date: Annotated[WrittenDay, Field(title="出生日期")]
    sex: Annotated[Literal["1", "2", "9"], Field(title="性别")]
    number_missing: Annotated[str, Field(min_length=1, max_length=100, title="无身份号码的原因")]
    number_due_on: Annotated[WrittenDay, Field(title="应补登日期")]


class NotAValidNumber(DomainError):
    zh = "不是有效的公民身份号码。"
    en = "This is not a valid citizen identity number."


class NumberOfAnother(DomainError):
    status = 409
    zh = "这个身份号码已登记在另一人名下；如系同一人，请办理重复登记合并或迁入。"
    en = "Somebody is registered under that number. If it is the same person, join the two or record an arrival."


class BornLater(DomainError):
    zh = "出生日期不能晚于生效日。"
    en = "Nobody joins a household before being born."


def tells_a_number(body: BaseModel) -> bool:
    """Whether it is answered by whether somebody has that number."""
    return any(getattr(said, "id_number", None) for said in (body, getattr(body, "person", None)))


def register(doing: Doing, told: NumberedPerson | UnnumberedPerson) -> Person:
    if isinstance(told, NumberedPerson):
        number = read_number(doing, told.id_number)
        person = Person(id=uuid4(), name=told.name, birth_date=number.birth_date, sex=number.sex)
        doing.session.add(person)
        give_number(doing, person, number)
    else:
        person = Person(id=uuid4(), **told.model_dump())
        doing.session.add(person)
    if person.birth_date > doing.on:
        raise BornLater
    doing.session.flush()
    return person


def one_number_at_a_time(doing: Doing) -> None:
    """Before the households are locked, as files are taken in."""
    take_turn(doing.session, ID_NUMBER.turn)


def read_number(doing: Doing, written: str) -> IdNumber:
    try:
        return read_id_number(written, demo=doing.demo)
    except NotAnIdNumber as error:
        raise NotAValidNumber from error


def give_number(doing: Doing, person: Person, number: IdNumber) -> None:
    """The constraint refuses one that is taken; one under a key that is being retired is looked up."""
    seal = doing.seal.with_keys_of_now()
    held = select(col(Person.id)).where(col(Person.id_index).in_(seal.indexes(number.text)))
    if doing.session.scalar(held.where(col(Person.id) != person.id)):
        raise NumberOfAnother
    person.id_index, person.number_missing, person.number_due_on = seal.index(number.text), None, None
    person.sealed_id_number = seal.close(number.text, ID_NUMBER.place(person.id))
    person.birth_date, person.sex = number.birth_date, number.sex
    try:
        doing.session.flush()
    except IntegrityError as error:
        raise NumberOfAnother from error
