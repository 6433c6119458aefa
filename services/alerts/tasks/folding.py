"""All reasons of a household fold into one visit: what waits is held against what its task already names."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlmodel import Session

from services.alerts.tasks.reasons import SOME, waiting
from services.alerts.telling.matters import ACCEPTED, REFUSED
from services.alerts.telling.notices import tell_these
from services.kit.store.sets import as_array

# As in judging, what there is meets what is held in a FULL JOIN: it is the question itself (new, changed, over), so a
# fold that is made again, or was missed, ends in the same. `met` is one row a reason; `stand` one a household in which
# anything differs, or that was asked for by name. Days are looked up once for each place, severity and day, however
# many reasons share them: an ordinal counts working days, and the first day that bears it is the working one. What an
# office has answered by itself, without the task, ends as it was answered.
FOLD = """
WITH stale AS (
    DELETE FROM task_quiet WHERE {quiet_whose} AND NOT EXISTS (
        SELECT FROM alert WHERE alert.subject = task_quiet.subject AND rule_key = key AND closed_at IS NULL
            AND (alert.id = task_quiet.alert_id OR evidence_digest = task_quiet.digest))
), reason AS (
{waiting}
), held AS (
    SELECT task_id, source, source_id, subject, division, severity, since, due_on
    FROM task_reason WHERE ended_at IS NULL AND {held_whose}
), met AS MATERIALIZED (
    SELECT coalesce(reason.subject, held.subject) AS subject, coalesce(held.since, reason.since) AS since,
           reason.source, reason.source_id, reason.key, reason.division, reason.severity,
           held.task_id AS held_in, held.source AS held_source, held.source_id AS held_id,
           held.division AS held_at, held.severity AS held_severity, held.due_on AS held_due
    FROM reason FULL JOIN held ON held.source_id = reason.source_id AND held.source = reason.source
), allowed AS MATERIALIZED (
    SELECT division, severity, (
        SELECT CAST(value AS int) FROM standard
        WHERE standard.key = 'task_days_' || kind.severity AND population_class = '' AND valid @> CAST(:today AS date)
            AND starts_with(kind.division, standard.division)
        ORDER BY length(standard.division) DESC LIMIT 1) AS days
    FROM (SELECT DISTINCT division, severity FROM met WHERE source IS NOT NULL) AS kind
), dated AS MATERIALIZED (
    SELECT since, days, (
        SELECT min(due.date) FROM day AS begun JOIN day AS due ON due.ordinal = begun.ordinal + begin.days
        WHERE begun.date = begin.since AND due.date BETWEEN begin.since AND begin.since + begin.days * 3 + 30) AS due_on
    FROM (SELECT DISTINCT since, days FROM met JOIN allowed USING (division, severity)) AS begin
), told AS MATERIALIZED (
    SELECT met.*, dated.due_on, CASE severity WHEN 'high' THEN 1 WHEN 'low' THEN 3 ELSE 2 END AS rank
    FROM met LEFT JOIN allowed USING (division, severity) LEFT JOIN dated USING (since, days)
), differing AS MATERIALIZED (
    SELECT * FROM told
    WHERE (source, division, severity, due_on) IS DISTINCT FROM (held_source, held_at, held_severity, held_due)
), touched AS (
    SELECT subject, bool_or(differs) AS differs, bool_or(new) AS has_new
    FROM (SELECT subject, true AS differs, held_source IS NULL AS new FROM differing
          UNION ALL SELECT unnest(CAST(:subjects AS uuid[])), false, false) AS each
    GROUP BY subject
), whole AS (
    SELECT subject, min(since) AS since, min(due_on) AS due_on, min(rank) AS rank, max(division) AS division
    FROM told WHERE source IS NOT NULL GROUP BY subject
), stand AS MATERIALIZED (
    SELECT touched.*, gen_random_uuid() AS new_id, task.id AS task_id, whole.since, whole.due_on, whole.division,
           (ARRAY['high', 'medium', 'low'])[whole.rank] AS severity
    FROM touched LEFT JOIN whole USING (subject)
        LEFT JOIN task ON task.subject = touched.subject AND task.closed_at IS NULL
), opened AS (
    INSERT INTO task (id, county, subject, division, opened_at, since, severity, due_on, level, version)
    SELECT new_id, left(division, 6), subject, division, :now, since, severity, due_on, 0, 1
    FROM stand WHERE task_id IS NULL AND since IS NOT NULL
    RETURNING id, subject, division, severity, due_on
), struck AS (
    UPDATE task_reason SET ended_at = :now, ended_as = coalesce(CASE held_source
        WHEN 'clue' THEN (SELECT state FROM clue WHERE id = held_id AND state IN ('confirmed', 'dismissed'))
        WHEN 'visit_clue' THEN (SELECT CASE state WHEN 'accepted' THEN 'confirmed' ELSE 'dismissed' END
                                FROM visit_clue WHERE id = held_id AND state IN ('accepted', 'refused'))
        WHEN 'declaration' THEN (SELECT CASE stage WHEN {accepted} THEN 'confirmed' WHEN {refused} THEN 'dismissed' END
                                 FROM matter WHERE (matter.source, family) = (held_id, 'declaration')
                                     AND matter.subject = differing.subject) END, 'over')
    FROM differing
    WHERE differing.source IS NULL AND task_reason.task_id = held_in AND task_reason.source = held_source
        AND task_reason.source_id = held_id AND ended_at IS NULL
    RETURNING task_id, ended_as
), noted AS (
    INSERT INTO task_reason (task_id, source, source_id, subject, division, key, severity, since, due_on, added_at)
    SELECT coalesce(held_in, task_id, new_id), source, source_id, subject, differing.division, key, differing.severity,
           differing.since, differing.due_on, :now
    FROM differing JOIN stand USING (subject) WHERE source IS NOT NULL
    ON CONFLICT (task_id, source, source_id) DO UPDATE
        SET division = excluded.division, severity = excluded.severity, since = excluded.since,
            due_on = excluded.due_on, ended_at = NULL, ended_as = NULL, ended_by = NULL
), changed AS (
    UPDATE task SET
        county = coalesce(left(stand.division, 6), county), division = coalesce(stand.division, task.division),
        since = coalesce(stand.since, task.since), severity = coalesce(stand.severity, task.severity),
        due_on = CASE WHEN stand.since IS NULL THEN task.due_on ELSE stand.due_on END,
        postponed_until = CASE WHEN NOT has_new THEN postponed_until END,
        closed_at = CASE WHEN stand.since IS NULL THEN CAST(:now AS timestamptz) END,
        closed_as = CASE WHEN stand.since IS NOT NULL THEN NULL
                         WHEN EXISTS (SELECT FROM (SELECT task_id, ended_as FROM task_reason
                                                   UNION ALL SELECT task_id, ended_as FROM struck) AS judged
                                      WHERE judged.task_id = task.id
                                      AND judged.ended_as IN ('confirmed', 'dismissed')) THEN 'answered'
                         ELSE 'over' END,
        version = version + 1
    FROM stand
    WHERE task.id = stand.task_id AND (differs OR (task.division, task.since, task.severity, task.due_on)
        IS DISTINCT FROM (stand.division, stand.since, stand.severity, stand.due_on))
    RETURNING task.id, task.subject, task.division, task.severity, task.due_on, task.closed_as
), said AS (
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(:now), type, CAST(id AS text), division, :now,
           jsonb_build_object('household', subject, 'severity', severity, 'due_on', due_on, 'as', closed_as)
    FROM (SELECT 'task.opened' AS type, opened.*, NULL AS closed_as FROM opened
          UNION ALL
          SELECT CASE WHEN closed_as IS NULL THEN 'task.changed' ELSE 'task.closed' END, changed.* FROM changed) AS news
)
SELECT (SELECT count(*) FROM opened), (SELECT count(*) FROM changed WHERE closed_as IS NULL),
       (SELECT count(*) FROM changed WHERE closed_as IS NOT NULL), (SELECT CAST(array_agg(id) AS text) FROM opened)
