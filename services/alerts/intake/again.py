"""Judging a county again without news: each day, because days go by and absence is no event, and standards change; and
when a standard that was missing has come."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.alerts.clues.levels import level_again
from services.alerts.intake.take_in import JUDGE_AGAIN, JUDGE_WHEN_READY, ask_when_ready
from services.alerts.judging.judge import convene, convene_ready, judge_county, lock_out_learning
from services.alerts.rules.catalogue import SUBJECTS
from services.kit.store.claim import JobHandler, fence
from services.kit.store.db import open_session

# Once a day: a job of that kind and key that was done today, or waits to be, is enough.
ONCE_A_DAY = text(
    """
    INSERT INTO job (kind, key, due_at)
    SELECT CAST(:kind AS text), county, :now
    FROM (SELECT DISTINCT county FROM household_facts UNION SELECT DISTINCT county FROM team_facts) AS known
    WHERE NOT EXISTS (SELECT FROM job WHERE kind = CAST(:kind AS text) AND key = county
                                        AND (done_at IS NULL OR done_at >= :midnight))
    ON CONFLICT DO NOTHING
    """
)


def ask_for_today(session: Session, now: datetime) -> None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    session.execute(ONCE_A_DAY, {"kind": JUDGE_AGAIN, "now": now, "midnight": midnight})


def judges_again(engine: Engine) -> Mapping[str, JobHandler]:
    """The jobs: levels of clues, which want no other standard than their own, then everything of a county by today's
    rules, standards and calendar. A worker that slept through its hold would judge by the rules of the day it fell
    asleep: it writes nothing."""

    def judge_again(county: str, now: datetime) -> None:
        level_again(engine, county, now)
        for about in SUBJECTS:
            with open_session(engine) as session, session.begin():
                lock_out_learning(session, county)
                bench = convene_ready(session, about, county, now.date(), now)
                judge_county(session, bench)
                ask_when_ready(session, bench)
                fence(session)

    def judge_when_ready(county: str, now: datetime) -> None:
        """Tried again until no rule waits: to find that one does costs a query for each standard."""
        with open_session(engine) as session:
            for about in SUBJECTS:
                convene(session, about, county, now.date(), now)
        judge_again(county, now)

    return {JUDGE_AGAIN: judge_again, JUDGE_WHEN_READY: judge_when_ready}
