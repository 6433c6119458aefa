"""A clue's figures are those of its newest reading that stands; its level, what the standard of that day makes of them.

Both are worked out from what is stored, for many clues at once: in whatever order readings come, are repeated or are
withdrawn, the same readings and answers make the same clue. What was dismissed stays quiet until a fact behind it
changes: what adds up has risen, another cost is told, another meaning, or the same again when the county's days of
quiet are over.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.clues.answering import answer_again
from services.alerts.clues.kinds import kinds_of
from services.alerts.tasks.later import fold_soon
from services.kit.store.reference import StandardKey, StandardMissing, standard
from services.kit.store.sets import as_array

MATCHED = "clue.matched"
LEVELS = ("unset", "below", "reported", "over")
RISE = StandardKey(
    "clue_rise",
    "money",
    "分",
    "线索不成立后金额再升多少重新核实",
    "Rise of an amount that makes a dismissed clue wait again",
)
QUIET_DAYS = StandardKey(
    "clue_quiet_days",
    "number",
    "日",
    "线索不成立后同一情况再报的静默天数",
    "Days for which a dismissed clue stays quiet",
)

LEVEL = """
    CASE WHEN kind.threshold IS NULL THEN 'reported' WHEN held.value IS NULL OR c.amount IS NULL THEN 'unset'
         WHEN c.amount >= held.value THEN 'over' ELSE 'below' END
    """


def held_against(household: str, village: str) -> str:
    """SQL: of a clue `c` its kind, and the standard its amount is held against. The nearest place comes first, there
    what is said of a class of households, and of several classes the lowest."""
    return f"""
        JOIN unnest(CAST(:kinds AS text[]), CAST(:thresholds AS text[])) AS kind (key, threshold) ON kind.key = c.kind
        LEFT JOIN household_facts f ON kind.threshold IS NOT NULL AND f.subject = {household}
        LEFT JOIN LATERAL (
            SELECT s.value FROM standard s
            WHERE s.key = kind.threshold AND s.valid @> c.data_on AND starts_with({village}, s.division)
              AND s.population_class IN ('', CASE WHEN f.monitored THEN 'monitored' END,
                                         CASE WHEN f.formerly_poor THEN 'formerly_poor' END)
            ORDER BY length(s.division) DESC, s.population_class = '', s.value LIMIT 1) AS held ON true
        """  # noqa: S608  # names of our own columns


STAND = text(
    """
    WITH newest AS (
        SELECT DISTINCT ON (clue_id) * FROM clue_reading
        WHERE clue_id = ANY (CAST(:ids AS uuid[])) AND withdrawn_at IS NULL
        ORDER BY clue_id, data_on DESC, seq DESC
    )
    UPDATE clue SET
        amount = newest.amount, semantics = newest.semantics, data_on = newest.data_on,
        threshold_version = newest.threshold_version, tier = newest.tier, record_id = newest.record_id,
        batch_id = newest.batch_id, told_at = newest.told_at,
        state = CASE WHEN state IN ('withdrawn', 'unmatched', 'ambiguous') AND household IS NULL THEN 'waiting'
                     WHEN state = 'withdrawn' THEN 'matched' ELSE state END
    FROM newest WHERE clue.id = newest.clue_id
    """
)
FALL = text(
    """
    UPDATE clue SET state = 'withdrawn'
    WHERE id = ANY (CAST(:ids AS uuid[])) AND state IN ('waiting', 'unmatched', 'ambiguous', 'matched')
      AND NOT EXISTS (SELECT FROM clue_reading r WHERE r.clue_id = clue.id AND r.withdrawn_at IS NULL)
    """
)
# Of what was dismissed (and of what waits again since, and may be back where it was): is it what it was then? What an
# older release has dismissed has its level alone.
CHANGED = """
    array_position(CAST(:levels AS text[]), judged.level) > array_position(CAST(:levels AS text[]), answered_level)
    OR coalesce(judged.level <> 'below' AND CASE
        WHEN semantics IS DISTINCT FROM answered_semantics THEN answered_data_on IS NOT NULL
        WHEN semantics = 'cumulative' THEN amount > answered_amount + :rise
        WHEN semantics IS NOT NULL THEN data_on > answered_data_on
        ELSE data_on >= answered_data_on + CAST(:quiet AS int) END, false)
    """
JUDGE = text(
    f"""
    WITH judged AS (
        SELECT c.id, {LEVEL} AS level
        FROM clue c {held_against("c.household", "c.division")}
        WHERE c.id = ANY (CAST(:ids AS uuid[])) AND c.household IS NOT NULL AND c.state <> 'withdrawn'
    ), stands AS (
        SELECT judged.id, judged.level,
               CASE WHEN NOT (state = 'dismissed' OR (state = 'matched' AND answered_level IS NOT NULL)) THEN state
                    WHEN {CHANGED} THEN 'matched' ELSE 'dismissed' END AS state
        FROM judged JOIN clue USING (id)
    )
    UPDATE clue SET level = stands.level, state = stands.state,
                    reopened_at = CASE WHEN (clue.state, stands.state) = ('dismissed', 'matched')
                                       THEN CAST(:now AS timestamptz) ELSE reopened_at END
    FROM stands WHERE clue.id = stands.id AND (clue.level, clue.state) <> (stands.level, stands.state)
    RETURNING clue.id
    """  # noqa: S608  # our own
)
TELL = text(
    """
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(:now), CAST(:type AS text), CAST(id AS text), division, :now,
           jsonb_build_object('household', household, 'kind', kind, 'level', level, 'department', department)
    FROM clue WHERE id = ANY (CAST(:ids AS uuid[])) AND state = 'matched'
    """
)


def bring_up_to_date(session: Session, county: str, ids: Collection[UUID], now: datetime) -> None:
    """After readings of these clues came, or were withdrawn."""
    if not ids:
        return
    told = {"ids": as_array(sorted(ids))}
    session.execute(STAND, told)
    session.execute(FALL, told)
    tell_matched(session, judge(session, county, ids, now), now)
    answer_again(session, ids, now)
    fold_soon(session, county, now)


def judge(session: Session, county: str, ids: Collection[UUID], now: datetime) -> list[UUID]:
    """Those whose level has changed, that wait again, or again do not."""
    said = {"ids": as_array(sorted(ids)), "levels": as_array(LEVELS), "now": now}
    return list(session.scalars(JUDGE, said | thresholds(session, county) | quiet(session, county, now)))


def quiet(session: Session, county: str, now: datetime) -> dict[str, int | None]:
    """Where the county has not said, any rise counts, and the same told again does not."""
    return {"rise": set_by(session, RISE, county, now) or 0, "quiet": set_by(session, QUIET_DAYS, county, now)}


def set_by(session: Session, key: StandardKey, county: str, now: datetime) -> int | None:
    try:
        return int(standard(session, key, county, now.date()))
    except StandardMissing:
        return None


def thresholds(session: Session, county: str) -> dict[str, str]:
    kinds = kinds_of(session, county)
    return {"kinds": as_array(kinds), "thresholds": as_array(kind.threshold for kind in kinds.values())}


def tell_matched(session: Session, ids: Collection[UUID], now: datetime) -> None:
    if ids:
        session.execute(TELL, {"ids": as_array(sorted(ids)), "type": MATCHED, "now": now})
