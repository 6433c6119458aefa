"""What the checks ask of: the register as it stands, as named sets that every check of one statement shares.

`home`: the households looked at; `member`: who lives there today, and who of them is of school age by the county's
ages; `told`: what was last told of each; `working`: who worked in the twelve months until today; `money`: the newest
statement of twelve months; `held`: the open tags; `latest`: the newest case; `cover`: what the county's standards say
in each village. Amounts in fen.
"""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import TextClause, text

from services.households.quality.checks import Check
from services.households.register.school_age import FROM, UNTIL, bound

STANDARDS = (
    "monitoring_line", "wage_floor", "income_floor", "income_ceiling", "identification_ceiling",
    "elimination_minimum_months", "first_measure_days", "farmland_ceiling", "forest_ceiling", "age_ceiling",
    "public_post_age", "labour_age",
)  # fmt: skip

OF_A_PLACE = "ended_on IS NULL AND starts_with(village, CAST(:place AS text))"
OF_ONE = "id = CAST(:household AS uuid) AND ended_on IS NULL"

SETS: Mapping[str, str] = {
    "member": f"""
        SELECT m.household_id, m.relation, p.id AS person_id, p.name, p.birth_date, p.sex, p.died_on, p.schooling,
               p.insured, p.id_index IS NOT NULL AS numbered, p.number_due_on,
               years.age, years.age BETWEEN schooling.since AND schooling.until AS of_school_age
        FROM home JOIN membership m ON m.household_id = home.id AND upper_inf(m.valid)
        JOIN person p ON p.id = m.person_id
        JOIN (SELECT h.village, {bound(FROM.key)} AS since, {bound(UNTIL.key)} AS until
              FROM (SELECT DISTINCT village FROM home) h) schooling ON schooling.village = home.village
        CROSS JOIN LATERAL (SELECT CAST(date_part('year', age(:today, p.birth_date)) AS int) AS age) years
    """,  # noqa: S608  # of constants alone
    "told": """
        SELECT DISTINCT ON (c.person_id) c.person_id, c.school_state, c.marital, c.labour_capacity
        FROM member JOIN person_circumstances c ON c.person_id = member.person_id AND c.since <= :today
        ORDER BY c.person_id, c.since DESC, c.seq DESC
    """,
    "working": """
        SELECT person_id, count(*) AS months
        FROM (SELECT DISTINCT ON (w.person_id, w.month) w.person_id, w.working
              FROM member JOIN work_month w ON w.person_id = member.person_id
              WHERE w.month > :today - interval '12 months' AND w.month <= :today
              ORDER BY w.person_id, w.month, w.seq DESC) newest
        WHERE newest.working GROUP BY person_id
    """,
    "money": """
        SELECT s.household_id, s.id, s.purpose, s.period_to,
               coalesce(sum(amount) FILTER (WHERE kind = 'wage'), 0) AS wage,
               coalesce(sum(amount) FILTER (WHERE kind = 'operating'), 0) AS operating,
               coalesce(sum(amount) FILTER (WHERE kind = 'transfer'), 0) AS transfer,
               coalesce(sum(amount) FILTER (WHERE kind IN ('wage', 'operating', 'property', 'transfer', 'other')), 0)
             - coalesce(sum(amount) FILTER (WHERE kind = 'production_cost'), 0) AS net_income,
               (SELECT count(*) FROM membership m
                WHERE m.household_id = s.household_id AND upper_inf(m.valid)) AS persons
        FROM (SELECT DISTINCT ON (household_id) household_id, statement.id, purpose, period_to
              FROM home JOIN statement ON household_id = home.id
              WHERE period_to + 1 = period_from + interval '12 months' AND period_to <= :today
              ORDER BY household_id, period_to DESC, seq DESC) s
        LEFT JOIN statement_line ON statement_id = s.id
        GROUP BY s.household_id, s.id, s.purpose, s.period_to
    """,
    "held": """
        SELECT home.id AS household_id, coalesce(array_agg(key) FILTER (WHERE key IS NOT NULL), '{}') AS tags
        FROM home LEFT JOIN tag ON tag.household_id = home.id AND upper_inf(tag.valid) GROUP BY home.id
    """,
    "latest": """
        SELECT DISTINCT ON (c.household_id) c.*, c.state IN ('monitored', 'eliminating') AS open,
               c.end_kind IN ('eliminated_by_help', 'eliminated_by_itself') AS eliminated
        FROM home JOIN monitored_case c ON c.household_id = home.id ORDER BY c.household_id, c.episode DESC
    """,
}


def holding(key: str) -> str:
    """The nearest place wins."""
    return (
        f"(SELECT s.value FROM standard s WHERE s.key = '{key}' AND s.valid @> :today AND s.population_class = ''"  # noqa: S608
        f" AND starts_with(here.village, s.division) ORDER BY length(s.division) DESC LIMIT 1) AS {key}"
    )


COVER = (
    f"SELECT here.village, {', '.join(map(holding, STANDARDS))}"  # noqa: S608  # of constants alone
    " FROM (SELECT DISTINCT village FROM home) here"
)


def named_sets(homes: str) -> Iterator[tuple[str, str]]:
    yield "home", f"SELECT * FROM household WHERE {homes}"  # noqa: S608  # of constants alone
    yield from SETS.items()
    yield "cover", COVER


def laid_out() -> Iterator[str]:
    """The sets of a place as tables of this transaction. A county's are too large to plan for unseen: what took minutes
    as parts of a statement takes seconds once their sizes are known."""
    for name, said in named_sets(OF_A_PLACE):
        yield f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {said}"
        yield f"ANALYZE {name}"


def rows_of(check: Check) -> str:
    key = f"CAST('{check.key}' AS text) AS check_key"
    return f"SELECT {key}, household_id, subject, CAST(told AS text[]) AS told FROM ({check.statement}) f"  # noqa: S608


def found_in_one(checks: Iterable[Check]) -> TextClause:
    """All that holds of one household at this moment, in one statement."""
    sets = ", ".join(f"{name} AS ({said})" for name, said in named_sets(OF_ONE))
    return text(f"WITH {sets} " + " UNION ALL ".join(map(rows_of, checks)))
