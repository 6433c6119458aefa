"""Are people told when they should be? For readiness and the metrics."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from services.kit.store.readings import LATE, Reading

DUE = text("SELECT min(due_at) FROM telling WHERE done_at IS NULL AND dead_at IS NULL")
DEAD = text("SELECT count(*) FROM telling WHERE dead_at > :now - interval '1 day'")


def readings(session: Session, now: datetime) -> Iterator[Reading]:
    """A message that is due waits for a worker. One that no channel took is its addressee's trouble, or the gateway's:
    it is told, and makes nothing degraded."""
    oldest = session.execute(DUE).scalar_one()
    waiting = max((now - oldest).total_seconds(), 0) if oldest else 0.0
    yield Reading("telling", "telling_age_seconds", waiting, LATE)
    yield Reading("telling", "tellings_given_up", float(session.execute(DEAD, {"now": now}).scalar_one()))
