"""A posting is an office: whoever is posted to a village acts there, from the day of arrival to the day of leaving."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.kit.post.grants import announce_grants
from services.kit.store.grants import GRANTS
from services.kit.store.reference import next_version

OWNER = "attendance"

# The grant of a posting has its id. Without an account nobody can act, so an unlinked cadre's are revoked.
WRITE = text(
    """
    INSERT INTO access_grant (id, owner, holder, role, kind, place, valid, source, version, revoked)
    SELECT p.id, :owner, coalesce(c.account, ''), CASE p.role WHEN 'member' THEN 'cadre' ELSE 'captain' END,
           'division', t.village, p.valid, 'posting', :version, c.account IS NULL
    FROM posting p JOIN cadre c ON c.id = p.cadre_id JOIN team t ON t.id = p.team_id
    WHERE p.cadre_id = ANY (CAST(:cadres AS uuid[]))
      AND (c.account IS NOT NULL OR EXISTS (SELECT FROM access_grant g WHERE g.id = p.id))
    ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, role = excluded.role, place = excluded.place,
        valid = excluded.valid, version = excluded.version, revoked = excluded.revoked
    WHERE (access_grant.holder, access_grant.role, access_grant.place, access_grant.valid, access_grant.revoked)
          IS DISTINCT FROM (excluded.holder, excluded.role, excluded.place, excluded.valid, excluded.revoked)
    RETURNING id
    """
)


def grant_postings(session: Session, cadres: Sequence[UUID], now: datetime) -> None:
    """After every change to these cadres' accounts, postings or teams' villages, in the same transaction."""
    session.flush()
    version = next_version(session, GRANTS)
    if session.execute(WRITE, {"owner": OWNER, "version": version, "cadres": list(cadres)}).all():
        announce_grants(session, OWNER, version, now)


def cadres_of(session: Session, teams: Sequence[UUID]) -> list[UUID]:
    wanted = text("SELECT DISTINCT cadre_id FROM posting WHERE team_id = ANY (:teams)")
    return list(session.scalars(wanted, {"teams": list(teams)}))
