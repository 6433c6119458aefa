"""What villagers have said is kept for the days a county has set behind its decision, and then goes; what nobody has
decided on ends when the days set for that are over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, SQLColumnExpression, case, select, update
from sqlmodel import Session, col

from services.households.models.voices import SelfDeclaration
from services.kit.post.events import emit
from services.kit.store.db import open_session
from services.kit.store.reference import StandardKey, StandardMissing, standard
from services.kit.store.work import Loop

KEPT_DAYS = StandardKey(
    "declaration_kept_days", "number", "日", "自主申报办结后保存天数", "Days a decided self-declaration is kept"
)
WAITING_DAYS = StandardKey(
    "declaration_waiting_days",
    "number",
    "日",
    "自主申报无人办理时保存天数",
    "Days an undecided self-declaration is kept",
)
HOURLY = 3600.0
LAPSED = "self_declaration.lapsed"


def purges(engine: Engine) -> Loop:
    return Loop("declarations", lambda now: purge(engine, now), idle=HOURLY)


def purge(engine: Engine, now: datetime) -> int:
    """Place, days and outcome stay, for figures. Answers 0: the next look is in an hour, whatever there was."""
    with open_session(engine) as session, session.begin():
        held = select(col(SelfDeclaration.village)).where(col(SelfDeclaration.purged_at).is_(None))
        for village in session.scalars(held.distinct()).all():
            purge_of(session, village, now, KEPT_DAYS, col(SelfDeclaration.decided_at))
            waiting = case((col(SelfDeclaration.state) == "received", col(SelfDeclaration.received_at)))
            for lapsed in purge_of(session, village, now, WAITING_DAYS, waiting):
                emit(session, LAPSED, lapsed, now, division=village, data={})
    return 0


def purge_of(
    session: Session, village: str, now: datetime, key: StandardKey, since: SQLColumnExpression[Any]
) -> Sequence[UUID]:
    """Which. Nothing goes where the county has not said when."""
    try:
        kept = standard(session, key, village, now.date())
    except StandardMissing:
        return []
    over = (
        col(SelfDeclaration.village) == village,
        since < now - timedelta(days=int(kept)),
        col(SelfDeclaration.purged_at).is_(None),
    )
    gone = {"sealed_words": None, "sealed_secret": None, "sealed_reason": None, "household_id": None}
    forgotten = update(SelfDeclaration).where(*over).values(**gone, purged_at=now)
    return session.scalars(forgotten.returning(col(SelfDeclaration.id))).all()
