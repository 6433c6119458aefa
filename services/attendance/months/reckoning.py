"""A month's days counted by team and cadre, and what they come to in money: sets in, sets out, one statement a step.

The allowance of a day is the rate that holds on it, where the day's status counts. Which statuses count is what the
document said as the month began; both by place, the nearest first. Where no document has set a rate, nothing is paid.
"""

from typing import LiteralString

from services.attendance.presence.day_rule import RULE, STATUSES
from services.kit.store.reference import StandardKey

# By class: the role (first_secretary, captain, member).
RATE = StandardKey("allowance_rate", "money", "分/人·日", "驻村补助标准", "Allowance for a day in the village")
# By class: the status of a day (present, official, leave, rest, uncertain, no_evidence).
COUNTS = StandardKey("allowance_counts", "number", "1 为计发", "哪些日子计发补助", "Whether a day of a status is paid")

NAMED: LiteralString = ", ".join(STATUSES)
SUMMED: LiteralString = ", ".join(
    f"coalesce(sum(days) FILTER (WHERE status = '{one}'), 0)::int AS {one}" for one in STATUSES
)

# What `asked` is for the sheet of a month: whoever was posted to these teams on a day of it.
OF_THE_MONTH: LiteralString = """
    asked AS MATERIALIZED (
        SELECT p.team_id, p.cadre_id, p.role, CAST(:month AS date) AS of_month,
               greatest(lower(p.valid), CAST(:month AS date)) AS first,
               least(upper(p.valid) - 1, CAST(:last AS date)) AS last
        FROM posting p
        WHERE p.team_id = ANY (CAST(:teams AS uuid[]))
          AND p.valid && daterange(CAST(:month AS date), CAST(:last AS date), '[]')
    )
"""

# Days within which no rate begins or ends, by the day each begins: a month has one or two, and the days of a cadre in
# one of them are worth the same.
SPANS: LiteralString = (
    """ span AS (
        SELECT d.date AS day, coalesce(max(b.at), '-infinity') AS since
        FROM day d LEFT JOIN (
            SELECT lower(valid) AS at FROM standard WHERE key = '"""  # noqa: S608  # our own words
    + RATE.key
    + """' UNION SELECT upper(valid) FROM standard WHERE key = '"""
    + RATE.key
    + """') AS b ON b.at <= d.date
        GROUP BY d.date
    )"""
)

# Of `asked`: the days of each cadre by status, and the line they make; one also where there are none.
LINES: LiteralString = (
    SPANS  # noqa: S608  # our own words
    + """, tally AS MATERIALIZED (
        SELECT team_id, village, role, cadre_id, of_month, status, since, count(*)::int AS days
        FROM ("""
    + RULE
    + """) AS each_day JOIN span USING (day)
        GROUP BY team_id, village, role, cadre_id, of_month, status, since
    ), line AS MATERIALIZED (
        SELECT team_id, cadre_id, of_month, t.village, c.name, u.name AS unit, """
    + NAMED
    + """
        FROM (SELECT asked.team_id, asked.cadre_id, asked.of_month, """
    + SUMMED
    + """
              FROM (SELECT DISTINCT team_id, cadre_id, of_month FROM asked) AS asked
              LEFT JOIN tally USING (team_id, cadre_id, of_month)
              GROUP BY asked.team_id, asked.cadre_id, asked.of_month) AS counted
        JOIN team t ON t.id = team_id JOIN cadre c ON c.id = cadre_id JOIN unit u ON u.id = c.unit_id
    )"""
)

# What a team's lines are, in thirty-two characters: who confirms and who freezes speak of the same.
DIGESTS: LiteralString = (
    "digested AS (SELECT team_id, md5(string_agg(concat_ws(',', cadre_id, "  # noqa: S608  # our own words
    + NAMED
    + "), ';' ORDER BY cadre_id)) AS digest FROM line GROUP BY team_id)"
)

# Of `tally`: the days that are paid, by rate and document. Joined by one text and not by three columns: of these the
# planner would think that next to none match, and look through all rates for each of a county's cadres.
DUE: LiteralString = (
    """
    rate AS (
        SELECT DISTINCT ON (v.village, v.role, v.since) concat_ws(' ', v.village, v.role, v.since) AS key,
               s.value::bigint AS rate, s.document_no
        FROM (SELECT DISTINCT village, role, since FROM tally) v
        JOIN standard s ON s.key = '"""  # noqa: S608  # our own words
    + RATE.key
    + """' AND s.valid @> v.since AND starts_with(v.village, s.division) AND s.population_class IN ('', v.role)
        ORDER BY v.village, v.role, v.since, length(s.division) DESC, s.population_class DESC
    ), counting AS (
        SELECT DISTINCT ON (v.village, v.of_month, v.status)
               concat_ws(' ', v.village, v.of_month, v.status) AS key, s.value
        FROM (SELECT DISTINCT village, of_month, status FROM tally) v
        JOIN standard s ON s.key = '"""
    + COUNTS.key
    + """' AND s.valid @> v.of_month AND starts_with(v.village, s.division) AND s.population_class IN ('', v.status)
        ORDER BY v.village, v.of_month, v.status, length(s.division) DESC, s.population_class DESC
    ), due AS (
        SELECT team_id, cadre_id, of_month, rate, document_no, sum(days)::int AS days
        FROM tally y
        JOIN counting ON counting.key = concat_ws(' ', y.village, y.of_month, y.status) AND counting.value = 1
        JOIN rate ON rate.key = concat_ws(' ', y.village, y.role, y.since)
        GROUP BY team_id, cadre_id, of_month, rate, document_no
    )"""
)
