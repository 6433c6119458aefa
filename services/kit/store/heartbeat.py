"""Signs of life of processes that have no port: written where the APIs can see them, by the database's clock."""

import platform
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.kit.store.tables import Heartbeat

EVERY = 5  # seconds between two beats of a worker


def beat(session: Session, kind: str, *, every: int = EVERY, detail: Mapping[str, Any] | None = None) -> None:
    """One row for each host; those of hosts that have not been heard for a day are gone."""
    fresh = {"at": func.clock_timestamp(), "every": every, "detail": dict(detail or {})}
    write = insert(Heartbeat).values(kind=kind, slot=platform.node(), **fresh)
    session.execute(write.on_conflict_do_update(index_elements=["kind", "slot"], set_=fresh))
    session.execute(delete(Heartbeat).where(col(Heartbeat.at) < func.clock_timestamp() - text("interval '1 day'")))
