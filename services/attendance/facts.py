"""What rules may ask of a team, computed in one statement for any set of teams."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.attendance.models import TeamFacts
from services.kit.post.facts import recompute, tell_each, tell_in_bulk

KIND = "team"

# A day counts for the team the cadre was posted to on that day, not for the one of today.
COMPUTED = text(
    """
    WITH people AS (
        SELECT team_id, count(*) AS members
        FROM posting WHERE team_id = ANY (:ids) AND upper_inf(valid)
        GROUP BY team_id
    ), seen AS (
        SELECT p.team_id, max(d.day) AS last_present_on
        FROM posting p JOIN day_status d ON d.cadre_id = p.cadre_id AND p.valid @> d.day AND d.status = 'present'
        WHERE p.team_id = ANY (:ids)
        GROUP BY p.team_id
    )
    SELECT t.id AS subject,
           t.village AS division,
           coalesce(people.members, 0) AS members,
           seen.last_present_on AS last_present_on
    FROM team t
    LEFT JOIN people ON people.team_id = t.id
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
