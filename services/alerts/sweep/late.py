"""A month that was missed: judged by what was known when it ended, certified as late. It opens and closes nothing, for
who was in need then is told by the month that is due now."""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from services.alerts.facts.history import facts_as_of
from services.alerts.judging.judge import Bench, convene, lay_out
from services.alerts.judging.stage import Compiler
from services.alerts.models.sweep import Sweep
from services.alerts.rules.catalogue import HOUSEHOLD, TEAM
from services.alerts.sweep.unjudged import note_gaps
from services.kit.post.facts import digests_of
from services.kit.store.signing import digest_of

HOLDING = text(
    """
    SELECT rules.key, count(*)
    FROM stage JOIN unnest(CAST(:keys AS text[])) WITH ORDINALITY AS rules (key, place)
      ON (stage.mask >> CAST(2 * (rules.place - 1) AS int)) & 3 = 1
    GROUP BY rules.key ORDER BY rules.key
    """
)


def is_late(session: Session, sweep: Sweep) -> bool:
    """A newer month of the county is due or done."""
    newer = select(col(Sweep.id)).where(col(Sweep.county) == sweep.county, col(Sweep.period) > sweep.period)
    return session.scalar(newer.limit(1)) is not None


def next_month(period: date) -> date:
    return (period + timedelta(days=31)).replace(day=1)


def ended(period: date, now: datetime) -> datetime:
    """The moment a month ended, in the zone of `now`."""
    return datetime.combine(next_month(period), time(), tzinfo=now.tzinfo)


def judge_late(session: Session, sweep: Sweep, now: datetime) -> dict[str, Any]:
    """What a sweep's tally says, from history; by the rules, standards and calendar of the month's last day."""
    end = ended(sweep.period, now)
    teams, households = (judge_one_late(session, sweep, about, end) for about in (TEAM, HOUSEHOLD))
    return {
        "late": True,
        TEAM: teams,
        HOUSEHOLD: households,
        "open_alerts": dict(sorted((teams.pop("holding") | households.pop("holding")).items())),
        "facts_digest": households.pop("facts_digest"),
    }


def judge_one_late(session: Session, sweep: Sweep, about: str, end: datetime) -> dict[str, Any]:
    bench = bench_of_the_past(session, about, sweep.county, end)
    facts = bench.compiler.facts
    subjects = session.scalar(select(func.count()).select_from(facts).where(facts.c.county == sweep.county)) or 0
    lay_out(session, bench)
    gaps = note_gaps(session, sweep, bench) if about == HOUSEHOLD else 0
    held = session.execute(HOLDING, {"keys": [rule.key for rule in bench.rules]})
    known = session.execute(digests_of(facts, sweep.county)).mappings()
    return {
        "subjects": subjects,
        "judged": subjects - gaps,
        "not_judgeable": gaps,
        "came": [],
        "went": [],
        "opened": 0,
        "refreshed": 0,
        "closed": 0,
        "rules": [{"key": rule.key, "version": rule.version} for rule in bench.rules],
        "holding": {row[0]: row[1] for row in held},
        "facts_digest": digest_of({row["division"]: dict(row) for row in known}),
    }


def bench_of_the_past(session: Session, about: str, county: str, end: datetime) -> Bench:
    """A judge of the day before `end`, who knows what was known until then."""
    last_day = end.date() - timedelta(days=1)
    today = convene(session, about, county, last_day, end)
    compiler = Compiler(facts_as_of(about, end), today.compiler.standards, last_day)
    return Bench(about, county, today.rules, compiler, last_day, end)
