"""Where a cadre was posted on a day."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.kit.web.errors import found

NEAREST = text(
    """
    SELECT p.team_id, t.village, p.valid @> CAST(:day AS date) AS holds
    FROM posting p JOIN team t ON t.id = p.team_id
    WHERE p.cadre_id = :cadre
    ORDER BY holds DESC, lower(p.valid) DESC
    LIMIT 1
    """
)


@dataclass(frozen=True)
class Home:
    """`holds` is false where no posting held on the day asked about, and this is the cadre's latest instead."""

    team_id: UUID
    village: str
    holds: bool


def home_of(session: Session, cadre_id: UUID, day: date) -> Home:
    """Every cadre has one: an import makes both or neither."""
    row = session.execute(NEAREST, {"cadre": cadre_id, "day": day}).mappings().one_or_none()
    return Home(**found(row))
