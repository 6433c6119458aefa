"""Writing in sets: one statement for all rows of a file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, TextClause, any_, literal
from sqlmodel import Session


def write_set(session: Session, statement: TextClause, rows: Sequence[Mapping[str, Any]], *names: str) -> None:
    """Each name becomes an array that the statement unnests."""
    if rows:
        session.execute(statement, {name: [row[name] for row in rows] for name in names})


def among(column: Any, values: Iterable[object]) -> ColumnElement[bool]:
    """As one array: thousands of parameters cost more than what they ask for."""
    found: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return found
