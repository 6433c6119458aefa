"""A file of members: persons known again by their ID number, or in their household by name and birth date."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from services.households.facts import lock_households
from services.households.imports.circumstances import (
    COLUMNS,
    FIELDS,
    NEWEST,
    append_circumstances,
    carried_over,
    read_circumstances,
)
from services.households.imports.claims import note_claims
from services.households.imports.upload import (
    State,
    Taken,
    Upload,
    households_numbered,
    known_household,
    one_at_a_time,
    refuse_earlier,
    refuse_ended,
    taken,
)
from services.households.models.register import ID_NUMBER
from services.households.register.code_sets import labels_of
from services.households.register.id_numbers import NotAnIdNumber, read_id_number
from services.households.register.relations import tells_less
from services.kit.store.sets import write_set
from services.kit.web.cells import RowReader, day, one_of, refuse_twice, text_up_to, yes_or_no
from services.kit.web.sheets import Row

HEADERS = ("户编号", "姓名", "证件号码", "与户主关系", "出生日期", "性别", "学业状况", "参加基本医保")
OPTIONAL = tuple(COLUMNS)
PERSON = ("id", "name", "sealed_id_number", "id_index", "birth_date", "sex", "schooling", "insured")

sex = one_of({"男": "1", "女": "2"})
schooling = one_of({"在校": "in_school", "非在校": "not_in_school", "失学辍学": "dropped_out"})

NAMED = ("name", "relation", "schooling", "insured")
NUMBER = "证件号码"
EATEN = (
    "eaten-by-the-spreadsheet",
    "号码被表格存成了数字，末几位已丢失；请把该列设为文本后重填。",
    "The spreadsheet made it a number and lost its last digits. Format the column as text.",
)
NOT_A_NUMBER = ("not-an-id-number", "不是有效的公民身份号码。", "This is not a valid citizen identity number.")
ELSEWHERE = ("member-elsewhere", "此人现为另一户的成员。", "This person is a member of another household.")

LEFT = (
    "member-left",
    "此人已迁出、死亡或并入另一登记；如已迁回，请办理家庭变动。",
    "This person has left, died or been joined with another record. Record the arrival of one who came back.",
)

# Each way by its own index: with OR the whole register would be read for every part of a file.
KNOWN = text(
    f"""
    WITH meant AS MATERIALIZED (
        SELECT id FROM person WHERE id_index = ANY (:indexes)
        UNION SELECT person_id FROM membership WHERE household_id = ANY (:households) AND upper_inf(valid)
    )
    SELECT p.id, p.id_index, p.name, p.birth_date, p.sex, p.schooling, p.insured, m.household_id, m.relation, c.*
    FROM meant JOIN person p USING (id) LEFT JOIN membership m ON m.person_id = p.id AND upper_inf(m.valid) {NEWEST}
    """  # noqa: S608  # of constants alone
)
WRITE_PERSONS = text(
    """
    INSERT INTO person (id, name, sealed_id_number, id_index, birth_date, sex, schooling, insured)
    SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:name AS text[]), CAST(:sealed_id_number AS bytea[]),
        CAST(:id_index AS bytea[]), CAST(:birth_date AS date[]), CAST(:sex AS text[]), CAST(:schooling AS text[]),
        CAST(:insured AS boolean[]))
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, schooling = excluded.schooling, insured = excluded.insured,
        sealed_id_number = coalesce(excluded.sealed_id_number, person.sealed_id_number),
        id_index = coalesce(excluded.id_index, person.id_index),
        sex = CASE WHEN excluded.id_index IS NULL THEN person.sex ELSE excluded.sex END
    """
)
WRITE_MEMBERSHIPS = text(
    """
    INSERT INTO membership (id, household_id, person_id, relation, valid)
    SELECT gen_random_uuid(), sent.household_id, sent.id, sent.relation, daterange(:today, NULL)
    FROM unnest(CAST(:household_id AS uuid[]), CAST(:id AS uuid[]), CAST(:relation AS text[]))
         AS sent (household_id, id, relation)
    WHERE NOT EXISTS (SELECT FROM membership m WHERE m.person_id = sent.id AND upper_inf(m.valid))
    """
)
WRITE_RELATIONS = text(
    """
    UPDATE membership m SET relation = sent.relation
    FROM unnest(CAST(:id AS uuid[]), CAST(:relation AS text[])) AS sent (id, relation)
    WHERE m.person_id = sent.id AND upper_inf(m.valid) AND m.relation <> sent.relation
    """
)


def take(upload: Upload, rows: Sequence[Row]) -> Taken:
    one_at_a_time(upload.session, "members")
    upload = replace(upload, seal=upload.seal.with_keys_of_now())
    readers = [RowReader(row) for row in rows]
    numbers = households_numbered(upload, (row.cells["户编号"] for row in rows))
    sent = [read_member(upload, reader, known_household(reader, numbers)) for reader in readers]
    lock_households(upload.session, sorted({m["household_id"] for m in sent if m["household_id"]}))
    refuse_ended(upload, readers, [member["household_id"] for member in sent])
    refuse_twice(readers, NUMBER, [member["id_index"] for member in sent])
    match(upload, readers, sent)
    refuse_twice(readers, "姓名", [member["id"] for member in sent])
    refuse_earlier(upload, readers, "姓名", [member["id"] for member in sent])
    sound = [m for reader, m in zip(readers, sent, strict=True) if not (reader.faults or m["said_before"])]
    write_set(upload.session, WRITE_PERSONS, sound, *PERSON)
    held, new = [m for m in sound if m["held"]], [m for m in sound if not m["held"]]
    write_set(upload.session, WRITE_RELATIONS, held, "id", "relation")
    write_set(upload.session, WRITE_MEMBERSHIPS.bindparams(today=upload.today), new, "household_id", "id", "relation")
    append_circumstances(upload, sound, {m["id"]: m["held"] for m in held})
    before = {m["id"]: state_of(m["held"]) for m in held}
    after = {m["id"]: state_of(m, was=before.get(m["id"])) for m in sound}
    return taken(readers, [m["id"] for m in sent], [m["household_id"] for m in sound], before, after)


def state_of(person: Mapping[str, Any], was: State | None = None) -> State:
    """`numbered` says that there is an ID number; it is never taken away by a row that has none. Circumstances nobody
    told are left out, as they were before files could tell them."""
    told = {name: person[name] for name in NAMED} | {f: person[f] for f in FIELDS if person[f] is not None}
    numbered = person["id_index"] is not None or (was is not None and was["numbered"])
    return told | {"household_id": str(person["household_id"]), "numbered": numbered}


def read_member(upload: Upload, reader: RowReader, household_id: UUID | None) -> dict[str, Any]:
    """Birth date and sex are read from the ID number; they are asked for only where there is none."""
    member: dict[str, Any] = {
        "id": None,
        "household_id": household_id,
        "name": reader.read("姓名", text_up_to(60)),
        "relation": reader.read("与户主关系", one_of(labels_of("relation", upload.today))),
        "schooling": reader.read("学业状况", schooling, needed=False),
        "insured": reader.read("参加基本医保", yes_or_no, needed=False),
        "number": None,
        "id_index": None,
        "indexes": [],
        "sealed_id_number": None,
        "said_before": False,
        "held": None,
    }
    member |= read_circumstances(reader, upload.today)
    return member | (said_by_number(upload, reader) or said_by_columns(upload, reader))


def said_by_number(upload: Upload, reader: RowReader) -> dict[str, Any] | None:
    text_of_number, seal = reader.row.cells[NUMBER], upload.seal
    if NUMBER in reader.row.numbers:
        reader.refuse(NUMBER, *EATEN)
    elif text_of_number:
        try:
            number = read_id_number(text_of_number, demo=upload.demo)
        except NotAnIdNumber:
            reader.refuse(NUMBER, *NOT_A_NUMBER)
        else:
            said = {"number": number.text, "birth_date": number.birth_date, "sex": number.sex}
            return said | {"id_index": seal.index(number.text), "indexes": seal.indexes(number.text)}
    return {"birth_date": None, "sex": None} if text_of_number else None


def said_by_columns(upload: Upload, reader: RowReader) -> dict[str, Any]:
    born: date | None = reader.read("出生日期", day)
    if born and born > upload.today:
        reader.refuse("出生日期", "in-the-future", "出生日期不能晚于今天。", "Nobody is born after today.")
    return {"birth_date": born, "sex": reader.read("性别", sex)}


def match(upload: Upload, readers: Sequence[RowReader], sent: Sequence[dict[str, Any]]) -> None:
    """Give every sound row its person, one we know or a new one, and see whether the row says anything new."""
    asked = {
        "indexes": [index for m in sent for index in m["indexes"]],
        "households": [m["household_id"] for m in sent if m["household_id"]],
    }
    people = People(dict(row) for row in upload.session.execute(KNOWN, asked).mappings())
    claims: list[dict[str, Any]] = []
    for reader, member in zip(readers, sent, strict=True):
        if reader.faults:
            continue
        held = people.find(member)
        if held and held["household_id"] is None:
            reader.refuse(NUMBER, *LEFT)
            continue
        if held and held["household_id"] != member["household_id"]:
            reader.refuse(NUMBER, *ELSEWHERE)
            claims.append({"person_id": held["id"], "household_id": member["household_id"]})
            continue
        member["id"], member["held"] = held["id"] if held else uuid4(), held
        member |= carried_over(member, held)
        if held and tells_less(member["relation"], held["relation"]):
            member["relation"] = held["relation"]
        member["said_before"] = held is not None and says_nothing_new(member, held)
        if member["number"]:
            member["sealed_id_number"] = upload.seal.close(member["number"], ID_NUMBER.place(member["id"]))
        if held is None:
            people.add(member)
    note_claims(upload, claims)


def says_nothing_new(member: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    alike = all(held[name] == member[name] for name in (*NAMED, *FIELDS))
    return alike and (member["id_index"] is None or held["id_index"] is not None)


class People:
    """Those we know and those earlier rows have brought. A number finds its holder anywhere, under any key; a name and
    birth date find somebody of the household, unless both have a number: then they are two people."""

    def __init__(self, known: Iterable[Mapping[str, Any]]) -> None:
        self.by_index: dict[bytes, Mapping[str, Any]] = {}
        self.by_name: dict[tuple[UUID, str, date], list[Mapping[str, Any]]] = {}
        for person in known:
            self.add(person)

    def add(self, person: Mapping[str, Any]) -> None:
        if person["id_index"]:
            self.by_index[bytes(person["id_index"])] = person
        self.by_name.setdefault(name_of(person), []).append(person)

    def find(self, member: Mapping[str, Any]) -> Mapping[str, Any] | None:
        for index in member["indexes"]:
            if index in self.by_index:
                return self.by_index[index]
        namesakes = self.by_name.get(name_of(member), [])
        return next((p for p in namesakes if not (p["id_index"] and member["id_index"])), None)


def name_of(person: Mapping[str, Any]) -> tuple[UUID, str, date]:
    return person["household_id"], person["name"], person["birth_date"]
