"""What rules may ask of a team, computed in one statement for any set of teams."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.attendance.models import TeamFacts
from services.kit.post.facts import CHANGED, PLUMBING, recompute, tell_in_bulk
from services.kit.store.lanes import Ask

KIND = "team"

# A day counts for the team the cadre was posted to on that day, not for the one of today.
COMPUTED: LiteralString = """
    SELECT t.id AS subject, t.village AS division,
           (SELECT count(*) FROM posting p WHERE p.team_id = t.id AND upper_inf(p.valid)) AS members,
           (SELECT max(d.day) FROM posting p
            JOIN day_status d ON d.cadre_id = p.cadre_id AND p.valid @> d.day AND d.status = 'present'
            WHERE p.team_id = t.id) AS last_present_on
    FROM team t
"""
OF_TEAMS = text(COMPUTED + "WHERE t.id = ANY (:ids)")


def lock_teams(session: Session, ids: Sequence[UUID]) -> None:
    """Before the first write to any part of a team: its facts are then computed by one writer at a time."""
    session.execute(text("SELECT FROM team WHERE id = ANY (:ids) ORDER BY id FOR UPDATE"), {"ids": list(ids)})


def presence_changed(homes: Iterable[tuple[UUID, UUID, date]], now: datetime) -> Ask:
    """Of teams (team, cadre, day) of whose members a day has just been settled: where that is the newest day of
    presence, say so and announce each by itself. What has been seen is never unseen by a check-in, so nothing else of
    the facts can have changed; a team without any gets all of them. The caller has locked the teams."""
    asked = sorted(homes)
    return Ask(
        """
        WITH seen AS (
            SELECT asked.team_id, max(d.day) AS day
            FROM unnest(%(teams)s::uuid[], %(cadres)s::uuid[], %(days)s::date[]) AS asked (team_id, cadre_id, day)
            JOIN day_status d USING (cadre_id, day)
            WHERE d.status = 'present'
            GROUP BY asked.team_id
        ), newer AS (
            UPDATE team_facts f
            SET last_present_on = seen.day, version = f.version + 1, changed = pg_current_xact_id()
            FROM seen WHERE f.subject = seen.team_id AND seen.day > coalesce(f.last_present_on, '-infinity')
            RETURNING f.*
        ), first AS (
            INSERT INTO team_facts (subject, division, version, members, last_present_on)
            SELECT subject, division, 1, members, last_present_on FROM ("""  # noqa: S608  # our own words
        + COMPUTED
        + """ WHERE t.id IN (SELECT team_id FROM seen) AND NOT EXISTS (SELECT FROM team_facts WHERE subject = t.id)
            ) AS computed
            RETURNING *
        ), written AS (SELECT * FROM newer UNION ALL SELECT * FROM first)
        INSERT INTO event (id, type, subject, division, occurred_at, data)
        SELECT gen_random_uuid(), %(changed)s, subject::text, division, %(now)s, jsonb_build_object('kind',
               %(kind)s::text, 'version', version, 'facts', to_jsonb(written) - %(plumbing)s::text[])
        FROM written
        RETURNING subject
        """,
        {
            "teams": [team for team, _, _ in asked],
            "cadres": [cadre for _, cadre, _ in asked],
            "days": [day for _, _, day in asked],
            "now": now,
            "kind": KIND,
            "changed": CHANGED,
            "plumbing": [*PLUMBING, "division"],
        },
    )


def facts_changed_in_bulk(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Recompute a whole import and announce its place."""
    changed = recompute(session, TeamFacts, OF_TEAMS, ids=list(ids))
    tell_in_bulk(session, TeamFacts, KIND, changed, now)
