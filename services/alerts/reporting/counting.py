"""The figures that alerts' own tables tell of a period and a place: one statement a table, over sets."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.reporting.contents import OfADepartment, OfASweep, OfVisitClues, OfVisits
from services.alerts.reporting.periods import Period
from services.kit.post.facts import COUNTY

Rows = Sequence[Mapping[str, Any]]

ALERTS = text(
    """
    SELECT division, rule_key, about,
           count(*) FILTER (WHERE opened_at >= :begin) AS opened,
           count(*) FILTER (WHERE closed_at >= :begin AND closed_at < :until) AS closed,
           count(*) FILTER (WHERE closed_at IS NULL OR closed_at >= :until) AS open
    FROM alert
    WHERE county = :county AND starts_with(division, :place)
      AND opened_at < :until AND (closed_at IS NULL OR closed_at >= :begin)
    GROUP BY division, rule_key, about
    """
)

# As it was at the end: due when the first of the reasons was that were open then; put off where somebody had said so
# since the last reason came.
TASKS = text(
    """
    WITH counted AS (
        SELECT t.id, t.division, t.opened_at >= :begin AS opened,
               t.closed_at < :until AND t.closed_as = 'answered' AS done,
               t.closed_at < :until AND t.closed_as = 'over' AS over,
               t.closed_at IS NULL OR t.closed_at >= :until AS open
        FROM task t
        WHERE t.county = :county AND starts_with(t.division, :place)
          AND t.opened_at < :until AND (t.closed_at IS NULL OR t.closed_at >= :begin)
    ), waiting AS (
        SELECT counted.id, max(r.added_at) AS newest,
               min(r.due_on) FILTER (WHERE r.ended_at IS NULL OR r.ended_at >= :until) AS due_on
        FROM counted JOIN task_reason r ON r.task_id = counted.id AND r.added_at < :until
        WHERE counted.open GROUP BY counted.id
    ), standing AS (
        SELECT waiting.id, waiting.due_on,
               (SELECT s.until FROM task_step s WHERE s.task_id = waiting.id AND s.step = 'postponed'
                  AND s.recorded_at < :until AND s.recorded_at >= waiting.newest ORDER BY s.seq DESC LIMIT 1) AS put_off
        FROM waiting
    )
    SELECT division, count(*) FILTER (WHERE opened) AS opened, count(*) FILTER (WHERE done) AS done,
           count(*) FILTER (WHERE over) AS over, count(*) FILTER (WHERE open) AS open,
           count(*) FILTER (WHERE due_on < :day AND coalesce(put_off < :day, true)) AS overdue,
           count(*) FILTER (WHERE open AND due_on IS NULL) AS no_due_day
    FROM counted LEFT JOIN standing USING (id)
    GROUP BY division
    """
)

REASONS = text(
    """
    SELECT t.division, count(DISTINCT r.task_id) FILTER (WHERE r.ended_as = 'confirmed') AS confirmed,
           count(DISTINCT r.task_id) FILTER (WHERE r.ended_as = 'dismissed') AS dismissed
    FROM task_reason r JOIN task t ON t.id = r.task_id
    WHERE r.ended_at >= :begin AND r.ended_at < :until AND t.county = :county AND starts_with(t.division, :place)
    GROUP BY t.division
    """
)

# A visit counts as in the yield of tasks (tasks/yields.py): somebody was met, on the day of the reason or later; an
# answer tells of one where attendance has not. A reason counts in the period of its first visit alone.
VISITS = text(
    """
    WITH touched AS MATERIALIZED (
        SELECT t.id FROM task t
        WHERE t.county = :county AND starts_with(t.division, :place) AND t.id IN (
            SELECT task_id FROM task_visit WHERE day BETWEEN :first AND :last
            UNION SELECT task_id FROM task_step WHERE done_on BETWEEN :first AND :last)
    ), been AS (
        SELECT r.task_id, r.source, r.source_id, r.since, v.day
        FROM touched JOIN task_visit v ON v.task_id = touched.id
        JOIN task_reason r ON r.task_id = v.task_id AND v.day >= r.since
        WHERE v.made AND v.contact IN ('home', 'elsewhere')
        UNION ALL
        SELECT r.task_id, r.source, r.source_id, r.since, s.done_on
        FROM touched JOIN task_reason r ON r.task_id = touched.id
        JOIN task_step s ON s.id = r.ended_by AND s.done_on >= r.since
    ), gone AS (
        SELECT min(day) - since AS days, min(day) AS day FROM been GROUP BY task_id, source, source_id, since
    )
    SELECT count(*) AS reasons, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS median,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY days) AS p90
    FROM gone WHERE day BETWEEN :first AND :last
    """
)

DEPARTMENTS = text(
    """
    SELECT c.department, count(*) FILTER (WHERE c.received_at >= :begin AND c.received_at < :until) AS received,
           count(*) FILTER (WHERE c.matched_at >= :begin AND c.matched_at < :until) AS matched,
           count(*) FILTER (WHERE a.confirmed) AS confirmed, count(a.clue_id) AS answered
    FROM clue c LEFT JOIN (
        SELECT clue_id, bool_or(outcome = 'confirmed') AS confirmed FROM clue_answer
        WHERE county = :county AND answered_at >= :begin AND answered_at < :until GROUP BY clue_id
    ) a ON a.clue_id = c.id
    WHERE c.county = :county AND starts_with(c.division, :place)
      AND (c.received_at >= :begin AND c.received_at < :until
           OR c.matched_at >= :begin AND c.matched_at < :until OR a.clue_id IS NOT NULL)
    GROUP BY c.department ORDER BY c.department
    """
)

VISIT_CLUES = text(
    """
    SELECT count(*) FILTER (WHERE told_at >= :begin AND told_at < :until) AS told,
           count(*) FILTER (WHERE state = 'accepted' AND answered_at >= :begin AND answered_at < :until) AS accepted,
           count(*) FILTER (WHERE state = 'refused' AND answered_at >= :begin AND answered_at < :until) AS refused
    FROM visit_clue WHERE starts_with(division, :place)
    """
)

SWEEPS = text(
    """
    SELECT s.*, wanting.not_judged, wanting.for_want_of
    FROM sweep s CROSS JOIN LATERAL (
        SELECT (SELECT count(*) FROM sweep_gap WHERE sweep_id = s.id AND starts_with(division, :place)) AS not_judged,
               (SELECT coalesce(jsonb_object_agg(fact, number ORDER BY fact), '{}') FROM (
                    SELECT fact, count(*) AS number FROM sweep_gap, unnest(missing) AS fact
                    WHERE sweep_id = s.id AND starts_with(division, :place) GROUP BY fact) AS facts) AS for_want_of
    ) AS wanting
    WHERE s.county = :county AND s.state = 'certified' AND s.done_at >= :begin AND s.done_at < :until
    ORDER BY s.period
    """
)

# Of the period's last sweep.
GAPS = text(
    """
    SELECT division, count(*) AS not_judged FROM sweep_gap
    WHERE starts_with(division, :place) AND sweep_id = (
        SELECT id FROM sweep WHERE county = :county AND state = 'certified' AND done_at >= :begin AND done_at < :until
        ORDER BY period DESC LIMIT 1)
    GROUP BY division
    """
)

HOUSEHOLDS = text(
    "SELECT division, count(*) AS households FROM household_facts"
    " WHERE county = :county AND starts_with(division, :place) GROUP BY division"
)

# Finished tasks that have been kept their days are counted no more (tasks/purge.py).
GONE = text("SELECT EXISTS (SELECT FROM task_purge WHERE county = :county AND closed_until >= :first) AS gone")

BELOW = text(
    "SELECT code, name, level FROM division WHERE starts_with(code, :place) AND length(code) <= 12 ORDER BY code"
)


class Counting:
    """Of one period and place."""

    def __init__(self, session: Session, place: str, period: Period) -> None:
        self._session = session
        self._asked = {
            "county": place[:COUNTY], "place": place, "begin": period.begin, "until": period.until,
            "first": period.first, "last": period.last, "day": period.until.date(),
        }  # fmt: skip
        self.whole_county = len(place) == COUNTY

    def rows(self, statement: Any) -> Rows:
        return [dict(row) for row in self._session.execute(statement, self._asked).mappings()]

    def are_gone(self) -> bool:
        return bool(self.rows(GONE)[0]["gone"])

    def visits(self) -> OfVisits:
        return OfVisits.model_validate(self.rows(VISITS)[0])

    def departments(self) -> list[OfADepartment]:
        return [OfADepartment.model_validate(row) for row in self.rows(DEPARTMENTS)]

    def visit_clues(self) -> OfVisitClues:
        return OfVisitClues.model_validate(self.rows(VISIT_CLUES)[0])

    def sweeps(self) -> list[OfASweep]:
        return [self.of_a_sweep(row) for row in self.rows(SWEEPS)]

    def of_a_sweep(self, row: Mapping[str, Any]) -> OfASweep:
        said = row["certificate"]
        return OfASweep(
            period=row["period"], certified_at=said["certified_at"], late=said["late"],
            registered=said["register"] if self.whole_county else None,
            judged=said["judged"] if self.whole_county else None,
            not_judged=row["not_judged"], for_want_of=row["for_want_of"],
        )  # fmt: skip
