"""What becomes of issues that are open: they lie where their household lies, and are of the one it went into."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.households.changes.change import Doing
from services.households.models.register import Household

# What has ended stays where it ended.
GO = text(
    "UPDATE issue SET household_id = :into, division = :village WHERE household_id = :from AND state = 'open'"
    " RETURNING id"
)
LIE = text("UPDATE issue SET division = :village WHERE household_id = :household AND state = 'open'")
OF_VILLAGES = text("UPDATE issue SET division = :into WHERE division = ANY (:villages) AND state = 'open'")


def issues_go(doing: Doing, merged: Household, into: Household) -> None:
    going = doing.session.scalars(GO, {"from": merged.id, "into": into.id, "village": into.village})
    doing.carried("issue", going.all(), merged.id, into.id)


def issues_move(session: Session, household: UUID, village: str) -> None:
    session.execute(LIE, {"household": household, "village": village})


def issues_of_villages_move(session: Session, villages: list[str], into: str) -> None:
    """Those of no household too: the village is no more."""
    session.execute(OF_VILLAGES, {"villages": villages, "into": into})
