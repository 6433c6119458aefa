"""One upload under way, and what its kinds share: turns, and finding households by number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.households.models import Household
from services.households.reach import HOUSEHOLDS
from services.kit.store.fields import Seal
from services.kit.store.scope import Scope, within
from services.kit.store.sealed import take_turn
from services.kit.web.cells import RowReader

NO_SUCH_HOUSEHOLD = ("no-such-household", "没有这个户编号。", "There is no household of that number.")


@dataclass(frozen=True)
class Upload:
    """`who` recorded it, for places within `scope` alone; `demo` lets ID numbers beginning with 99 in."""

    session: Session
    scope: Scope
    seal: Seal
    who: str
    today: date
    now: datetime
    demo: bool


def one_at_a_time(session: Session, kind: str) -> None:
    """Two files of a kind that bring the same new one would otherwise make two. Writes by hand go on meanwhile."""
    take_turn(session, f"import:{kind}")


def households_numbered(upload: Upload, numbers: Iterable[str]) -> dict[str, UUID]:
    """Those within the scope; to this caller the others are not there."""
    wanted = select(col(Household.number), col(Household.id)).where(col(Household.number).in_(set(numbers)))
    within_reach = wanted.where(within(upload.scope, HOUSEHOLDS))
    return {row.number: row.id for row in upload.session.execute(within_reach)}


def known_household(reader: RowReader, numbers: Mapping[str, UUID]) -> UUID | None:
    """The household a row speaks of; refused by column when there is none."""
    number = reader.read("户编号", str)
    if number and number not in numbers:
        reader.refuse("户编号", *NO_SUCH_HOUSEHOLD)
    return numbers.get(number or "")
