"""Why a household is to be visited: the sources of reasons, each a query of those that wait for somebody to go.

A further source is an entry of SOURCES here; its words are one of `explaining.EXPLAINED`, and what a verdict does to it
one of `judged.SETTLED`. Whoever writes a few rows of a source holds their households first (`folding.hold`) and folds
them afterwards (`folding.fold_these`), in one transaction; whoever writes thousands asks for it (`later.fold_soon`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

ALERT, VISIT_CLUE, CLUE, DECLARATION = "alert", "visit_clue", "clue", "declaration"


@dataclass(frozen=True)
class Source:
    """`sql` gives source_id, subject, division, key, severity (high, medium, low) and since, the day from which the
    days are counted. `{whose}` in it becomes a test of `subject`, for some households, or `county`, for all of one.
    A household that alerts does not know, or knows no longer, has no reasons."""

    sql: str
    county: str


# An alert that somebody has judged stays quiet as the models say. Its days begin when the facts behind it last changed.
ALERTS = Source(
    """
    SELECT id AS source_id, subject, division, rule_key AS key, severity,
           CAST(refreshed_at AT TIME ZONE CAST(:offset AS interval) AS date) AS since
    FROM alert
    WHERE about = 'household' AND closed_at IS NULL AND {whose} AND NOT EXISTS (
        SELECT FROM task_quiet AS quiet WHERE quiet.subject = alert.subject AND quiet.key = alert.rule_key
            AND (quiet.alert_id = alert.id OR quiet.digest = alert.evidence_digest))
    """,
    county="county = :county",
)

# What a visit came upon lies where its household lies now.
VISIT_CLUES = Source(
    """
    SELECT id AS source_id, subject, division, kind AS key, 'medium' AS severity, since
    FROM (SELECT id, subject, kind, CAST(told_at AT TIME ZONE CAST(:offset AS interval) AS date) AS since,
                 (SELECT facts.division FROM household_facts AS facts WHERE facts.subject = visit_clue.subject)
          FROM visit_clue WHERE state = 'told' AND {whose}) AS clue
    WHERE division IS NOT NULL
    """,
    county="starts_with(division, :county)",
)

# What departments have told of a household that is known. What stands below its threshold asks nobody to go; what the
# county has set no threshold for does, last.
WAITING_CLUES = """
    SELECT id AS source_id, county, household AS subject, kind AS key, greatest(matched_at, reopened_at) AS waits_since,
           CASE level WHEN 'over' THEN 'high' WHEN 'reported' THEN 'medium' ELSE 'low' END AS severity,
           (SELECT facts.division FROM household_facts AS facts WHERE facts.subject = clue.household) AS division
    FROM clue WHERE state = 'matched' AND level <> 'below' AND matched_at IS NOT NULL
    """
CLUES = Source(
    f"""
    SELECT source_id, subject, division, key, severity,
           CAST(waits_since AT TIME ZONE CAST(:offset AS interval) AS date) AS since
    FROM ({WAITING_CLUES}) AS known
    WHERE division IS NOT NULL AND {{whose}}
    """,  # noqa: S608  # our own words
    county="county = :county",
)

# What a household has declared itself, as long as it waits for an answer, and once it is known whose it is. That it has
# is all that is known here.
DECLARATIONS = Source(
    """
    SELECT source_id, subject, division, 'self_declaration' AS key, 'medium' AS severity, since
    FROM (SELECT source AS source_id, subject, CAST(told_at AT TIME ZONE CAST(:offset AS interval) AS date) AS since,
                 (SELECT facts.division FROM household_facts AS facts WHERE facts.subject = matter.subject)
          FROM matter WHERE kind = 'declaration_waiting' AND {whose}) AS declared
    WHERE division IS NOT NULL
    """,
    county="starts_with(division, :county)",
)

SOURCES: Mapping[str, Source] = {ALERT: ALERTS, VISIT_CLUE: VISIT_CLUES, CLUE: CLUES, DECLARATION: DECLARATIONS}

SOME = "subject = ANY (CAST(:subjects AS uuid[]))"


def waiting(*, few: bool) -> str:
    """All that wait, of every source, as one query."""
    return "\n    UNION ALL\n".join(
        f"    SELECT '{name}' AS source, {name}.*"  # noqa: S608  # our own words
        f" FROM ({source.sql.format(whose=SOME if few else source.county)}) AS {name}"
        for name, source in SOURCES.items()
    )
