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
    """Recompute teams (team, cadre, day) of whose members a day has just been settled, where that can be news, and
    announce each by itself. The caller has locked the teams."""
    asked = sorted(homes)
    return Ask(
        """
        WITH touched AS (
            SELECT DISTINCT asked.team_id
            FROM unnest(%(teams)s::uuid[], %(cadres)s::uuid[], %(days)s::date[]) AS asked (team_id, cadre_id, day)
            JOIN day_status d USING (cadre_id, day)
            LEFT JOIN team_facts f ON f.subject = asked.team_id
            WHERE f.subject IS NULL OR d.status = 'present' AND d.day > coalesce(f.last_present_on, '-infinity')
        ), computed AS (
            """  # noqa: S608  # our own words
        + COMPUTED
        + """ JOIN touched ON touched.team_id = t.id
        ), written AS (
            INSERT INTO team_facts AS f (subject, division, version, members, last_present_on)
            SELECT subject, division, 1, members, last_present_on FROM computed
            ON CONFLICT (subject) DO UPDATE
                SET division = excluded.division, members = excluded.members,
                    last_present_on = excluded.last_present_on, version = f.version + 1, changed = pg_current_xact_id()
                WHERE (f.division, f.members, f.last_present_on)
                    IS DISTINCT FROM (excluded.division, excluded.members, excluded.last_present_on)
            RETURNING *
        )
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
