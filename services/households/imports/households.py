"""A file of households: one row each, known again by the county's number."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import not_, select, text
from sqlmodel import Session, col

from services.households.facts import lock_households
from services.households.imports.upload import (
    State,
    Taken,
    Upload,
    households_numbered,
    one_at_a_time,
    refuse_earlier,
    refuse_ended,
    taken,
)
from services.households.models.cases import Case
from services.households.models.register import PHONE, Household
from services.households.reach import HOUSEHOLDS
from services.kit.store.fields import Seal
from services.kit.store.scope import within
from services.kit.store.sets import among, write_set
from services.kit.web.cells import RowReader, division_code, one_of, refuse_twice, text_up_to, yes_or_no
from services.kit.web.sheets import Row

HEADERS = ("户编号", "村代码", "村民小组", "户主姓名", "联系电话", "户类型", "监测对象", "住房等级", "饮水安全")
COLUMNS = ("id", "number", "village", "group_name", "head_name", "sealed_phone", "housing_grade", "safe_water")

NUMBER = "户编号"
SOURCE = "导入"  # of the tags a file brings
TAGS = ("monitored", "formerly_poor")
STATE = ("number", "village", "group_name", "head_name", "phone", "housing_grade", "safe_water", *TAGS)

household_class = one_of({"一般农户": False, "脱贫户": True})
housing_grade = one_of({grade: grade for grade in "ABCD"})

OUTSIDE = ("outside-your-places", "这个村不在您的辖区内。", "This village is not within your places.")
NUMBER_TAKEN = ("number-taken", "这个户编号已在别处使用。", "That number is in use elsewhere.")

BY_CASE = (
    "monitored-by-case",
    "这户有正在办理的案卷，监测对象以案卷为准。",
    "The household has an open case, which says whether it is monitored.",
)

WRITE = text(
    """
    INSERT INTO household
        (id, number, village, group_name, head_name, sealed_phone, housing_grade, safe_water, created_at)
    SELECT sent.*, :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:number AS text[]), CAST(:village AS text[]), CAST(:group_name AS text[]),
                CAST(:head_name AS text[]), CAST(:sealed_phone AS bytea[]), CAST(:housing_grade AS text[]),
                CAST(:safe_water AS boolean[])) AS sent
    ON CONFLICT (number) DO UPDATE SET village = excluded.village, group_name = excluded.group_name,
        head_name = excluded.head_name, sealed_phone = excluded.sealed_phone,
        managed_since = CASE WHEN household.village = excluded.village THEN household.managed_since ELSE :today END,
        housing_grade = excluded.housing_grade, safe_water = excluded.safe_water
    """
)

# An open tag whose flag is now off ends today; a flag without an open tag begins today. A tag that would end on the
# day it began was a mistake of the same day and goes.
END_TAGS = (
    text(
        "DELETE FROM tag WHERE household_id = ANY (:ids) AND key = :key AND upper_inf(valid) AND lower(valid) >= :today"
    ),
    text(
        "UPDATE tag SET valid = daterange(lower(valid), :today)"
        " WHERE household_id = ANY (:ids) AND key = :key AND upper_inf(valid)"
    ),
)
BEGIN_TAGS = text(
    """
    INSERT INTO tag (id, household_id, key, valid, source)
    SELECT gen_random_uuid(), sent.id, CAST(:key AS text), daterange(:today, NULL), :source
    FROM unnest(CAST(:ids AS uuid[])) AS sent (id)
    WHERE NOT EXISTS (
        SELECT FROM tag WHERE household_id = sent.id AND key = CAST(:key AS text) AND upper_inf(valid))
    """
)


def take(upload: Upload, rows: Sequence[Row]) -> Taken:
    one_at_a_time(upload.session, "households")
    readers = [RowReader(row) for row in rows]
    sent = [read_household(reader) for reader in readers]
    refuse_others(upload, readers, sent)
    refuse_twice(readers, NUMBER, [household["number"] for household in sent])
    known = households_numbered(upload, (h["number"] for h in sent))
    refuse_earlier(upload, readers, NUMBER, [known.get(h["number"]) for h in sent])
    for household in sent:
        held_id = known.get(household["number"])
        household["id"], household["new"] = held_id or uuid4(), held_id is None
    lock_households(upload.session, sorted(known.values()))
    refuse_ended(upload, readers, [household["id"] for household in sent])
    held = states(upload, list(known.values()))
    refuse_beside_case(upload.session, readers, sent, held)
    said = [(h, state_of(h)) for reader, h in zip(readers, sent, strict=True) if not reader.faults]
    differing = [(h, state) for h, state in said if held.get(h["id"]) != state]
    write(upload, [h for h, _ in differing], SOURCE)
    before = {h["id"]: held[h["id"]] for h, _ in differing if h["id"] in held}
    after = {h["id"]: state for h, state in differing}
    return taken(readers, [h["id"] for h in sent], list(after), before, after)


def refuse_others(upload: Upload, readers: Sequence[RowReader], sent: Sequence[dict[str, Any]]) -> None:
    """A household goes to, and comes from, places within the scope. A number is the county's: that it is taken must be
    said, of whom is not."""
    numbers = among(col(Household.number), {h["number"] for h in sent if h["number"]})
    beyond = not_(within(upload.scope, HOUSEHOLDS))
    taken = set(upload.session.scalars(select(col(Household.number)).where(numbers, beyond)))
    for reader, household in zip(readers, sent, strict=True):
        if household["village"] and not upload.scope.covers(household["village"]):
            reader.refuse("村代码", *OUTSIDE)
        if household["number"] in taken:
            reader.refuse("户编号", *NUMBER_TAKEN)


def refuse_beside_case(
    session: Session, readers: Sequence[RowReader], sent: Sequence[dict[str, Any]], held: Mapping[UUID, State]
) -> None:
    cases = with_open_case(session, held)
    for reader, household in zip(readers, sent, strict=True):
        if household["id"] in cases and household["monitored"] not in (None, held[household["id"]]["monitored"]):
            reader.refuse("监测对象", *BY_CASE)


def with_open_case(session: Session, ids: Iterable[UUID]) -> set[UUID]:
    is_open = select(col(Case.household_id)).where(among(col(Case.household_id), ids), col(Case.closed_on).is_(None))
    return set(session.scalars(is_open))


def read_household(reader: RowReader) -> dict[str, Any]:
    return {
        "number": reader.read("户编号", text_up_to(40)),
        "village": reader.read("村代码", division_code),
        "group_name": reader.read("村民小组", text_up_to(60), needed=False) or "",
        "head_name": reader.read("户主姓名", text_up_to(60)),
        "phone": reader.read("联系电话", text_up_to(20), needed=False),
        "formerly_poor": reader.read("户类型", household_class),
        "monitored": reader.read("监测对象", yes_or_no),
        "housing_grade": reader.read("住房等级", housing_grade, needed=False),
        "safe_water": reader.read("饮水安全", yes_or_no, needed=False),
    }


def write(upload: Upload, households: Sequence[dict[str, Any]], source: str) -> None:
    """Only those that differ from what is held; phones are compared opened, since a seal never repeats."""
    for household in households:
        household["sealed_phone"] = seal_phone(upload.seal, household)
    write_set(upload.session, WRITE.bindparams(now=upload.now, today=upload.today), households, *COLUMNS)
    for key in TAGS:
        write_tag(upload, key, households, source)


def states(upload: Upload, ids: Sequence[UUID]) -> dict[UUID, State]:
    """Of the households among these that lie within the scope."""
    tags = open_tags(upload.session, ids)
    within_reach = select(Household).where(among(col(Household.id), ids), within(upload.scope, HOUSEHOLDS))
    return {h.id: state_of(opened(h, tags, upload.seal)) for h in upload.session.scalars(within_reach)}


def opened(held: Household, tags: set[tuple[UUID, str]], seal: Seal) -> dict[str, Any]:
    phone = seal.open(held.sealed_phone, PHONE.place(held.id)) if held.sealed_phone else None
    return held.model_dump() | {"phone": phone} | {key: (held.id, key) in tags for key in TAGS}


def state_of(household: Mapping[str, Any]) -> State:
    return {name: household[name] for name in STATE}


def open_tags(session: Session, ids: Sequence[UUID]) -> set[tuple[UUID, str]]:
    wanted = text("SELECT household_id, key FROM tag WHERE household_id = ANY (:ids) AND upper_inf(valid)")
    return {(household_id, key) for household_id, key in session.execute(wanted, {"ids": list(ids)})}


def seal_phone(seal: Seal, household: dict[str, Any]) -> bytes | None:
    return seal.close(household["phone"], PHONE.place(household["id"])) if household["phone"] else None


def write_tag(upload: Upload, key: str, households: Sequence[dict[str, Any]], source: str) -> None:
    """A household that is new has no tag that could end. Beside an open case the tag is the case's, whatever a file or
    its undoing says."""
    if key == "monitored":
        led = with_open_case(upload.session, [h["id"] for h in households])
        households = [household for household in households if household["id"] not in led]
    ended = [h["id"] for h in households if not (h[key] or h.get("new"))]
    begun = [h["id"] for h in households if h[key]]
    values = {"key": key, "today": upload.today}
    for statement in END_TAGS if ended else ():
        upload.session.execute(statement, values | {"ids": ended})
    if begun:
        upload.session.execute(BEGIN_TAGS, values | {"ids": begun, "source": source})
