"""Rules meet facts, in one statement for one household or a county. TRUE opens, FALSE closes, NULL changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Dialect, text
from sqlmodel import Session

from services.alerts.facts.learn import FACTS
from services.alerts.judging.stage import Compiler, stage_of
from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.rules.rules import ReadRule, rules_on
from services.alerts.tasks.folding import fold_county, fold_these
from services.alerts.telling.notices import tell, tell_these
from services.kit.post.facts import table_of
from services.kit.store.reference import StandardMissing, StandardRow, standards_on

Held: TypeAlias = tuple[tuple[str, tuple[StandardRow, ...]], ...]  # by key

# `stage` holds the subjects with an answer other than FALSE: two bits per rule in `mask` (1 TRUE, 2 unknown), and for
# each TRUE the evidence at the rule's place. Everything after it is the same for one subject and for a county.
#
# What fires meets what is open in a FULL JOIN: it is the question itself (new, changed, no longer firing), and it can
# only be hashed or merged. Other joins became nested loops while there were no statistics of `alert`, as in a county's
# first sweep, and its 50,000 alerts took over a minute. One id serves the finding, the alert and the event born of it:
# a random one costs 4 µs where PostgreSQL is built without OpenSSL, as the embedded one is.
OUTCOME = """
rules AS (
    SELECT key, rule_version, severity, CAST(place - 1 AS int) AS place
    FROM unnest(%(keys)s::text[], %(versions)s::int[], %(severities)s::text[])
         WITH ORDINALITY AS listed (key, rule_version, severity, place)
), firing AS (
    SELECT stage.subject, stage.division, stage.version, rules.*, stage.evidence -> place AS evidence,
           jsonb_hash_extended(stage.evidence -> place -> 'basis', 0) AS digest
    FROM stage JOIN rules ON (mask >> (2 * place)) & 3 = 1
), held AS (
    SELECT id, rule_key, subject, rule_version, division, evidence_digest
    FROM alert WHERE rule_key = ANY (%(keys)s) AND closed_at IS NULL AND {whose}
), changed AS MATERIALIZED (
    SELECT firing.*, gen_random_uuid() AS new_id, held.id AS held_id, held.rule_key, held.subject AS held_subject,
           held.division AS held_division
    FROM firing FULL JOIN held ON held.rule_key = firing.key AND held.subject = firing.subject
    WHERE (held.evidence_digest, held.rule_version, held.division)
          IS DISTINCT FROM (firing.digest, firing.rule_version, firing.division)
), found AS (
    INSERT INTO finding (id, county, rule_key, rule_version, subject, facts_version, as_of, evidence, found_at)
    SELECT new_id, %(county)s, key, rule_version, subject, version, %(today)s, evidence, %(now)s
    FROM changed WHERE key IS NOT NULL
), opened AS (
    INSERT INTO alert (id, county, about, rule_key, rule_version, subject, division, severity,
                       opened_at, refreshed_at, finding_id, evidence_digest)
    SELECT new_id, %(county)s, %(about)s, key, rule_version, subject, division, severity,
           %(now)s, %(now)s, new_id, digest
    FROM changed WHERE key IS NOT NULL
    ON CONFLICT (rule_key, subject) WHERE closed_at IS NULL DO UPDATE
        SET county = excluded.county, division = excluded.division, rule_version = excluded.rule_version,
            severity = excluded.severity,
            refreshed_at = excluded.refreshed_at, finding_id = excluded.finding_id,
            evidence_digest = excluded.evidence_digest
    RETURNING id, rule_key, subject, division, severity, xmax = 0 AS fresh
), closed AS (
    UPDATE alert SET closed_at = %(now)s
    FROM changed JOIN rules ON rules.key = changed.rule_key, {facts} AS facts
    WHERE changed.key IS NULL AND alert.id = changed.held_id AND alert.closed_at IS NULL
      AND facts.county = %(county)s AND facts.subject = changed.held_subject
      AND NOT EXISTS (SELECT FROM stage
                      WHERE stage.subject = changed.held_subject AND (mask >> (2 * rules.place)) & 3 <> 0)
    RETURNING alert.id, alert.rule_key, alert.subject, alert.division, alert.severity
), told AS (
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT event_id, type, CAST(id AS text), division, %(now)s,
           jsonb_build_object('about', %(about)s::text, 'subject', subject, 'rule', rule_key, 'severity', severity)
    FROM (SELECT uuid_at(%(now)s) AS event_id, 'alert.opened' AS type, id, rule_key, subject, division, severity
          FROM opened WHERE fresh
          UNION ALL
          SELECT uuid_at(%(now)s), 'alert.closed', id, rule_key, subject, division, severity FROM closed) AS news
)
SELECT (SELECT count(*) FROM opened WHERE fresh), (SELECT count(*) FROM opened WHERE NOT fresh),
       (SELECT count(*) FROM closed),
       (SELECT CAST(array_agg(id) AS text) FROM opened WHERE fresh),
       (SELECT CAST(array_agg(held_id) AS text) FROM changed WHERE division <> held_division),
       (SELECT CAST(array_agg(id) AS text) FROM closed)
