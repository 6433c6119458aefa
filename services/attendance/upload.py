"""One upload under way, and what its kinds share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from os.path import commonprefix
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, select
from sqlmodel import Session, col

from services.attendance.models import Team
from services.kit.store.fields import Seal

TWICE = ("twice-in-the-file", "文件中前面已有同样的一行。", "An earlier row of the file says this already.")
PLACE_LENGTHS = (6, 9, 12)  # county, township, village


@dataclass(frozen=True)
class Upload:
    session: Session
    seal: Seal
    today: date


def write_set(session: Session, statement: TextClause, rows: Sequence[Mapping[str, Any]], *names: str) -> None:
    """One statement for all rows: each name becomes an array that the statement unnests."""
    if rows:
        session.execute(statement, {name: [row[name] for row in rows] for name in names})


def common_place(session: Session, ids: Sequence[UUID]) -> str:
    """The smallest place that holds all these teams: what a bulk announcement names."""
    villages = list(session.scalars(select(col(Team.village)).where(col(Team.id).in_(ids)).distinct()))
    shared = len(commonprefix(villages))  # noqa: RUF071  # codes nest by prefix: characters are what is meant
    return villages[0][: max(length for length in PLACE_LENGTHS if length <= max(shared, PLACE_LENGTHS[0]))]
