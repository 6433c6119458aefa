"""What villagers have said is kept for the days a county has set behind its decision, and then goes."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlmodel import Session, col

from services.households.models.voices import SelfDeclaration
from services.kit.store.db import open_session
from services.kit.store.reference import StandardKey, StandardMissing, standard
from services.kit.store.work import Loop

KEPT_DAYS = StandardKey(
    "declaration_kept_days", "number", "日", "自主申报办结后保存天数", "Days a decided self-declaration is kept"
)
HOURLY = 3600.0


def purges(engine: Engine) -> Loop:
    return Loop("declarations", lambda now: purge(engine, now), idle=HOURLY)


def purge(engine: Engine, now: datetime) -> int:
    """Place, days and outcome stay, for figures. Answers 0: the next look is in an hour, whatever there was."""
    with open_session(engine) as session, session.begin():
        closed = (col(SelfDeclaration.decided_at).is_not(None), col(SelfDeclaration.purged_at).is_(None))
        for village in session.scalars(select(col(SelfDeclaration.village)).where(*closed).distinct()).all():
            purge_of(session, village, now)
    return 0


def purge_of(session: Session, village: str, now: datetime) -> None:
    """Nothing goes where the county has not said when."""
    try:
        kept = standard(session, KEPT_DAYS, village, now.date())
    except StandardMissing:
        return
    over = (
        col(SelfDeclaration.village) == village,
        col(SelfDeclaration.decided_at) < now - timedelta(days=int(kept)),
        col(SelfDeclaration.purged_at).is_(None),
    )
    gone = {"sealed_words": None, "sealed_secret": None, "sealed_reason": None, "household_id": None}
    session.execute(update(SelfDeclaration).where(*over).values(**gone, purged_at=now))
