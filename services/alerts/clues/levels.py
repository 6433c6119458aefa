"""Levels of clues that wait follow the county: a threshold it sets, corrects or ends, a kind's other threshold, a
household's other class. What somebody has decided stays decided."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, text

from services.alerts.clues.answering import answer_again
from services.alerts.clues.current import LEVEL, held_against, judge, tell_matched, thresholds
from services.alerts.tasks.later import fold_soon
from services.kit.store.claim import fence
from services.kit.store.db import open_session
from services.kit.store.sealed import take_turn

PAGE = 5_000

STALE = text(
    f"""
    SELECT c.id FROM clue c {held_against("c.household", "c.division")}
    WHERE c.county = :county AND c.state = 'matched' AND c.level <> {LEVEL} AND c.id > :after
    ORDER BY c.id LIMIT :page
    """  # noqa: S608  # our own
)


def level_again(engine: Engine, county: str, now: datetime) -> None:
    """Page by page, so that nobody's readings wait for a whole county."""
    after, page = UUID(int=0), PAGE
    while page == PAGE:
        with open_session(engine) as session, session.begin():
            take_turn(session, "clues")
            asked = {"county": county, "after": after, "page": PAGE} | thresholds(session, county)
            stale = list(session.scalars(STALE, asked))
            if stale:
                tell_matched(session, judge(session, county, stale, now), now)
                answer_again(session, stale, now)
                fold_soon(session, county, now)
                after = stale[-1]
            fence(session)
        page = len(stale)
