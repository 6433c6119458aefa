"""A file of pairings: one row per household and kind. Whoever is named anew takes over from who was there before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import col

from services.attendance.imports.teams import mobile_number
from services.attendance.imports.upload import Upload
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Cadre
from services.attendance.pairings.pairings import (
    KINDS,
    Change,
    PairedAlready,
    PairingOut,
    make_room,
    one_at_a_time,
    village_of,
    write,
)
from services.attendance.reach import reachable_cadres
from services.kit.web.cells import (
    CellRefused,
    RowReader,
    RowVerdict,
    day,
    one_of,
    refuse_twice,
    text_up_to,
)
from services.kit.web.sheets import Row

HEADERS = ("农户标识", "类别", "手机号", "起始日期", "失效日期", "文号")

NO_HOUSEHOLD = (
    "no-such-household",
    "登记册中您辖区内没有这一户。",
    "The register has no such household within your places.",
)
NO_CADRE = ("no-such-cadre", "您辖区内没有使用这个手机号的干部。", "No cadre within your places has that mobile.")
ONESELF = ("not-to-oneself", "不能给自己授权。", "Nobody pairs a household with themselves.")
UPSIDE_DOWN = ("ends-before-it-begins", "失效日期必须晚于起始日期。", "A pairing ends after the day it begins.")
PAIRED = ("paired-already", PairedAlready.zh, PairedAlready.en)

Held = Mapping[tuple[UUID, str], Sequence[Pairing]]


def households_in(rows: Sequence[Row]) -> set[UUID]:
    """What the register is asked of before a file is taken."""
    named = {RowReader(row).read("农户标识", household_id) for row in rows}
    return {household for household in named if household}


def take(upload: Upload, rows: Sequence[Row], lie: Mapping[UUID, str]) -> list[RowVerdict]:
    """`lie`: the villages of the households, by the register. Nothing of a refused row is stored."""
    one_at_a_time(upload.session)
    readers = [RowReader(row) for row in rows]
    sent = [read_pairing(upload, reader) for reader in readers]
    households = [(row["household_id"], row["kind"]) if row["household_id"] else None for row in sent]
    refuse_twice(readers, "农户标识", households)
    name_cadres(upload, readers, sent)
    held = known(upload, sent)
    verdicts, changes = [], []
    for reader, row in zip(readers, sent, strict=True):
        change = None if reader.faults else match(upload, reader, row, held, lie)
        verdict = reader.verdict()
        if change and not reader.faults:
            said_before = change.held and PairingOut.of(change.held) == change.wanted
            verdict.outcome = "unchanged" if said_before else "stored"
            changes += [] if said_before else [change]
        verdicts.append(verdict)
    write(upload.session, changes, upload.now)
    return verdicts


def read_pairing(upload: Upload, reader: RowReader) -> dict[str, Any]:
    mobile = reader.read("手机号", mobile_number)
    begins, ends = reader.read("起始日期", day), reader.read("失效日期", day, needed=False)
    if begins and ends and ends <= begins:
        reader.refuse("失效日期", *UPSIDE_DOWN)
    return {
        "household_id": reader.read("农户标识", household_id),
        "kind": reader.read("类别", one_of(KINDS)),
        "indexes": upload.seal.indexes(mobile) if mobile else [],
        "valid_from": begins,
        "valid_until": ends,
        "document_no": reader.read("文号", text_up_to(100)),
    }


def household_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise CellRefused("not-an-id", "农户标识须为系统给出的编号。", "This is not the id of a household.") from None


def name_cadres(upload: Upload, readers: Sequence[RowReader], sent: Sequence[dict[str, Any]]) -> None:
    """By the mobile, under any key; nobody names whom they do not reach, nor themselves."""
    asked = [index for row in sent for index in row["indexes"]]
    wanted = select(Cadre).where(col(Cadre.mobile_index).in_(asked), reachable_cadres(upload.scope))
    by_index = {bytes(cadre.mobile_index): cadre for cadre in upload.session.scalars(wanted)}
    for reader, row in zip(readers, sent, strict=True):
        cadre = next((by_index[index] for index in row["indexes"] if index in by_index), None)
        if row["indexes"] and cadre is None:
            reader.refuse("手机号", *NO_CADRE)
        if cadre and cadre.account == upload.scope.holder:
            reader.refuse("手机号", *ONESELF)
        row["cadre_id"] = cadre.id if cadre else None


def known(upload: Upload, sent: Sequence[Mapping[str, Any]]) -> Held:
    asked = [row["household_id"] for row in sent if row["household_id"]]
    held = defaultdict(list)
    for pairing in upload.session.scalars(select(Pairing).where(col(Pairing.household_id).in_(asked))):
        held[pairing.household_id, pairing.kind].append(pairing)
    return held


def match(
    upload: Upload, reader: RowReader, row: Mapping[str, Any], held: Held, lie: Mapping[UUID, str]
) -> Change | None:
    """A row speaks of a pairing we have when cadre and first day are the same."""
    there = held.get((row["household_id"], row["kind"]), ())
    who = (row["cadre_id"], row["valid_from"])
    known_as = next((one for one in there if (one.cadre_id, one.valid.lower) == who), None)
    days = Range(row["valid_from"], row["valid_until"])
    village = village_of(lie, row["household_id"], days, known_as)
    if village is None or not upload.scope.covers(village):
        reader.refuse("农户标识", *NO_HOUSEHOLD)
        return None
    said = {name: value for name, value in row.items() if name != "indexes"}
    wanted, ends = PairingOut(id=known_as.id if known_as else uuid4(), village=village, **said), None
    try:
        ends = make_room([one for one in there if one is not known_as], wanted)
    except PairedAlready:
        reader.refuse("农户标识", *PAIRED)
    if any(one and not upload.scope.covers(one.village) for one in (known_as, ends)):
        reader.refuse("农户标识", *PAIRED)
    return Change(wanted, known_as, ends)
