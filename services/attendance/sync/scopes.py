"""What makes something a phone's business: the postings and pairings of its cadre, each from a day until a day.

A right to see does not bring a household onto a phone: only what one is posted to or paired with does. Each of the two
is a grant as well, so that nothing is held here that the grants do not show (grants/postings.py, grants/pairings.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.attendance.models.pairings import Pairing
from services.attendance.models.sync import Departed
from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.presence.recorders import NotACadre
from services.attendance.sync.cursors import Horizon, Mark, marks_of
from services.attendance.teams.cadres import cadre_with_account
from services.kit.store.scope import NoOffice, Scope

SELF, COUNTY = "self", "county"  # what is one's own, and what is the same for all: neither is joined or left


@dataclass(frozen=True)
class Held:
    """`changed`: the newest transaction that may have written it."""

    kind: Literal["posting", "pairing"]
    id: UUID
    days: Range[date]
    changed: int
    village: str
    posting: tuple[Posting, Team] | None = None
    pairing: Pairing | None = None

    def holds(self, day: date) -> bool:
        return not self.days.isempty and self.days.contains(day)

    def moved(self, since: Mark, today: date) -> bool:
        """Whether it was written, began or ended since."""
        return self.changed > since.xid or turned((self.days.lower, self.days.upper), since.day, today)


def turned(days: Iterable[date | None], since: date, today: date) -> bool:
    return any(day is not None and since < day <= today for day in days)


@dataclass(frozen=True)
class Leaving(Scope):
    """Whoever holds nothing any more reaches what is their own and nothing else: they are told that they have left, and
    what their phone still brings of the days before is looked at."""

    @property
    def is_empty(self) -> bool:
        return False


def own_cadre(session: Session, subject: str) -> Cadre:
    """Refuses who is none. Whoever has left is not refused for holding no office."""
    session.connection()
    scope: Scope = session.info["scope"]
    cadre = cadre_with_account(session, subject)
    if cadre is None:
        raise NoOffice if scope.is_empty else NotACadre
    if scope.is_empty:
        session.info["scope"] = Leaving(**{one.name: getattr(scope, one.name) for one in fields(Scope)})
    return cadre


def scopes_of(session: Session, cadre: UUID, horizon: Horizon) -> list[Held]:
    """Those that have ended or not begun too: whether they hold is a question of the day."""
    postings = session.execute(
        select(Posting, Team, marks_of("posting", "team"))
        .join(Team, col(Team.id) == col(Posting.team_id))
        .where(col(Posting.cadre_id) == cadre)
    )
    pairings = session.execute(select(Pairing, marks_of("pairing")).where(col(Pairing.cadre_id) == cadre))
    return [
        *(
            Held("posting", one.id, one.valid, horizon.latest(marks), team.village, posting=(one, team))
            for one, team, marks in postings
        ),
        *(
            Held("pairing", one.id, one.valid, horizon.latest(marks), one.village, pairing=one)
            for one, marks in pairings
        ),
    ]


def departed_since(session: Session, cadre: UUID, since: Mark, horizon: Horizon, held: Sequence[Held]) -> list[UUID]:
    """Pairings whose rows are gone; one that was written anew under its id is not."""
    rows = session.execute(
        select(col(Departed.pairing_id), marks_of("departed")).where(col(Departed.cadre_id) == cadre)
    )
    there = {one.id for one in held}
    return [gone for gone, marks in rows if horizon.latest(marks) > since.xid and gone not in there]
