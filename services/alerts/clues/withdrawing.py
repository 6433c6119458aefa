"""What a batch told is taken back: its readings stand no more. What an office has answered stays answered."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.clues.contents import drop
from services.alerts.clues.current import bring_up_to_date
from services.alerts.models.clues import ClueBatch
from services.kit.store.sealed import take_turn

WITHDRAW = text(
    """
    UPDATE clue_reading SET withdrawn_at = :now WHERE batch_id = :batch AND withdrawn_at IS NULL RETURNING clue_id
    """
)


def withdraw_batch(session: Session, batch: ClueBatch, now: datetime) -> None:
    """The batch's row is locked. While it is still being taken in, nothing more of it is."""
    take_turn(session, "clues")
    batch.withdrawn_at = now
    batch.done_at = batch.done_at or now
    drop(session, batch.id)
    told = set(session.scalars(WITHDRAW, {"batch": batch.id, "now": now}))
    bring_up_to_date(session, batch.county, told, now)
