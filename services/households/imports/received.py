"""A file of what was received: one row per household or member, policy and first day. Accounts are not in files."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.households.imports.help_rows import (
    MEMBER,
    NAME_ONE,
    POLICY,
    Lists,
    WrittenOnce,
    lists_of_help,
    policy_of,
    read_member,
    read_policy,
    take_once,
)
from services.households.imports.upload import State, Taken, Upload
from services.kit.store.sets import write_set
from services.kit.web.cells import RowReader, day, money, text_up_to
from services.kit.web.sheets import Row

HEADERS = ("户编号", POLICY, MEMBER, "享受起始日", "享受截止日", "金额(元)", "发放日", "依据")
ENDS_FIRST = ("received-upside-down", "截止日不能早于起始日。", "It ends before it begins.")
PAID_LATER = ("in-the-future", "发放日不能晚于今天。", "Nothing is paid after today.")

HELD = text(
    """
    SELECT id, household_id, policy_key, person_id, lower(valid) AS since, upper(valid) - 1 AS until, amount, paid_on,
           source
    FROM received WHERE household_id = ANY (:households) AND withdrawn_at IS NULL
    """
)
WRITE = text(
    """
    INSERT INTO received (id, household_id, policy_key, person_id, valid, amount, paid_on, source, recorded_by,
                          created_at)
    SELECT id, household_id, policy_key, person_id, daterange(since, until, '[]'), amount, paid_on, source, :who, :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:policy_key AS text[]),
                CAST(:person_id AS uuid[]), CAST(:since AS date[]), CAST(:until AS date[]), CAST(:amount AS bigint[]),
                CAST(:paid_on AS date[]), CAST(:source AS text[]))
         AS sent (id, household_id, policy_key, person_id, since, until, amount, paid_on, source)
    """
)
COLUMNS = ("id", "household_id", "policy_key", "person_id", "since", "until", "amount", "paid_on", "source")


def take(upload: Upload, rows: Sequence[Row]) -> Taken:
    return take_once(upload, rows, KIND)


def write(upload: Upload, fresh: Sequence[dict[str, Any]]) -> Sequence[UUID]:
    """No fact is taken from it."""
    write_set(upload.session, WRITE.bindparams(who=upload.who, now=upload.now), fresh, *COLUMNS)
    return []


def identity(row: Mapping[Any, Any]) -> tuple[Any, ...] | None:
    """None when the row did not say whose, what, or since when."""
    told = (row["household_id"], row["policy_key"], row["since"])
    return (*told, row["person_id"]) if all(told) else None


def read_received(upload: Upload, reader: RowReader, lists: Lists, household_id: UUID | None) -> dict[str, Any]:
    since = reader.read("享受起始日", day)
    until = reader.read("享受截止日", day, needed=False)
    paid_on = reader.read("发放日", day, needed=False)
    if until and not (since or until) <= until < date.max - timedelta(1):
        reader.refuse("享受截止日", *ENDS_FIRST)
    if paid_on and paid_on > upload.today:
        reader.refuse("发放日", *PAID_LATER)
    key, person = read_policy(reader, lists, since), read_member(reader, lists, household_id)
    policy = policy_of(lists, key, since) if key and since else None
    if policy and policy.given_to == "person" and not reader.row.cells.get(MEMBER):
        reader.refuse(MEMBER, *NAME_ONE)
    return {
        "household_id": household_id,
        "policy_key": key,
        "person_id": person,
        "since": since,
        "until": until,
        "amount": reader.read("金额(元)", money, needed=False),
        "paid_on": paid_on,
        "source": reader.read("依据", text_up_to(100)),
    }


def standing(_: Mapping[Any, Any]) -> State:
    return {"withdrawn": False}


KIND = WrittenOnce(lists_of_help, read_received, identity, HELD, write, standing)
