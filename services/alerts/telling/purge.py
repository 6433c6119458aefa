"""Who was told of what is kept as many days as the county has set, and then goes, a set at a time. Where it has set
none, everything stays."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.kit.store.db import open_session
from services.kit.store.reference import StandardKey, standards_on
from services.kit.store.work import Loop

KEPT_DAYS = StandardKey("notice_kept_days", "number", "日", "提醒记录保存天数", "Days notices are kept")
# An event may come again as late as this: what it once said is known so long.
LEAST_DAYS = 31
HOURLY = 3600.0
AT_ONCE = 10_000

# Of a place, but of none within it that has days of its own.
THERE = "starts_with({column}, :place) AND NOT {column} ^@ ANY (CAST(:others AS text[]))"
# The last message to a person tells where the next one begins: it stays.
FORGET = (
    f"""
    DELETE FROM notice WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM notice WHERE at < :before AND {THERE.format(column="division")} LIMIT :most))
    """,  # noqa: S608  # our own words
    f"""
    WITH gone AS (
        SELECT id FROM telling AS sent
        WHERE day < CAST(:day AS date) AND (done_at IS NOT NULL OR dead_at IS NOT NULL)
          AND {THERE.format(column="county")} AND EXISTS (
            SELECT FROM telling AS later
            WHERE (later.recipient, later.urgent) = (sent.recipient, sent.urgent)
              AND later.until_xid > sent.until_xid AND later.until_xid <= pg_snapshot_xmin(pg_current_snapshot()))
        LIMIT :most
    ), tried AS (DELETE FROM telling_attempt WHERE telling_id IN (SELECT id FROM gone))
    DELETE FROM telling WHERE id IN (SELECT id FROM gone)
    """,  # noqa: S608  # our own words
    f"""
    DELETE FROM matter WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM matter
        WHERE kind IS NULL AND told_at < :before AND {THERE.format(column="division")} LIMIT :most))
    """,  # noqa: S608  # our own words
)


def purges(engine: Engine) -> Loop:
    return Loop("notice purge", lambda now: purge(engine, now), idle=HOURLY)


def purge(engine: Engine, now: datetime) -> int:
    """0 when there is nothing left: the next look is in an hour."""
    with open_session(engine) as session, session.begin():
        over = list(kept_until(session, KEPT_DAYS, now))
    return sum(forget(engine, statement, asked) for asked in over for statement in FORGET)


def forget(engine: Engine, statement: str, asked: Mapping[str, Any]) -> int:
    with open_session(engine) as session, session.begin():
        gone: int = session.execute(text(statement), asked).rowcount  # type: ignore[attr-defined]
    return gone


def kept_until(session: Session, key: StandardKey, now: datetime) -> Iterator[Mapping[str, Any]]:
    """By each place that has set its days: what is of before is over there."""
    rows = standards_on(session, key.key, now.date())
    for row in rows:
        before = now - timedelta(days=max(int(row.value), LEAST_DAYS))
        others = [one.division for one in rows if one.division.startswith(row.division) and one != row]
        yield {"place": row.division, "others": others, "before": before, "day": before.date(), "most": AT_ONCE}
