"""Who could not be judged in a sweep, by which rules, and for want of which facts."""

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.judging.judge import Bench
from services.alerts.models.sweep import Sweep

# Households that some rule could not judge, and the facts of that rule nobody has told us.
GAPS = text(
    """
    INSERT INTO sweep_gap (sweep_id, subject, division, rules, missing)
    SELECT :sweep_id, stage.subject, stage.division, array_agg(DISTINCT rules.key),
           array_agg(DISTINCT fact) FILTER (WHERE fact IS NOT NULL)
    FROM stage
    JOIN unnest(CAST(:keys AS text[]), CAST(:facts AS text[])) WITH ORDINALITY AS rules (key, facts, place)
      ON (stage.mask >> CAST(2 * (rules.place - 1) AS int)) & 3 = 2
    LEFT JOIN LATERAL unnest(string_to_array(rules.facts, ' ')) AS fact ON fact = ANY (stage.missing)
    GROUP BY stage.subject, stage.division
    """
)


def note_gaps(session: Session, sweep: Sweep, bench: Bench) -> int:
    """From the stage of this transaction. How many there are."""
    facts = [" ".join(rule.condition_facts) for rule in bench.rules]
    session.execute(GAPS, {"sweep_id": sweep.id, "keys": [rule.key for rule in bench.rules], "facts": facts})
    counted = text("SELECT count(*) FROM sweep_gap WHERE sweep_id = :id")
    return int(session.execute(counted, {"id": sweep.id}).scalar_one())
