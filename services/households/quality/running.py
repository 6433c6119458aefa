"""The worker's part of a run: a statement a check writes what it finds, and what no longer holds is taken away."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.households.models.quality import QualityRun
from services.households.quality.checks import checks
from services.households.quality.comparing import COMPARE, compare_file
from services.households.quality.ground import STANDARDS, laid_out, rows_of
from services.kit.store.claim import fence, work_a_job
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.sealed import take_turn
from services.kit.store.work import Loop

RUN = "quality"

WRITE = """
    INSERT INTO quality_finding (id, check_key, household_id, subject, told, since, run_id)
    SELECT gen_random_uuid(), check_key, household_id, subject, told, :now, CAST(:run AS uuid) FROM ({}) found
    ON CONFLICT (household_id, check_key, subject) DO UPDATE SET told = excluded.told, run_id = excluded.run_id,
        since = CASE WHEN quality_finding.told = excluded.told THEN quality_finding.since ELSE excluded.since END
"""
# What ended goes too: a household that has gone agrees with nothing.
TAKE_AWAY = text(
    """
    DELETE FROM quality_finding f USING household h
    WHERE h.id = f.household_id AND starts_with(h.village, CAST(:place AS text)) AND f.run_id <> CAST(:run AS uuid)
    """
)
COUNT = text("SELECT count(*) FROM household WHERE ended_on IS NULL AND starts_with(village, CAST(:place AS text))")
COUNT_FOUND = text("SELECT count(*) FROM quality_finding WHERE run_id = :run")
LACKING = text(
    """
    SELECT wanted.key FROM unnest(CAST(:keys AS text[])) AS wanted (key)
    WHERE EXISTS (SELECT FROM (SELECT DISTINCT village FROM household
                               WHERE ended_on IS NULL AND starts_with(village, CAST(:place AS text))) here
                  WHERE NOT EXISTS (SELECT FROM standard s WHERE s.key = wanted.key AND s.valid @> CAST(:today AS date)
                                    AND s.population_class = '' AND starts_with(here.village, s.division)))
    ORDER BY wanted.key
    """
)


def quality_work(engine: Engine, seal: Seal) -> Loop:
    """Apart from the other jobs, since a county takes half a minute."""

    def run(key: str, now: datetime) -> str | None:
        look_through(engine, UUID(key), now)
        return None

    def compare(key: str, now: datetime) -> str | None:
        return compare_file(engine, seal.pinned(), UUID(key), now)

    return Loop("quality", lambda now: work_a_job(engine, {RUN: run, COMPARE: compare}, now), idle=0.5, slowest=2)


def look_through(engine: Engine, run_id: UUID, now: datetime) -> None:
    """Killed anywhere, it is begun anew. One at a time: a later one takes away what an earlier one has found."""
    with open_session(engine) as session, session.begin():
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        take_turn(session, RUN)
        run = session.get_one(QualityRun, run_id, with_for_update=True)
        if run.done_at is None:
            note_findings(session, run, now)
            run.done_at = now
        session.flush()
        fence(session)


def note_findings(session: Session, run: QualityRun, now: datetime) -> None:
    told = {"place": run.village, "today": now.date(), "now": now, "run": run.id}
    for statement in laid_out():
        session.execute(text(statement), told)
    for check in checks().values():
        session.execute(text(WRITE.format(rows_of(check))), told)
    session.execute(TAKE_AWAY, told)
    run.findings = session.scalar(COUNT_FOUND, told)
    run.households = session.scalar(COUNT, told)
    run.not_judged = list(session.scalars(LACKING, told | {"keys": list(STANDARDS)}))
