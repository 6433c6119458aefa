"""Undecided clues go along with their households: to another village, and back to the register when one has ended."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.clues.matching import MATCH
from services.kit.store.claim import enqueue

MOVE = text(
    """
    UPDATE clue SET division = f.division FROM household_facts f
    WHERE f.subject = ANY (:ids) AND clue.household = f.subject AND state = 'matched' AND clue.division <> f.division
    """
)
# Its people may be in another household now: their numbers tell. One whose number is forgotten stays where it is.
LOOK_UP = text(
    """
    UPDATE clue SET state = 'waiting', household = NULL, division = county, level = 'unset', matched_at = NULL
    WHERE household = ANY (:ids) AND state = 'matched' AND sealed_id_number IS NOT NULL
    RETURNING county
    """
)


def move_along(session: Session, households: Sequence[UUID]) -> None:
    session.execute(MOVE, {"ids": list(households)})


def look_up_again(session: Session, ended: Sequence[UUID], now: datetime) -> None:
    for county in sorted(set(session.scalars(LOOK_UP, {"ids": list(ended)}))):
        enqueue(session, MATCH, county, now)
