"""What a service's database says of its own health, as figures with a limit. Each query is bounded."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import text
from sqlmodel import Session

LATE = 300.0  # seconds that an event, a job or a delivery between our own services may wait
MISSED_BEATS = 3
NEVER = 1e9  # seconds; of a process that has not been heard at all
SKEW = 5.0  # seconds between the clocks of this host and of its database

BACKLOG = text(
    """
    WITH fresh AS (SELECT occurred_at FROM event WHERE NOT fanned_out ORDER BY xid, id LIMIT 5000),
    owed AS (
        SELECT subscription.own, event.occurred_at
        FROM (SELECT event_id, subscription_id FROM delivery
              WHERE done_at IS NULL AND dead_at IS NULL ORDER BY due_at LIMIT 5000) AS delivery
        JOIN subscription ON subscription.id = delivery.subscription_id AND subscription.disabled_at IS NULL
        JOIN event ON event.id = delivery.event_id
    ),
    due AS (
        SELECT due_at FROM job WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= clock_timestamp()
        ORDER BY due_at LIMIT 5000
    )
    SELECT 'events', count(*), min(occurred_at) FROM fresh
    UNION ALL SELECT 'own-deliveries', count(*), min(occurred_at) FROM owed WHERE own
    UNION ALL SELECT 'outside-deliveries', count(*), min(occurred_at) FROM owed WHERE NOT own
    UNION ALL SELECT 'jobs', count(*), min(due_at) FROM due
    """
)
BEATS = text(
    "SELECT kind, extract(epoch FROM clock_timestamp() - max(at))::float8, min(every) FROM heartbeat GROUP BY kind"
)
DEAD = text("SELECT count(*) FROM (SELECT FROM delivery WHERE dead_at IS NOT NULL LIMIT 5000) AS dead")


@dataclass(frozen=True)
class Reading:
    """Above its limit, `check` is degraded. `gauge` and `label` (never an id) name the figure among the metrics."""

    check: str
    gauge: str
    value: float
    limit: float = float("inf")
    label: str = ""

    @property
    def degraded(self) -> bool:
        return self.value > self.limit


Readings: TypeAlias = Callable[[Session, datetime], Iterable[Reading]]


def kit_readings(expected: Iterable[str]) -> Readings:
    """`expected`: kinds of processes that are to be heard here."""

    def read(session: Session, now: datetime) -> Iterator[Reading]:
        yield from read_beats(session, expected)
        yield from read_backlog(session, now)
        yield Reading("deliveries", "dead_deliveries", float(session.execute(DEAD).scalar_one()), 0)
        there = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        skew = abs((there - datetime.now(there.tzinfo)).total_seconds())
        yield Reading("clock", "clock_skew_seconds", skew, SKEW)

    return read


def together(first: Readings, second: Readings | None) -> Readings:
    return lambda session, now: [*first(session, now), *(second(session, now) if second else ())]


def read_beats(session: Session, expected: Iterable[str]) -> Iterator[Reading]:
    heard = {kind: (age, every) for kind, age, every in session.execute(BEATS)}
    for kind in expected:
        age, every = heard.get(kind, (NEVER, 0))
        yield Reading(kind, "heartbeat_age_seconds", age, every * MISSED_BEATS, kind)


def read_backlog(session: Session, now: datetime) -> Iterator[Reading]:
    """An outside system that is away is its own trouble: its wait is told, and makes nothing degraded."""
    for kind, count, oldest in session.execute(BACKLOG):
        age = max((now - oldest).total_seconds(), 0) if oldest else 0.0
        limit = float("inf") if kind == "outside-deliveries" else LATE
        yield Reading("backlog", "backlog_age_seconds", age, limit, kind)
        yield Reading("backlog", "backlog_count", float(count), label=kind)
