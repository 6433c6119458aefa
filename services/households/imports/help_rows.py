"""What files of help share: the policy a row names, and the member, by name within the household."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, func, select
from sqlmodel import Session, col

from services.households.imports.upload import Upload, refuse_earlier
from services.households.models.help import Policy
from services.households.models.register import Membership, Person
from services.kit.store.sets import among
from services.kit.web.cells import RowReader, text_up_to

POLICY, MEMBER = "政策代码", "成员姓名"
NO_SUCH_POLICY = (
    "no-such-policy",
    "目录中没有这一天有效的该项政策。",
    "The catalogue has no such policy on that day.",
)
NO_SUCH_MEMBER = ("no-such-member", "这户没有这个姓名的成员。", "The household has no member of that name.")
SEVERAL = ("several-of-that-name", "这户有同名成员，请逐条登记。", "Several members bear that name: record it by hand.")
NAME_ONE = ("person-not-named", "这项政策给予个人，须填成员姓名。", "That policy is given to persons: name one.")
OTHERWISE = (
    "recorded-otherwise",
    "已有内容不同的同一记录，请逐条更正。",
    "It is recorded already, with another content: mend it by hand.",
)


class Lists(NamedTuple):
    """Looked up once for all rows of a part."""

    policies: Mapping[str, Sequence[Policy]]
    members: Mapping[tuple[UUID, str], Sequence[UUID]]


def look_up(session: Session, keys: set[str], households: set[UUID]) -> Lists:
    policies: dict[str, list[Policy]] = {}
    for policy in session.scalars(select(Policy).where(among(col(Policy.key), keys))):
        policies.setdefault(policy.key, []).append(policy)
    named = select(col(Membership.household_id), col(Person.name), col(Person.id))
    here = named.join(Person, col(Person.id) == col(Membership.person_id)).where(
        among(col(Membership.household_id), households), func.upper_inf(col(Membership.valid))
    )
    members: dict[tuple[UUID, str], list[UUID]] = {}
    for household_id, name, person_id in session.execute(here):
        members.setdefault((household_id, name), []).append(person_id)
    return Lists(policies, members)


def keys_of(readers: Sequence[RowReader]) -> set[str]:
    return {reader.row.cells.get(POLICY, "") for reader in readers}


def read_policy(reader: RowReader, lists: Lists, on: date | None) -> str | None:
    """Valid on a day, or on any where none is meant."""
    key = reader.read(POLICY, text_up_to(160))
    if key and not (policy_of(lists, key, on) if on else lists.policies.get(key)):
        reader.refuse(POLICY, *NO_SUCH_POLICY)
    return key


def policy_of(lists: Lists, key: str, on: date) -> Policy | None:
    return next((one for one in lists.policies.get(key, ()) if one.valid.contains(on)), None)


def read_member(reader: RowReader, lists: Lists, household_id: UUID | None) -> UUID | None:
    """By name: a file of help holds no ID number."""
    name = reader.read(MEMBER, text_up_to(60), needed=False)
    if not (name and household_id):
        return None
    found = lists.members.get((household_id, name), ())
    if len(found) != 1:
        reader.refuse(MEMBER, *(SEVERAL if found else NO_SUCH_MEMBER))
    return found[0] if len(found) == 1 else None


def refuse_held(
    upload: Upload, readers: Sequence[RowReader], sent: Sequence[dict[str, Any]], held: Mapping[Any, RowMapping]
) -> list[bool]:
    """Gives each row the id of the one that is held, or a new one, and says which are new. Rows whose like is held with
    another content are refused."""
    known = [held.get(row["identity"]) for row in sent]
    refuse_earlier(upload, readers, "户编号", [one["id"] if one else None for one in known])
    for reader, row, one in zip(readers, sent, known, strict=True):
        row["id"] = one["id"] if one else uuid4()
        if one and not reader.faults and any(row[name] != value for name, value in one.items()):
            reader.refuse("户编号", *OTHERWISE)
    return [not (one or reader.faults) for reader, one in zip(readers, known, strict=True)]
