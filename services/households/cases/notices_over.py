"""A notice in the village has hung the days it must: whoever posted it goes and records what was objected. Said once of
each notice, and once that the result is recorded or the case has left that step."""

from datetime import datetime

from sqlalchemy import Engine, Row, text
from sqlmodel import Session

from services.households.cases.contents import notice_may_end
from services.kit.post.events import emit
from services.kit.store.db import open_session
from services.kit.store.reference import StandardMissing
from services.kit.store.work import Loop

OVER, ANSWERED = "case.notice_over", "case.notice_answered"
EVERY = 300.0  # seconds

HANGING = text(
    """
    SELECT m.id, m.household_id, h.village, posted.id AS notice, newest.done_on
    FROM monitored_case m JOIN household h ON h.id = m.household_id
    CROSS JOIN LATERAL (
        SELECT id FROM case_entry WHERE case_id = m.id AND step = replace(m.next_step, '_ended', '')
            AND corrects IS NULL ORDER BY seq DESC LIMIT 1) AS posted
    CROSS JOIN LATERAL (
        SELECT done_on FROM case_entry WHERE case_id = m.id AND step = replace(m.next_step, '_ended', '')
        ORDER BY seq DESC LIMIT 1) AS newest
    WHERE (m.next_step = 'notice_ended' OR m.next_step = 'elimination_notice_ended')
      AND m.notice_told IS DISTINCT FROM posted.id
    FOR UPDATE OF m SKIP LOCKED
    """
)
DONE_WITH = text(
    """
    SELECT m.id, m.household_id, h.village, m.notice_told AS notice
    FROM monitored_case m JOIN household h ON h.id = m.household_id
    WHERE m.notice_told IS NOT NULL
        AND (m.next_step IS NULL OR m.next_step NOT IN ('notice_ended', 'elimination_notice_ended'))
    FOR UPDATE OF m SKIP LOCKED
    """
)
MARK = text("UPDATE monitored_case SET notice_told = CAST(:notice AS uuid) WHERE id = :id")


def tells_of_notices(engine: Engine) -> Loop:
    return Loop("case notices", lambda now: tell_of_notices(engine, now), idle=EVERY)


def tell_of_notices(engine: Engine, now: datetime) -> int:
    """The mark and the event are one transaction. Answers 0: what hangs still is looked at again in its time."""
    with open_session(engine) as session, session.begin():
        for one in session.execute(DONE_WITH).all():
            say(session, ANSWERED, one, now)
            session.execute(MARK, {"id": one.id, "notice": None})
        for one in session.execute(HANGING).all():
            if has_hung(session, one, now):
                say(session, OVER, one, now)
                session.execute(MARK, {"id": one.id, "notice": one.notice})
    return 0


def has_hung(session: Session, one: Row[tuple[object, ...]], now: datetime) -> bool:
    """By the county's days. Where it has set none, or the calendar does not reach, nothing is said."""
    try:
        until = notice_may_end(session, one.village, one.done_on)
    except StandardMissing:
        return False
    return until is not None and until <= now.date()


def say(session: Session, kind: str, one: Row[tuple[object, ...]], now: datetime) -> None:
    data = {"household": str(one.household_id), "notice": str(one.notice)}
    emit(session, kind, one.id, now, division=one.village, data=data)
