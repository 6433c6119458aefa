"""Whoever has not returned by the day they are due back is said to be overdue, once."""

from datetime import datetime

from sqlalchemy import Engine, select
from sqlmodel import col

from services.attendance.leave.chain import due_back
from services.attendance.leave.telling import tell_leave
from services.attendance.models.leave import Leave
from services.kit.store.db import open_session
from services.kit.store.work import Loop

EVERY = 300.0  # seconds
AT_ONCE = 500


def tells_of_leaves(engine: Engine) -> Loop:
    return Loop("leaves overdue", lambda now: tell_of_leaves(engine, now), idle=EVERY)


def tell_of_leaves(engine: Engine, now: datetime) -> int:
    """The mark and the event are one transaction."""
    over = (col(Leave.state) == "approved", col(Leave.overdue_told_at).is_(None), col(Leave.last_day) < now.date())
    late = select(Leave).where(*over, due_back() < now.date()).order_by(col(Leave.last_day)).limit(AT_ONCE)
    with open_session(engine) as session, session.begin():
        found = session.scalars(late.with_for_update(skip_locked=True)).all()
        for leave in found:
            leave.overdue_told_at = now
            tell_leave(session, leave, "return_overdue", now)
    return len(found)
