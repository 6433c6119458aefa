"""Whom nobody knows is forgotten: number and name go when the county's days are over, the clue with them; of a clue
that has a household, the number goes as long after its last reading."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, select, text
from sqlmodel import Session, col

from services.alerts.clues.answering import answer
from services.alerts.models.clues import Clue
from services.kit.store.db import open_session
from services.kit.store.reference import StandardKey, StandardMissing, standard
from services.kit.store.work import Loop

KEPT_DAYS = StandardKey(
    "clue_kept_days", "number", "日", "部门线索个人信息保存天数", "Days a person's number stands in a clue"
)
HOURLY = 3600.0
AT_ONCE = 1_000

FORGET = text(
    """
    UPDATE clue SET id_index = NULL, sealed_id_number = NULL, sealed_name = NULL, sealed_note = NULL
    WHERE county = :county AND told_at < :before AND sealed_id_number IS NOT NULL
      AND state NOT IN ('waiting', 'unmatched', 'ambiguous')
    """
)


def purges(engine: Engine) -> Loop:
    return Loop("clue purge", lambda now: purge(engine, now), idle=HOURLY)


def purge(engine: Engine, now: datetime) -> int:
    """Answers 0 when there is nothing left to do: the next look is in an hour."""
    left = 0
    with open_session(engine) as session, session.begin():
        for county in session.scalars(select(col(Clue.county)).distinct()).all():
            left += purge_of(session, county, now)
    return left


def purge_of(session: Session, county: str, now: datetime) -> int:
    """Nothing goes where the county has not said when; and there nothing comes either (batches.py)."""
    try:
        before = now - timedelta(days=int(standard(session, KEPT_DAYS, county, now.date())))
    except StandardMissing:
        return 0
    unknown = (
        select(Clue)
        .where(col(Clue.county) == county, col(Clue.told_at) < before)
        .where(col(Clue.state).in_(["unmatched", "ambiguous"]))
    )
    over = session.scalars(unknown.limit(AT_ONCE).with_for_update(skip_locked=True)).all()
    answer(session, over, "expired", "nobody_known", None, now)
    session.flush()
    session.execute(FORGET, {"county": county, "before": before})
    return len(over)
