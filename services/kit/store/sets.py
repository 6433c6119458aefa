"""Writing in sets: one statement for all rows of a file."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause
from sqlmodel import Session


def write_set(session: Session, statement: TextClause, rows: Sequence[Mapping[str, Any]], *names: str) -> None:
    """Each name becomes an array that the statement unnests."""
    if rows:
        session.execute(statement, {name: [row[name] for row in rows] for name in names})