"""

# Whoever learns of a household has its row by the writing itself; others take it first, always in the same order.
HOLD = text(f"SELECT FROM household_facts WHERE {SOME} ORDER BY subject FOR UPDATE")
OUT_OF_LOOPS = text("SET LOCAL enable_nestloop = off")
AS_BEFORE = text("SET LOCAL enable_nestloop = DEFAULT")


class Folded(NamedTuple):
    """How many tasks."""

    opened: int = 0
    changed: int = 0
    closed: int = 0


@cache
def fold_of(*, few: bool) -> TextClause:
    places = SOME if few else "starts_with(division, :county)"
    stages = {"accepted": ACCEPTED, "refused": REFUSED}
    return text(FOLD.format(waiting=waiting(few=few), held_whose=places, quiet_whose=places, **stages))


def hold(session: Session, subjects: Iterable[UUID]) -> None:
    """So that two who fold one household do it one after the other, each seeing what the other has written."""
    session.execute(HOLD, {"subjects": as_array(subjects)})


def fold_these(session: Session, subjects: Iterable[UUID], now: datetime) -> Folded:
    """Of households that are held, after anything that is a reason, or was one, was written."""
    return folded(session, now, few=True, subjects=as_array(subjects))


def fold_county(session: Session, county: str, now: datetime) -> Folded:
    """With the county locked against learning. Its plan is made without nested loops: there are no statistics yet of
    what this transaction has written, and one of them over a county's alerts would take minutes."""
    session.execute(OUT_OF_LOOPS)
    done = folded(session, now, few=False, subjects="{}", county=county)
    session.execute(AS_BEFORE)
    return done


def folded(session: Session, now: datetime, *, few: bool, **whose: str) -> Folded:
    offset = now.utcoffset() or timedelta()
    told = {"now": now, "today": now.date(), "offset": offset}
    *counted, opened = session.execute(fold_of(few=few), told | whose).one()
    tell_these(session, "task_opened", opened, now)
    return Folded(*counted)
