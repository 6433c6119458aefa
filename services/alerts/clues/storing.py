"""A part of a batch into the tables, in sets: what is new becomes a clue, what is known gets a reading more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.clues.current import LEVEL, bring_up_to_date, held_against, tell_matched, thresholds
from services.alerts.clues.matching import Match
from services.alerts.clues.rows import NotTold, Told
from services.alerts.models.clues import ID_NUMBER, NAME, NOTE, ClueBatch
from services.alerts.tasks.later import fold_soon
from services.kit.store.fields import Seal
from services.kit.store.sealed import take_turn
from services.kit.store.sets import as_array, write_set

KNOWN = text(
    """
    SELECT clue.id, clue.kind, clue.year, clue.id_index, household IS NOT NULL AS matched
    FROM unnest(CAST(:kinds AS text[]), CAST(:years AS int[]), CAST(:indexes AS bytea[]))
         AS asked (kind, year, id_index)
    JOIN clue ON county = :county AND department = :department
             AND clue.kind = asked.kind AND clue.year = asked.year AND clue.id_index = asked.id_index
    """
)
SAID = text(
    """
    SELECT DISTINCT clue_id, data_on, amount, semantics, threshold_version, tier FROM clue_reading
    WHERE clue_id = ANY (CAST(:ids AS uuid[])) AND withdrawn_at IS NULL
    """
)
# A clue and its first reading at once: nothing is written for the database twice.
ADD_CLUES = text(
    f"""
    WITH told AS (
        SELECT * FROM unnest(
            CAST(:id AS uuid[]), CAST(:kind AS text[]), CAST(:year AS int[]), CAST(:id_index AS bytea[]),
            CAST(:sealed_id_number AS bytea[]), CAST(:sealed_name AS bytea[]), CAST(:sealed_note AS bytea[]),
            CAST(:place AS text[]), CAST(:amount AS bigint[]), CAST(:unit AS text[]), CAST(:semantics AS text[]),
            CAST(:data_on AS date[]), CAST(:threshold_version AS text[]), CAST(:tier AS text[]),
            CAST(:record_id AS text[]), CAST(:state AS text[]), CAST(:home AS uuid[]), CAST(:village AS text[]))
        AS told (id, kind, year, id_index, sealed_id_number, sealed_name, sealed_note, place, amount, unit, semantics,
                 data_on, threshold_version, tier, record_id, state, home, village)
    ), readings AS (
        INSERT INTO clue_reading (clue_id, batch_id, department, record_id, data_on, amount, unit, semantics,
                                  threshold_version, tier, told_at)
        SELECT id, :batch, :department, record_id, data_on, amount, unit, semantics, threshold_version, tier, :now
        FROM told
    )
    INSERT INTO clue (id, county, department, kind, year, id_index, sealed_id_number, sealed_name, sealed_note, place,
                      amount, semantics, data_on, threshold_version, tier, record_id, batch_id, received_at, told_at,
                      state, household, candidate, division, matched_at, level)
    SELECT c.id, :county, :department, c.kind, year, id_index, sealed_id_number, sealed_name, sealed_note, place,
           amount, semantics, data_on, threshold_version, tier, record_id, :batch, :now, :now,
           state, CASE state WHEN 'matched' THEN home END, CASE state WHEN 'ambiguous' THEN home END,
           CASE state WHEN 'matched' THEN village ELSE :county END,
           CASE state WHEN 'matched' THEN CAST(:now AS timestamptz) END,
           CASE state WHEN 'matched' THEN {LEVEL} ELSE 'unset' END
    FROM told c {held_against("c.home", "c.village")}
    """  # noqa: S608  # our own
)
CLUE = (
    "id", "kind", "year", "id_index", "sealed_id_number", "sealed_name", "sealed_note", "place", "amount", "unit",
    "semantics", "data_on", "threshold_version", "tier", "record_id", "state", "home", "village",
)  # fmt: skip
RENAME = text(
    """
    UPDATE clue SET sealed_name = told.sealed_name, sealed_id_number = told.sealed_id_number, id_index = told.id_index,
                    place = coalesce(told.place, clue.place)
    FROM unnest(CAST(:id AS uuid[]), CAST(:id_index AS bytea[]), CAST(:sealed_id_number AS bytea[]),
                CAST(:sealed_name AS bytea[]), CAST(:place AS text[]))
         AS told (id, id_index, sealed_id_number, sealed_name, place)
    WHERE clue.id = told.id
    """
)
ADD_READINGS = text(
    """
    INSERT INTO clue_reading (clue_id, batch_id, department, record_id, data_on, amount, unit, semantics,
                              threshold_version, tier, told_at)
    SELECT clue_id, :batch, :department, record_id, data_on, amount, unit, semantics, threshold_version, tier, :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:record_id AS text[]), CAST(:data_on AS date[]), CAST(:amount AS bigint[]),
                CAST(:unit AS text[]), CAST(:semantics AS text[]), CAST(:threshold_version AS text[]),
                CAST(:tier AS text[]))
         AS told (clue_id, record_id, data_on, amount, unit, semantics, threshold_version, tier)
    """
)
READING = ("id", "record_id", "data_on", "amount", "unit", "semantics", "threshold_version", "tier")
NOTE_ROWS = text(
    """
    INSERT INTO clue_row (batch_id, number, record_id, outcome, code)
    SELECT :batch, number, record_id, outcome, code
    FROM unnest(CAST(:number AS int[]), CAST(:record_id AS text[]), CAST(:outcome AS text[]), CAST(:code AS text[]))
         AS told (number, record_id, outcome, code)
    """
)


class Known(NamedTuple):
    id: UUID
    matched: bool


Found: TypeAlias = Mapping[int, Match]  # by the number of the line
NOT_ASKED = Match("waiting", None, None)
Key: TypeAlias = tuple[str, int, bytes]  # kind, year and blind index
KnownClues: TypeAlias = dict[Key, Known]
SaidBefore: TypeAlias = set[tuple[object, ...]]


@dataclass
class Part:
    """What a part of a batch comes to. `touched` are clues that were known and have a reading more."""

    new: list[dict[str, Any]] = field(default_factory=list)
    renamed: list[dict[str, Any]] = field(default_factory=list)
    readings: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)

    def note(self, row: Told | NotTold, outcome: str, code: str | None = None) -> None:
        self.rows.append({"number": row.number, "record_id": row.record_id, "outcome": outcome, "code": code})


def store_part(
    session: Session, seal: Seal, batch: ClueBatch, rows: Sequence[Told | NotTold], found: Found, now: datetime
) -> None:
    """The batch's row is locked. One part is stored at a time: two that bring the same new clue would make two. Who is
    not among the `found` is looked up later (matching.py)."""
    take_turn(session, "clues")
    seal = seal.with_keys_of_now().pinned()
    part = settle(session, seal, batch, rows, found)
    of_batch = {"batch": batch.id, "department": batch.department, "now": now}
    of_county = {"county": batch.county, **thresholds(session, batch.county)}
    write_set(session, ADD_CLUES.bindparams(**of_batch, **of_county), part.new, *CLUE)
    tell_matched(session, [row["id"] for row in part.new if row["state"] == "matched"], now)
    renamed = ("id", "id_index", "sealed_id_number", "sealed_name", "place")
    write_set(session, RENAME, part.renamed, *renamed)
    write_set(session, ADD_READINGS.bindparams(**of_batch), part.readings, *READING)
    write_set(session, NOTE_ROWS.bindparams(batch=batch.id), part.rows, "number", "record_id", "outcome", "code")
    bring_up_to_date(session, batch.county, part.touched, now)
    if part.new:
        fold_soon(session, batch.county, now)
    for row in part.rows:
        setattr(batch, row["outcome"], getattr(batch, row["outcome"]) + 1)
    batch.reached = rows[-1].number


def settle(session: Session, seal: Seal, batch: ClueBatch, rows: Sequence[Told | NotTold], found: Found) -> Part:
    keys = {row.number: keys_of(seal, row) for row in rows if isinstance(row, Told)}
    known = known_clues(session, batch, [key for many in keys.values() for key in many])
    said = said_before(session, known)
    part = Part()
    for row in rows:
        if isinstance(row, NotTold):
            part.note(row, "refused", row.code)
        else:
            match = found.get(row.number, NOT_ASKED)
            settle_row(seal, part, row, match, known, said, keys[row.number])
    return part


def settle_row(
    seal: Seal, part: Part, row: Told, match: Match, known: KnownClues, said: SaidBefore, keys: Sequence[Key]
) -> None:
    held = next((known[key] for key in keys if key in known), None)
    if held is None:
        clue = sealed(seal, row, uuid4(), match)
        part.new.append(clue)
        known[row.kind, row.data_on.year, clue["id_index"]] = Known(clue["id"], False)
        part.note(row, "stored")
        return
    part.note(row, "same" if (held.id, *row.content) in said else "changed")
    part.touched.add(held.id)
    part.readings.append(reading(row, held.id))
    if not held.matched:
        part.renamed.append(sealed(seal, row, held.id, NOT_ASKED))


def keys_of(seal: Seal, row: Told) -> list[Key]:
    """Under every key we have, for rows may be moving from one to the next."""
    return [(row.kind, row.data_on.year, index) for index in seal.indexes(row.id_number)]


def known_clues(session: Session, batch: ClueBatch, keys: Sequence[Key]) -> KnownClues:
    asked = {
        "county": batch.county,
        "department": batch.department,
        "kinds": as_array(kind for kind, _, _ in keys),
        "years": as_array(year for _, year, _ in keys),
        "indexes": as_array(index for _, _, index in keys),
    }
    return {
        (kind, year, bytes(index)): Known(clue_id, matched)
        for clue_id, kind, year, index, matched in session.execute(KNOWN, asked)
    }


def said_before(session: Session, known: KnownClues) -> SaidBefore:
    """Readings that stand."""
    if not known:
        return set()
    return {tuple(row) for row in session.execute(SAID, {"ids": as_array({one.id for one in known.values()})})}


def sealed(seal: Seal, row: Told, clue_id: UUID, match: Match) -> dict[str, Any]:
    """The name is not kept of whoever has a household."""
    named = match.state != "matched"
    return reading(row, clue_id) | {
        "kind": row.kind,
        "year": row.data_on.year,
        "place": row.place,
        "id_index": seal.index(row.id_number),
        "sealed_id_number": seal.close(row.id_number, ID_NUMBER.place(clue_id)),
        "sealed_name": seal.close(row.name, NAME.place(clue_id)) if named else None,
        "sealed_note": seal.close(row.note, NOTE.place(clue_id)) if row.note else None,
        "state": match.state,
        "home": match.home,
        "village": match.village,
    }


def reading(row: Told, clue_id: UUID) -> dict[str, Any]:
    return {
        "id": clue_id,
        "record_id": row.record_id,
        "data_on": row.data_on,
        "amount": row.amount,
        "unit": row.unit,
        "semantics": row.semantics,
        "threshold_version": row.threshold_version,
        "tier": row.tier,
    }
