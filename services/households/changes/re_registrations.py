"""补登、更正身份号码，合并重复登记: one human being, one record."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.households.changes.change import (
    Doing,
    Leaving,
    home_of,
    leave,
    members,
    person,
    relate,
    take_homes,
)
from services.households.changes.persons import Number, give_number, one_number_at_a_time, read_number
from services.households.changes.records_along import records_go
from services.households.changes.transfers import persons_follow
from services.households.changes.voices_along import codes_end
from services.households.models.register import ID_NUMBER, Person
from services.households.register.id_numbers import IdNumber
from services.kit.web.errors import DomainError


class ReRegistration(Leaving):
    """`person_id` is the record that is kept. It gets `id_number`, its first or a corrected one; or `duplicate_id`, the
    same human being registered once more, goes into it, with the number if only that one has it."""

    kind: Literal["re_registration"]
    person_id: Annotated[UUID, Field(title="保留的登记")]
    id_number: Annotated[Number | None, Field(title="公民身份号码")] = None
    duplicate_id: Annotated[UUID | None, Field(title="重复的登记")] = None


class NothingToRegister(DomainError):
    zh = "须填写身份号码或重复的登记，且重复的登记不能是本人这一条。"
    en = "Tell a number, or another record of the same person."


class NumbersDiffer(DomainError):
    status = 409
    zh = "两条登记的身份号码不同，请填写正确的号码。"
    en = "The two records have different numbers. Tell the right one."


def carry_out(doing: Doing, body: ReRegistration) -> None:
    if (body.id_number is None and body.duplicate_id is None) or body.duplicate_id == body.person_id:
        raise NothingToRegister
    one_number_at_a_time(doing)
    home = home_of(doing, body.person_id)
    doubled = home_of(doing, body.duplicate_id) if body.duplicate_id else home
    take_homes(doing, [home, doubled])
    members(doing, home, [body.person_id])
    doing.touched(home, body.person_id)
    told = read_number(doing, body.id_number) if body.id_number else None
    kept = person(doing, body.person_id)
    if body.duplicate_id:
        told = join_records(doing, kept, doubled, body.duplicate_id, told)
        relate(doing, doubled, body.relations)
        if doubled != home:
            persons_follow(doing, doing.homes[doubled], doing.homes[home], [body.duplicate_id])
            codes_end(doing, doubled)
        records_go(doing, kept, person(doing, body.duplicate_id), home)
    if told:
        give_number(doing, kept, told)


def join_records(
    doing: Doing, kept: Person, doubled: UUID, duplicate_id: UUID, told: IdNumber | None
) -> IdNumber | None:
    """The other record ends that day and names this one. Answers the number to be given to the one that is kept."""
    for membership in members(doing, doubled, [duplicate_id]):
        leave(doing, membership)
    duplicate = person(doing, duplicate_id)
    numbers = {number_of(doing, one) for one in (kept, duplicate)} - {None}
    if told is None and len(numbers) > 1:
        raise NumbersDiffer
    duplicate.same_as, duplicate.id_index, duplicate.sealed_id_number = kept.id, None, None
    doing.session.flush()
    return told or next((read_number(doing, number) for number in numbers if number), None)


def number_of(doing: Doing, of: Person) -> str | None:
    return doing.seal.open(of.sealed_id_number, ID_NUMBER.place(of.id)) if of.sealed_id_number else None
