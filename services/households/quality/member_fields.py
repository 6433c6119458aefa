"""What of a member another register's file is held against, as both sides write it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from services.households.imports.circumstances import COLUMNS, NEWEST
from services.households.masks import shown_id_number
from services.households.models.register import Household, Membership, Person
from services.households.quality.fields import alike, as_shown, name_shown
from services.households.register.code_sets import lasting_labels, words_of
from services.households.register.households import id_number_of
from services.households.register.relations import tells_less
from services.kit.store.fields import Seal
from services.kit.store.sets import among
from services.kit.web.auth import Caller

SO = text(f"SELECT p.id AS person_id, c.* FROM person p {NEWEST} WHERE p.id = ANY (:ids)")  # noqa: S608  # constants
MEMBER = "成员"  # whether somebody stands on both sides
NAME, ID_NUMBER, BORN, RELATION = "姓名", "证件号码", "出生日期", "与户主关系"


class HeldMember(NamedTuple):
    """A member as we have them; `so` is what of their circumstances was told last."""

    person: Person
    relation: str
    id_number: str
    so: Mapping[str, Any]


def number_shown(_: Caller, value: str) -> str:
    return shown_id_number(value) or ""


class MemberField(NamedTuple):
    """Ours as a code of the set `key`, where there is one. What is masked is no correction and stands in no file."""

    ours: Callable[[HeldMember], str]
    key: str | None = None
    shown: Callable[[Caller, str], str] = as_shown
    masked: bool = False

    def written(self, held: HeldMember) -> str:
        """With the first label there is for the code."""
        code = self.ours(held)
        if self.key is None:
            return code
        return words_of(self.key).get(code, code)

    def agrees(self, held: HeldMember, theirs: str) -> bool:
        """By codes where theirs is a label: 之子 is right of a 长子."""
        ours, told = self.ours(held), lasting_labels(self.key).get(theirs.strip()) if self.key else None
        if told is None:
            return alike(self.written(held), theirs)
        return ours == told or (self.key == "relation" and tells_less(told, ours))


class BornField(MemberField):
    def agrees(self, held: HeldMember, theirs: str) -> bool:
        """19600101, 1960-01-01, 1960/01/01."""
        return "".join(filter(str.isdigit, theirs)) == f"{held.person.birth_date:%Y%m%d}"


def told_last(field: str) -> Callable[[HeldMember], str]:
    return lambda held: held.so.get(field) or ""


MEMBER_FIELDS: Mapping[str, MemberField] = {
    NAME: MemberField(lambda held: held.person.name, shown=name_shown),
    ID_NUMBER: MemberField(lambda held: held.id_number, shown=number_shown, masked=True),
    RELATION: MemberField(lambda held: held.relation, "relation"),
    BORN: BornField(lambda held: held.person.birth_date.isoformat()),
    "性别": MemberField(lambda held: held.person.sex, "sex"),
} | {header: MemberField(told_last(field), key) for header, (field, key) in COLUMNS.items()}
MEMBER_COLUMNS = tuple(MEMBER_FIELDS)


def held_members(session: Session, seal: Seal, homes: Sequence[Household]) -> dict[UUID, list[HeldMember]]:
    """Those present now, by household."""
    of = among(col(Membership.household_id), [home.id for home in homes])
    present = select(Membership, Person).join(Person, col(Person.id) == col(Membership.person_id))
    found = session.execute(present.where(of, func.upper_inf(col(Membership.valid)))).all()
    told = session.execute(SO, {"ids": [person.id for _, person in found]}).mappings()
    so = {row["person_id"]: dict(row) for row in told}
    held: dict[UUID, list[HeldMember]] = {home.id: [] for home in homes}
    for membership, person in found:
        number = id_number_of(seal, person) or ""
        held[membership.household_id].append(HeldMember(person, membership.relation, number, so[person.id]))
    return held


def member_meant(members: Sequence[HeldMember], cells: Mapping[str, str]) -> HeldMember | None:
    """By the ID number, else by name and birth date, else by a name that one member alone has."""
    number = cells.get(ID_NUMBER, "").upper()
    for held in members:
        if number and held.id_number == number:
            return held
    named = [held for held in members if MEMBER_FIELDS[NAME].agrees(held, cells.get(NAME, ""))]
    born = [held for held in named if BORN in cells and MEMBER_FIELDS[BORN].agrees(held, cells[BORN])]
    return born[0] if born else named[0] if len(named) == 1 else None
