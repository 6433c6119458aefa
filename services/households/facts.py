"""What rules may ask of a household, computed from the register in one statement for any set of households."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.households.income.settings import IN_REGISTER, INCOME_DIVISOR, LIVES_TOGETHER, USUALLY_RESIDENT
from services.households.models.facts import HouseholdFacts
from services.households.nearest import nearest
from services.households.register.school_age import AGES
from services.kit.post.facts import recompute, tell_each, tell_in_bulk

KIND = "household"

# Persons are those among whom income is divided, by the county's divisor (docs/income.md): unknown while of one of them
# nobody has told whether they live there, and where none does. Any other count of members is unknown while a member's
# answer is missing and no other member has already answered "yes". An expense nobody stated is unknown; an income kind
# or a loan left out of a statement was none. Standards are per year, so only a statement of twelve months is asked. A
# household without members is one whose members nobody told us. The year before is the newest that had ended when this
# one began, at most twelve months earlier; nobody need have stated it. Insured is who has a basic medical insurance in
# the year that is asked of; of whom no row of it is told, what a file or the safeguards have last said. Of school age
# is who is so today: facts_of_the_day.py asks again as days pass.
COMPUTED = text(
    f"""
    WITH ages AS ({AGES}), counting AS (
        SELECT h.id AS household_id, {nearest(INCOME_DIVISOR.key, IN_REGISTER)} AS divisor
        FROM household h WHERE h.id = ANY (:ids)
    ), insurance AS (
        SELECT newest.person_id, bool_or(newest.enrolled) AS insured
        FROM (SELECT DISTINCT ON (i.person_id, i.kind) i.person_id, i.enrolled
              FROM membership m JOIN person_insurance i ON i.person_id = m.person_id
              WHERE m.household_id = ANY (:ids) AND upper_inf(m.valid)
                AND i.year = :year AND i.kind IN ('resident', 'employee')
              ORDER BY i.person_id, i.kind, i.seq DESC) newest
        GROUP BY newest.person_id
    ), people AS (
        SELECT m.household_id,
               nullif(CASE WHEN count(*) FILTER (WHERE lives.counts IS NULL) = 0
                           THEN count(*) FILTER (WHERE lives.counts) END, 0) AS persons,
               count(*) FILTER (WHERE NOT coalesce(i.insured, p.insured)) AS uninsured,
               count(*) FILTER (WHERE coalesce(i.insured, p.insured) IS NULL) AS insured_unknown,
               count(*) FILTER (WHERE p.schooling = 'dropped_out' AND p.birth_date <= a.begun
                                 AND p.birth_date > a.too_old) AS dropped_out,
               count(*) FILTER (WHERE p.schooling IS NULL AND p.birth_date <= a.begun
                                 AND p.birth_date > a.too_old) AS schooling_unknown
        FROM membership m JOIN person p ON p.id = m.person_id JOIN ages a USING (household_id)
        JOIN counting c USING (household_id)
        LEFT JOIN insurance i ON i.person_id = p.id
        CROSS JOIN LATERAL (
            SELECT c.divisor = {IN_REGISTER} OR (
                SELECT CASE c.divisor WHEN {LIVES_TOGETHER} THEN r.lives_together
                                      WHEN {USUALLY_RESIDENT} THEN r.usually_resident END
                FROM person_residence r WHERE r.person_id = m.person_id AND r.since <= CAST(:today AS date)
                ORDER BY r.since DESC, r.seq DESC LIMIT 1) AS counts) lives
        WHERE m.household_id = ANY (:ids) AND upper_inf(m.valid)
        GROUP BY m.household_id
    ), newest AS (
        SELECT DISTINCT ON (household_id) household_id, id, period_from, period_to
        FROM statement WHERE household_id = ANY (:ids) AND period_to + 1 = period_from + interval '12 months'
        ORDER BY household_id, period_to DESC, seq DESC
    ), earlier AS (
        SELECT DISTINCT ON (s.household_id) s.household_id, s.id
        FROM newest JOIN statement s ON s.household_id = newest.household_id
         AND s.period_to < newest.period_from AND s.period_to >= newest.period_from - interval '12 months'
         AND s.period_to + 1 = s.period_from + interval '12 months'
        ORDER BY s.household_id, s.period_to DESC, s.seq DESC
    ), before AS (
        SELECT earlier.household_id, coalesce(sum(amount) FILTER (WHERE kind = 'wage'), 0) AS wage,
               coalesce(sum(amount) FILTER (WHERE kind IN ('wage', 'operating', 'property', 'transfer', 'other')), 0)
             - coalesce(sum(amount) FILTER (WHERE kind = 'production_cost'), 0) AS net_income
        FROM earlier LEFT JOIN statement_line ON statement_id = earlier.id
        GROUP BY earlier.household_id
    ), money AS (
        SELECT newest.household_id, newest.period_to,
               coalesce(sum(amount) FILTER (WHERE kind IN ('wage', 'operating', 'property', 'transfer', 'other')), 0)
             - coalesce(sum(amount) FILTER (WHERE kind = 'production_cost'), 0) AS net_income,
               coalesce(sum(amount) FILTER (WHERE kind = 'wage'), 0) AS wage,
               coalesce(sum(amount) FILTER (WHERE kind = 'transfer'), 0) AS transfer,
               sum(amount) FILTER (WHERE kind = 'medical_self_paid') AS medical,
               sum(amount) FILTER (WHERE kind = 'schooling_self_paid') AS schooling,
               coalesce(sum(amount) FILTER (WHERE kind = 'education_loan'), 0) AS loan
        FROM newest LEFT JOIN statement_line ON statement_id = newest.id
        GROUP BY newest.household_id, newest.period_to
    ), tags AS (
        SELECT household_id, array_agg(key) AS keys
        FROM tag WHERE household_id = ANY (:ids) AND upper_inf(valid)
        GROUP BY household_id
    )
    SELECT h.id AS subject,
           h.village AS division,
           people.persons AS persons,
           CAST(money.net_income AS bigint) AS net_income,
           CAST(before.net_income AS bigint) AS net_income_before,
           CAST(money.wage AS bigint) AS wage_income,
           CAST(before.wage AS bigint) AS wage_income_before,
           CAST(money.transfer AS bigint) AS transfer_income,
           CAST(money.medical AS bigint) AS medical_self_paid,
           CAST(money.schooling AS bigint) AS schooling_self_paid,
           CAST(money.medical + money.schooling AS bigint) AS rigid_expense,
           CASE WHEN money.medical + money.schooling IS NOT NULL  -- greatest() passes over what is unknown
                THEN CAST(greatest(money.medical + money.schooling - money.loan, 0) AS bigint) END AS cash_gap,
           money.period_to AS income_until,
           CASE WHEN people.uninsured > 0 OR people.insured_unknown = 0 THEN people.uninsured END AS uninsured_members,
           CASE WHEN people.dropped_out > 0 OR people.schooling_unknown = 0 THEN people.dropped_out END
               AS dropped_out_members,
           h.housing_grade IN ('A', 'B') AS safe_house,
           h.safe_water AS safe_water,
           coalesce('monitored' = ANY (tags.keys), false) AS monitored,
           coalesce('formerly_poor' = ANY (tags.keys), false) AS formerly_poor
    FROM household h
    LEFT JOIN people ON people.household_id = h.id
    LEFT JOIN money ON money.household_id = h.id
    LEFT JOIN before ON before.household_id = h.id
    LEFT JOIN tags ON tags.household_id = h.id
    WHERE h.id = ANY (:ids) AND h.ended_on IS NULL
    """  # noqa: S608  # of constants alone
)

# What the planner last saw of the tables that hold a row and more for each household.
SEEN_NEARLY_EMPTY = text(
    """
    SELECT coalesce(bool_or(reltuples * 10 < :rows), false) FROM pg_class
    WHERE oid IN (CAST('household' AS regclass), CAST('membership' AS regclass), CAST('person' AS regclass),
                  CAST('statement' AS regclass), CAST('statement_line' AS regclass)) AND relpages > 0
    """
)


def lock_households(session: Session, ids: Sequence[UUID]) -> None:
    """Before the first write to any part of a household: its facts are then computed by one writer at a time."""
    session.execute(text("SELECT FROM household WHERE id = ANY (:ids) ORDER BY id FOR UPDATE"), {"ids": list(ids)})


def facts_changed(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Recompute and announce each household by itself."""
    session.flush()
    tell_each(session, HouseholdFacts, KIND, recomputed(session, ids, now), now)


def facts_changed_in_bulk(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Recompute a whole import and announce its place.

    Where tables were looked at while they were nearly empty (of a county whose first file was undone, say), the planner
    would go through the whole of one for each row of another: a quarter of an hour for 1,500 households.
    """
    if session.scalar(SEEN_NEARLY_EMPTY, {"rows": len(ids)}):
        session.execute(text("SET LOCAL enable_nestloop = off"))
    tell_in_bulk(session, HouseholdFacts, KIND, recomputed(session, ids, now), now)


def recomputed(session: Session, ids: Sequence[UUID], now: datetime) -> list[UUID]:
    return recompute(session, HouseholdFacts, COMPUTED, ids=list(ids), year=now.year, today=now.date())
