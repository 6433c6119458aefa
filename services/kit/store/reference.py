"""The frame as every service keeps it: divisions, days and standards, a read-only copy of the county's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, select, text
from sqlalchemy.dialects.postgresql import Range, insert
from sqlmodel import Session, SQLModel

from services.kit.store.tables import Day, Division, ReferenceVersion, Revocation, Standard
from services.kit.web.errors import DomainError

KINDS: Mapping[str, type[SQLModel]] = {
    "divisions": Division,
    "days": Day,
    "standards": Standard,
    "revocations": Revocation,
}


@dataclass(frozen=True)
class StandardKey:
    """A standard that some code needs, declared beside that code. `type` is one of money, number, text."""

    key: str
    type: str
    unit: str
    zh: str
    en: str


class StandardMissing(DomainError):
    """Never answered by a default in code: the county must say what holds, and by which document."""

    status = 409
    zh = "这一天、这个地方没有设定所需的标准。"
    en = "No value of a standard that is needed here holds on that day."


@dataclass(frozen=True)
class StandardRow:
    """What one document set: for a division and everything below it, on the days it is valid."""

    division: str
    population_class: str
    value: Decimal
    document_no: str


def standards_on(session: Session, key: str, day: date, population_class: str = "") -> list[StandardRow]:
    """The rows of a key that hold on a day for everybody or for that class. The nearest place comes first (longest
    code), and there what is said of the class itself."""
    columns: Any = Standard
    meant = columns.population_class.in_({"", population_class})
    rows = session.scalars(select(Standard).where(columns.key == key, columns.valid.contains(day), meant))
    found = [StandardRow(r.division, r.population_class, r.value, r.document_no) for r in rows]
    return sorted(found, key=lambda row: (-len(row.division), row.division, not row.population_class))


def standard(session: Session, key: StandardKey, division: str, day: date, population_class: str = "") -> Decimal:
    """The value that holds for a place. Refuses with the key's name when none does."""
    return ruling(session, key, division, day, population_class).value


def ruling(session: Session, key: StandardKey, division: str, day: date, population_class: str = "") -> StandardRow:
    """The same with its document."""
    for row in standards_on(session, key.key, day, population_class):
        if division.startswith(row.division):
            return row
    raise StandardMissing(f"{key.key} · {division} · {day.isoformat()}")


def next_version(session: Session, kind: str) -> int:
    """Raised under its row's lock until commit: whoever reads a version has everything up to it."""
    raised = text(
        "INSERT INTO reference_version (kind, version) VALUES (:kind, 1)"
        " ON CONFLICT (kind) DO UPDATE SET version = reference_version.version + 1 RETURNING version"
    )
    return int(session.execute(raised, {"kind": kind}).scalar_one())


def copied_version(session: Session, kind: str) -> int:
    row = session.get(ReferenceVersion, kind)
    return row.version if row else 0


def copy_reference(session: Session, kind: str, rows: Sequence[Mapping[str, Any]], version: int) -> None:
    """Take over what the county has written since our version."""
    copied_up_to(session, kind, version)
    copy_rows(session, KINDS[kind], [as_columns(row) for row in sorted(rows, key=first_day)])


def copied_up_to(session: Session, kind: str, version: int) -> None:
    """Two pulls may end crosswise: they take turns by this row."""
    raised = text(
        "INSERT INTO reference_version (kind, version) VALUES (:kind, :version)"
        " ON CONFLICT (kind) DO UPDATE SET version = greatest(reference_version.version, :version)"
    )
    session.execute(raised, {"kind": kind, "version": version})


def copy_rows(
    session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]], *also: ColumnElement[bool]
) -> None:
    """The newer of two versions of a row stays, whichever comes last; and one that is not `also` as it must be."""
    if not rows:
        return
    table: Any = model.__table__  # type: ignore[attr-defined]
    write = insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {c.name: write.excluded[c.name] for c in table.columns if c.name not in keys}
    newer = and_(table.c.version < write.excluded.version, *also)
    session.execute(write.on_conflict_do_update(index_elements=keys, set_=changed, where=newer), rows)


def first_day(row: Mapping[str, Any]) -> str:
    """A standard that was ended comes before the one that follows it, else both would hold at once for a moment."""
    return str(row["valid"][0]) if "valid" in row else ""


def as_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no ranges: `valid` travels as [from, until), each null where it is open."""
    columns = dict(row)
    if "valid" in columns:
        columns["valid"] = Range(*(date.fromisoformat(day) if day else None for day in columns["valid"]))
    return columns
