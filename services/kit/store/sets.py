"""Writing in sets: one statement for all rows of a file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, TextClause, any_, literal
from sqlmodel import Session

# How PostgreSQL reads the members of an array. A type that is not here is a mistake of ours.
WRITTEN: Mapping[type, Callable[[Any], str]] = {
    NoneType: lambda _: "NULL",
    bool: lambda value: "t" if value else "f",
    int: str,
    float: repr,
    UUID: lambda value: value.hex,
    date: date.isoformat,
    datetime: datetime.isoformat,
    bytes: lambda value: f'"\\\\x{value.hex()}"',
    str: lambda value: '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"',
}


def write_set(session: Session, statement: TextClause, rows: Sequence[Mapping[str, Any]], *names: str) -> None:
    """Each name becomes an array that the statement casts and unnests."""
    if rows:
        session.execute(statement, {name: as_array([row[name] for row in rows]) for name in names})


def as_array(values: Iterable[object]) -> str:
    """As text: given lists, the driver takes longer to write them than the server to store what they hold."""
    return "{" + ",".join([WRITTEN[type(value)](value) for value in values]) + "}"


def among(column: Any, values: Iterable[object]) -> ColumnElement[bool]:
    """As one array: thousands of parameters cost more than what they ask for."""
    found: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return found
