"""What files of help share: the policy a row names, and the member, by name within the household; and how rows that are
written once are taken, those of cases too."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, TextClause, func, select
from sqlmodel import Session, col

from services.households.facts import lock_households
from services.households.imports.upload import (
    State,
    Taken,
    Upload,
    households_numbered,
    known_household,
    refuse_earlier,
    taken,
)
from services.households.models.help import Measure, Policy
from services.households.models.register import Household, Membership, OwnCode, Person
from services.households.register.own_codes import RISK, own_of
from services.kit.store.sets import among
from services.kit.web.cells import RowReader, refuse_twice, text_up_to
from services.kit.web.sheets import Row

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
    villages: Mapping[UUID, str]
    risks: Sequence[OwnCode]  # counties' own
    kept: set[tuple[UUID, str]]  # what measures of a household answer already


Looked = TypeVar("Looked")


class WrittenOnce(NamedTuple, Generic[Looked]):
    """How rows of a kind are taken that are never overwritten by a file. `identity` tells which row means the same;
    `held` reads what there is by household, with the columns that must be alike; `write` answers whose facts change."""

    look_up: Callable[[Upload, Sequence[RowReader], Sequence[UUID]], Looked]
    read: Callable[[Upload, RowReader, Looked, UUID | None], dict[str, Any]]
    identity: Callable[[Mapping[Any, Any]], tuple[Any, ...] | None]
    held: TextClause
    write: Callable[[Upload, Sequence[dict[str, Any]]], Sequence[UUID]]
    left: Callable[[Mapping[Any, Any]], State]  # what may change of it later


def take_once(upload: Upload, rows: Sequence[Row], kind: WrittenOnce[Looked]) -> Taken:
    readers = [RowReader(row) for row in rows]
    numbers = households_numbered(upload, (row.cells["户编号"] for row in rows))
    homes = sorted(set(numbers.values()))
    lock_households(upload.session, homes)
    looked = kind.look_up(upload, readers, homes)
    sent = [kind.read(upload, reader, looked, known_household(reader, numbers)) for reader in readers]
    for row in sent:
        row["identity"] = kind.identity(row)
    refuse_twice(readers, "户编号", [row["identity"] for row in sent])
    held = {kind.identity(row): row for row in upload.session.execute(kind.held, {"households": homes}).mappings()}
    new = refuse_held(upload, readers, sent, held)
    fresh = [row for row, is_new in zip(sent, new, strict=True) if is_new]
    changed = kind.write(upload, fresh)
    return taken(readers, [row["id"] for row in sent], changed, {}, {row["id"]: kind.left(row) for row in fresh})


def lists_of_help(upload: Upload, readers: Sequence[RowReader], homes: Sequence[UUID]) -> Lists:
    named = {reader.row.cells.get(POLICY, "") for reader in readers}
    return look_up(upload.session, named, set(homes))


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
    homes = select(col(Household.id), col(Household.village)).where(among(col(Household.id), households))
    answered = select(col(Measure.household_id), col(Measure.risk)).where(among(col(Measure.household_id), households))
    villages, kept = dict(session.execute(homes).all()), {(home, risk) for home, risk in session.execute(answered)}
    return Lists(policies, members, villages, own_of(session, RISK), kept)


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
