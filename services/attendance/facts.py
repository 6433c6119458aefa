"""What rules may ask of a team, computed in one statement for any set of teams."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.attendance.models import TeamFacts
from services.kit.post.facts import recompute, tell_each, tell_in_bulk

KIND = "team"

# A day counts for the team the cadre was posted to on that day, not for the one of today. Nobody is away before having
# come: who was never seen here is away since the first day of the posting.
COMPUTED = text(
    """
    WITH people AS (
        SELECT team_id, role IN ('first_secretary', 'captain') AS leads, lower(valid) AS arrived,
               coalesce((SELECT max(day) FROM day_status d
                         WHERE d.cadre_id = p.cadre_id AND p.valid @> d.day AND d.status = 'present'),
                        lower(valid)) AS away_since
        FROM posting p WHERE team_id = ANY (:ids) AND upper_inf(valid)
    ), posted AS (
        SELECT team_id, count(*) AS members, count(*) FILTER (WHERE leads) AS leaders,
               max(away_since) FILTER (WHERE leads) AS leader_away_since,
               min(away_since) AS member_away_since, min(arrived) AS longest_posted_since
        FROM people GROUP BY team_id
    ), seen AS (
        SELECT p.team_id, max(d.day) AS last_present_on
        FROM posting p JOIN day_status d ON d.cadre_id = p.cadre_id AND p.valid @> d.day AND d.status = 'present'
        WHERE p.team_id = ANY (:ids)
        GROUP BY p.team_id
    )
    SELECT t.id AS subject,
           t.village AS division,
           coalesce(posted.members, 0) AS members,
           coalesce(posted.leaders, 0) AS leaders,
           seen.last_present_on AS last_present_on,
           posted.leader_away_since AS leader_away_since,
           posted.member_away_since AS member_away_since,
           posted.longest_posted_since AS longest_posted_since
    FROM team t
    LEFT JOIN posted ON posted.team_id = t.id
    LEFT JOIN seen ON seen.team_id = t.id
    WHERE t.id = ANY (:ids)
    """
)


def lock_teams(session: Session, ids: Sequence[UUID]) -> None:
    """Before the first write to any part of a team: its facts are then computed by one writer at a time."""
    session.execute(text("SELECT FROM team WHERE id = ANY (:ids) ORDER BY id FOR UPDATE"), {"ids": list(ids)})


def facts_changed(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Recompute, and announce each team about which something is new by itself."""
    session.flush()
    tell_each(session, TeamFacts, KIND, recompute(session, TeamFacts, COMPUTED, ids=list(ids)), now)


def facts_changed_in_bulk(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Recompute a whole import and announce its place."""
    changed = recompute(session, TeamFacts, COMPUTED, ids=list(ids))
    tell_in_bulk(session, TeamFacts, KIND, changed, now)