"""

# What no rule stands behind any more: it was retired there, a release no longer has it, or it is another place's than
# the one to which the subject has moved.
UNWATCHED = """
WITH closed AS (
    UPDATE alert SET closed_at = :now
    WHERE county = :county AND about = :about AND closed_at IS NULL
      AND (rule_key <> ALL (:keys)
           OR (rule_key, rule_version) IN (SELECT key, version FROM rule WHERE division <> '')
              AND EXISTS (SELECT FROM rule JOIN {facts} AS facts ON facts.subject = alert.subject
                          WHERE rule.key = alert.rule_key AND rule.version = alert.rule_version
                            AND NOT starts_with(facts.county, rule.division)))
    RETURNING *
), told AS (
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(:now), 'alert.closed', CAST(id AS text), division, :now,
           jsonb_build_object('about', about, 'subject', subject, 'rule', rule_key, 'severity', severity)
    FROM closed
)
SELECT id FROM closed
"""

SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('judge:' || :county, 0))")
ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('judge:' || :county, 0))")


@dataclass(frozen=True)
class Tally:
    """What a judgement changed."""

    opened: int = 0
    refreshed: int = 0
    closed: int = 0


@dataclass(frozen=True)
class Bench:
    """All one judgement needs: the rules, in the order of their bits, and the standards that hold. `waiting`: the keys
    of rules for which a standard is missing, and the names of what is."""

    about: str
    county: str
    rules: Sequence[ReadRule]
    compiler: Compiler
    today: date
    now: datetime
    waiting: Mapping[str, Sequence[str]] = field(default_factory=dict)


def convene(session: Session, about: str, county: str, today: date, now: datetime) -> Bench:
    """Read rules and standards as they hold today. A standard that is missing is a refusal that names it."""
    return bench_of(session, about, county, rules_on(session, about, today, county), today, now)


def convene_ready(session: Session, about: str, county: str, today: date, now: datetime) -> Bench:
    """The same without the rules whose standard is missing: they wait, and what they have opened stays as it is."""
    rules = rules_on(session, about, today, county)
    held = standards_for(session, county, rules, today)
    waiting = {rule.key: without for rule in rules if (without := [key for key in rule.standards if key not in held])}
    ready = [rule for rule in rules if rule.key not in waiting]
    return Bench(about, county, ready, Compiler(table_of(FACTS[about]), held, today), today, now, waiting)


def bench_of(session: Session, about: str, county: str, rules: Sequence[ReadRule], today: date, now: datetime) -> Bench:
    held = standards_for(session, county, rules, today)
    missing = sorted({key for rule in rules for key in rule.standards} - held.keys())
    if missing:
        raise StandardMissing(f"{missing[0]} · {county} · {today.isoformat()}")
    return Bench(about, county, rules, Compiler(table_of(FACTS[about]), held, today), today, now)


def standards_for(
    session: Session, county: str, rules: Sequence[ReadRule], today: date
) -> Mapping[str, Sequence[StandardRow]]:
    """Those that hold for the whole county, by key, with what parts of it have beside."""
    held = {}
    for key in sorted({key for rule in rules for key in rule.standards}):
        rows = standards_on(session, key, today)
        if any(county.startswith(row.division) for row in rows):
            held[key] = [row for row in rows if row.division.startswith(county) or county.startswith(row.division)]
    return held


def lock_out_sweeps(session: Session, counties: Iterable[str]) -> None:
    """Taken by whoever learns or judges a few: shared among them, never held together with a sweep of that county."""
    for county in sorted(set(counties)):
        session.execute(SHARED, {"county": county})


def lock_out_learning(session: Session, county: str) -> None:
    """Taken by the sweep, so that no fact arrives between its look at the facts and the alerts it writes."""
    session.execute(ALONE, {"county": county})


def judge(session: Session, bench: Bench, subjects: Sequence[UUID]) -> Tally:
    """The event path: the facts of these subjects were learned in this transaction. What follows from them for who
    should go there is part of it."""
    changed = judge_few(session, bench, subjects) if subjects and bench.rules else Tally()
    if subjects and bench.about == HOUSEHOLD:
        fold_these(session, subjects, bench.now)
    return changed


def judge_few(session: Session, bench: Bench, subjects: Sequence[UUID]) -> Tally:
    held = tuple((key, tuple(rows)) for key, rows in bench.compiler.standards.items())
    dialect = session.get_bind().dialect
    statement, parameters = few_judged(bench.about, bench.county, bench.today, tuple(bench.rules), held, dialect)
    return conclude(session, bench, statement, {**parameters, "subjects": list(subjects)})


@lru_cache(maxsize=32)
def few_judged(
    about: str, county: str, today: date, rules: tuple[ReadRule, ...], held: Held, dialect: Dialect
) -> tuple[str, Mapping[str, Any]]:
    """To write it takes longer than to judge two hundred subjects by it; rules and standards seldom change."""
    staged = stage_of(rules, Compiler(table_of(FACTS[about]), dict(held), today), county, ()).compile(dialect=dialect)
    return f"WITH stage AS MATERIALIZED ({staged.string}), {outcome(about, few=True)}", staged.params


def judge_county(session: Session, bench: Bench) -> Tally:
    """The sweep: the stage is laid out first as a table of its own, because only that runs in parallel."""
    changed = Tally()
    if bench.rules:
        lay_out(session, bench)
        changed = conclude(session, bench, f"WITH {outcome(bench.about, few=False)}", {})
    changed = replace(changed, closed=changed.closed + close_unwatched(session, bench))
    if bench.about == HOUSEHOLD:
        fold_county(session, bench.county, bench.now)
    return changed


def close_unwatched(session: Session, bench: Bench) -> int:
    watched = [*(rule.key for rule in bench.rules), *bench.waiting]
    told = {"county": bench.county, "about": bench.about, "now": bench.now, "keys": watched}
    statement = text(UNWATCHED.format(facts=table_of(FACTS[bench.about]).name))
    closed = session.scalars(statement, told).all()
    tell(session, "alert_closed", closed, bench.now)
    return len(closed)


def lay_out(session: Session, bench: Bench) -> None:
    """A temporary table that ends with the transaction. Its definition can hold no parameters, only quoted values."""
    dialect = session.get_bind().dialect
    staged = stage_of(bench.rules, bench.compiler, bench.county, None)
    query = staged.compile(dialect=dialect, compile_kwargs={"literal_binds": True}).string
    session.execute(text("DROP TABLE IF EXISTS pg_temp.stage"))
    session.connection().exec_driver_sql(f"CREATE TEMPORARY TABLE stage ON COMMIT DROP AS {query}", ())
    session.execute(text("ANALYZE stage (subject, mask)"))  # of the evidence nothing is asked, and it takes the longest


def outcome(about: str, *, few: bool) -> str:
    """The table's name is one of ours; who is meant is a parameter."""
    whose = "subject = ANY (%(subjects)s)" if few else "county = %(county)s"
    return OUTCOME.format(facts=table_of(FACTS[about]).name, whose=whose)


def conclude(session: Session, bench: Bench, statement: str, parameters: dict[str, Any]) -> Tally:
    listed = {
        "keys": [rule.key for rule in bench.rules],
        "versions": [rule.version for rule in bench.rules],
        "severities": [rule.severity for rule in bench.rules],
        "county": bench.county,
        "about": bench.about,
        "today": bench.today,
        "now": bench.now,
    }
    *counted, opened, moved, closed = session.connection().exec_driver_sql(statement, listed | parameters).one()
    for new_there in (opened, moved):  # whoever was told before is not told again
        tell_these(session, "alert_opened", new_there, bench.now)
    tell_these(session, "alert_closed", closed, bench.now)
    return Tally(*counted)
