"""One upload under way, and what its three kinds share: finding households by number, writing in sets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from os.path import commonprefix
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, select
from sqlmodel import Session, col

from services.households.models import Household
from services.kit.store.fields import Seal
from services.kit.web.cells import RowReader

NO_SUCH_HOUSEHOLD = ("no-such-household", "没有这个户编号。", "There is no household of that number.")
TWICE = ("twice-in-the-file", "文件中前面已有同样的一行。", "An earlier row of the file says this already.")
PLACE_LENGTHS = (6, 9, 12)  # county, township, village


@dataclass(frozen=True)
class Upload:
    """`who` recorded it; `demo` lets ID numbers beginning with 99 in."""

    session: Session
    seal: Seal
    who: str
    today: date
    now: datetime
    demo: bool


def households_numbered(session: Session, numbers: Iterable[str]) -> dict[str, UUID]:
    wanted = select(col(Household.number), col(Household.id)).where(col(Household.number).in_(set(numbers)))
    return {row.number: row.id for row in session.execute(wanted)}


def write_set(session: Session, statement: TextClause, rows: Sequence[Mapping[str, Any]], *names: str) -> None:
    """One statement for all rows: each name becomes an array that the statement unnests."""
    if rows:
        session.execute(statement, {name: [row[name] for row in rows] for name in names})


def known_household(reader: RowReader, numbers: Mapping[str, UUID]) -> UUID | None:
    """The household a row speaks of; refused by column when there is none."""
    number = reader.read("户编号", str)
    if number and number not in numbers:
        reader.refuse("户编号", *NO_SUCH_HOUSEHOLD)
    return numbers.get(number or "")


def common_place(session: Session, ids: Sequence[UUID]) -> str:
    """The smallest place that holds all these households: what a bulk announcement names."""
    villages = list(session.scalars(select(col(Household.village)).where(col(Household.id).in_(ids)).distinct()))
    shared = len(commonprefix(villages))  # noqa: RUF071  # codes nest by prefix: characters are what is meant
    return villages[0][: max(length for length in PLACE_LENGTHS if length <= max(shared, PLACE_LENGTHS[0]))]
