"""A line of a department's batch, read: what it tells, or the code of why it is refused. A code never holds a value."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeAlias

from services.alerts.clues.id_numbers import read_id_number

Code: TypeAlias = Literal[
    "line-unsound",
    "record-id-unsound",
    "record-id-is-a-number",
    "kind-unknown",
    "number-unsound",
    "name-unsound",
    "place-unsound",
    "place-outside",
    "day-unsound",
    "data-too-old",
    "data-in-the-future",
    "amount-missing",
    "amount-unsound",
    "unit-missing",
    "semantics-missing",
    "text-unsound",
    "tier-unsound",
    "twice-in-the-batch",
]
FEN: Mapping[str, int] = {"元": 100, "万元": 1_000_000}
SEMANTICS = frozenset({"cumulative", "period", "single"})
TIERS = frozenset({"province", "city", "county"})
FIELDS = frozenset(
    {
        "record_id", "kind", "id_number", "name", "place", "data_on", "amount", "unit", "semantics",
        "threshold_version", "tier", "note",
    }
)  # fmt: skip
LONGEST_LINE = 4_000  # bytes
DECODER = json.JSONDecoder(parse_float=Decimal)  # one for all lines: making it takes longer than reading one
MOST = 10**14  # fen
RECORD_ID = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
PLACE = re.compile(r"[0-9]{9}([0-9]{3})?")
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Refused(Exception):
    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Reader:
    """What lines are held against: the county's kinds, its days, and whether nobody's numbers are let in. `needing` are
    the kinds that are nothing without an amount."""

    county: str
    kinds: frozenset[str]
    needing: frozenset[str]
    oldest: date
    today: date
    demo: bool
    seen: set[object] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Told:
    number: int  # of the line, from 1
    record_id: str
    kind: str
    id_number: str
    name: str
    place: str | None
    data_on: date
    amount: int | None  # fen
    unit: str | None
    semantics: str | None
    threshold_version: str | None
    tier: str | None
    note: str | None

    @property
    def content(self) -> tuple[object, ...]:
        """What makes two readings of a clue the same."""
        return (self.data_on, self.amount, self.semantics, self.threshold_version, self.tier)


@dataclass(frozen=True, slots=True)
class NotTold:
    number: int
    record_id: str | None
    code: Code


def read_lines(reader: Reader, lines: Iterable[tuple[int, bytes]]) -> Iterator[Told | NotTold]:
    for number, line in lines:
        record_id = None
        try:
            said = object_of(line)
            record_id = read_record_id(said.get("record_id"))
            yield read_row(reader, number, record_id, said)
        except Refused as refused:
            yield NotTold(number, record_id, refused.code)


def object_of(line: bytes) -> dict[str, Any]:
    try:
        written = line.decode() if len(line) <= LONGEST_LINE else ""
        said, end = DECODER.raw_decode(written)
    except (ValueError, RecursionError):
        raise Refused("line-unsound") from None
    if end != len(written) or not isinstance(said, dict) or not said.keys() <= FIELDS:
        raise Refused("line-unsound")
    return said


def read_record_id(told: object) -> str:
    """It is told again to whoever asks for outcomes: so it must not be somebody's number."""
    if not isinstance(told, str) or not RECORD_ID.fullmatch(told):
        raise Refused("record-id-unsound")
    if len(told) in (15, 18) and read_id_number(told, demo=True):
        raise Refused("record-id-is-a-number")
    return told


def read_row(reader: Reader, number: int, record_id: str, said: Mapping[str, Any]) -> Told:
    kind, told_number = said.get("kind"), said.get("id_number")
    if not isinstance(kind, str) or kind not in reader.kinds:
        raise Refused("kind-unknown")
    id_number = read_id_number(told_number, demo=reader.demo) if isinstance(told_number, str) else None
    if id_number is None:
        raise Refused("number-unsound")
    name, data_on = said.get("name"), read_day(reader, said.get("data_on"))
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 60 or UNSEEN.search(name):
        raise Refused("name-unsound")
    unit, semantics, amount = read_amount(said)
    if amount is None and kind in reader.needing:
        raise Refused("amount-missing")
    tier = said.get("tier")
    if tier is not None and not (isinstance(tier, str) and tier in TIERS):
        raise Refused("tier-unsound")
    version, note = read_text(said, "threshold_version", 60), read_text(said, "note", 500)
    place = read_place(reader, said.get("place"))
    once(reader, record_id)
    once(reader, (kind, id_number, data_on))
    return Told(
        number, record_id, kind, id_number, name.strip(), place, data_on, amount, unit, semantics, version, tier, note
    )


def once(reader: Reader, one: object) -> None:
    if one in reader.seen:
        raise Refused("twice-in-the-batch")
    reader.seen.add(one)


def read_day(reader: Reader, told: object) -> date:
    try:
        day = date.fromisoformat(told) if isinstance(told, str) and DAY.fullmatch(told) else None
    except ValueError:
        day = None
    if day is None:
        raise Refused("day-unsound")
    if day > reader.today:
        raise Refused("data-in-the-future")
    if day < reader.oldest:
        raise Refused("data-too-old")
    return day


def read_amount(said: Mapping[str, Any]) -> tuple[str | None, str | None, int | None]:
    """In fen, exactly. A unit is never guessed: 2.35 may be yuan or ten thousands of them."""
    told, unit, semantics = said.get("amount"), said.get("unit"), said.get("semantics")
    if told is None:
        return None, None, None
    if not isinstance(unit, str) or unit not in FEN:
        raise Refused("unit-missing")
    if not isinstance(semantics, str) or semantics not in SEMANTICS:
        raise Refused("semantics-missing")
    written = f"{told:f}" if isinstance(told, Decimal) else str(told)
    if isinstance(told, bool) or not AMOUNT.fullmatch(written):
        raise Refused("amount-unsound")
    try:
        fen = Decimal(written) * FEN[unit]
    except InvalidOperation as error:
        raise Refused("amount-unsound") from error
    if fen != fen.to_integral_value() or fen > MOST:
        raise Refused("amount-unsound")
    return unit, semantics, int(fen)


def read_place(reader: Reader, told: object) -> str | None:
    """A township or village of the county. One that is not known is kept all the same: codes come and go."""
    if told is None:
        return None
    if not isinstance(told, str) or not PLACE.fullmatch(told):
        raise Refused("place-unsound")
    if not told.startswith(reader.county):
        raise Refused("place-outside")
    return told


def read_text(said: Mapping[str, Any], name: str, longest: int) -> str | None:
    told = said.get(name)
    if told is None:
        return None
    if not isinstance(told, str) or len(told) > longest or UNSEEN.search(told):
        raise Refused("text-unsound")
    return told.strip() or None
