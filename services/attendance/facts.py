"""What rules may ask of a team, computed in one statement for any set of teams."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.attendance.models.facts import TeamFacts
from services.kit.post.facts import CHANGED, PLUMBING, recompute, tell_in_bulk
from services.kit.store.lanes import Ask
from services.kit.store.sets import as_array

KIND = "team"

# A day counts for the team the cadre was posted to on that day, not for the one of today. Nobody is away before having
# come: who was never seen here is away since the first day of the posting.
COMPUTED: LiteralString = """
    SELECT t.id AS subject, t.village AS division, people.*
    FROM team t CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE stays) AS members,
               count(*) FILTER (WHERE stays AND leads) AS leaders,
               max(seen) AS last_present_on,
               max(coalesce(seen, arrived)) FILTER (WHERE stays AND leads) AS leader_away_since,
               min(coalesce(seen, arrived)) FILTER (WHERE stays) AS member_away_since,
               min(arrived) FILTER (WHERE stays) AS longest_posted_since
        FROM (SELECT role IN ('first_secretary', 'captain') AS leads, lower(valid) AS arrived,
                     upper_inf(valid) AS stays,
                     (SELECT max(d.day) FROM day_status d
                      WHERE d.cadre_id = p.cadre_id AND p.valid @> d.day AND d.status = 'present') AS seen
              FROM posting p WHERE p.team_id = t.id) AS posted
    ) AS people
"""
OF_TEAMS = text(COMPUTED + "WHERE t.id = ANY (:ids)")
COLUMNS: LiteralString = """
    members, leaders, last_present_on, leader_away_since, member_away_since, longest_posted_since
"""
EXCLUDED: LiteralString = """
    excluded.members, excluded.leaders, excluded.last_present_on, excluded.leader_away_since,
    excluded.member_away_since, excluded.longest_posted_since
"""


def lock_teams(session: Session, ids: Sequence[UUID]) -> None:
    """Before the first write to any part of a team: its facts are then computed by one writer at a time."""
    session.execute(text("SELECT FROM team WHERE id = ANY (:ids) ORDER BY id FOR UPDATE"), {"ids": list(ids)})


def presence_changed(homes: Iterable[tuple[UUID, UUID, date]], now: datetime) -> Ask:
    """Of teams (team, cadre, day) of whose members a day has just been settled as present: their facts again, each
    announced by itself where one differs. The caller has locked the teams."""
    asked = sorted(homes)
    return Ask(
        """
        WITH seen AS (
            SELECT DISTINCT asked.team_id
            FROM unnest(%(teams)s::uuid[], %(cadres)s::uuid[], %(days)s::date[]) AS asked (team_id, cadre_id, day)
            JOIN day_status d USING (cadre_id, day)
            WHERE d.status = 'present'
        ), written AS (
            INSERT INTO team_facts AS held (subject, division, """  # noqa: S608  # our own words
        + COLUMNS
        + ", version) SELECT computed.*, 1 FROM ("
        + COMPUTED
        + """ WHERE t.id IN (SELECT team_id FROM seen)) AS computed
            ON CONFLICT (subject) DO UPDATE
            SET (division, version, changed, """
        + COLUMNS
        + ") = (excluded.division, held.version + 1, pg_current_xact_id(), "
        + EXCLUDED
        + """) WHERE (held.division, held.members, held.leaders, held.last_present_on, held.leader_away_since,
                     held.member_away_since, held.longest_posted_since)
                 IS DISTINCT FROM (excluded.division, """
        + EXCLUDED
        + """) RETURNING held.*
        )
        INSERT INTO event (id, type, subject, division, occurred_at, data)
        SELECT uuid_at(%(now)s), %(changed)s, subject::text, division, %(now)s, jsonb_build_object('kind',
               %(kind)s::text, 'version', version, 'facts', to_jsonb(written) - %(plumbing)s::text[])
        FROM written
        RETURNING subject
        """,
        {
            "teams": as_array(team for team, _, _ in asked),
            "cadres": as_array(cadre for _, cadre, _ in asked),
            "days": as_array(day for _, _, day in asked),
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
