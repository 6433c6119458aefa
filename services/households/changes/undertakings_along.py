"""What becomes of loans, agreements, memberships: they are of the household that theirs went into, and lie with it."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.households.changes.change import Doing
from services.households.models.register import Household

GO = text("UPDATE undertaking SET household_id = :into, division = :village WHERE household_id = :from RETURNING id")
LIE = text("UPDATE undertaking SET division = :village WHERE household_id = :household")
OF_VILLAGES = text("UPDATE undertaking SET division = :into WHERE division = ANY (:villages)")


def undertakings_go(doing: Doing, merged: Household, into: Household) -> None:
    going = doing.session.scalars(GO, {"from": merged.id, "into": into.id, "village": into.village})
    doing.carried("undertaking", going.all(), merged.id, into.id)


def undertakings_move(session: Session, household: UUID, village: str) -> None:
    session.execute(LIE, {"household": household, "village": village})


def undertakings_of_villages_move(session: Session, villages: list[str], into: str) -> None:
    """Projects too: the village is no more."""
    session.execute(OF_VILLAGES, {"villages": villages, "into": into})
