"""A pairing is an office too: whoever answers for a household sees that household, wherever it lives, and no other."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.attendance.grants.postings import OWNER
from services.kit.post.grants import announce_grants
from services.kit.store.grants import GRANTS
from services.kit.store.reference import next_version

# A set of one household, given to the account of its cadre for the days of the pairing.
WRITE = text(
    """
    INSERT INTO access_grant (id, owner, holder, role, kind, place, valid, source, version, revoked)
    SELECT p.set_id, :owner, coalesce(c.account, ''), 'assistant', 'set', p.set_id::text, p.valid, 'pairing', :version,
           c.account IS NULL
    FROM pairing p JOIN cadre c ON c.id = p.cadre_id
    WHERE p.cadre_id = ANY (CAST(:cadres AS uuid[]))
      AND (c.account IS NOT NULL OR EXISTS (SELECT FROM access_grant g WHERE g.id = p.set_id))
    ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, valid = excluded.valid, version = excluded.version,
        revoked = excluded.revoked
    WHERE (access_grant.holder, access_grant.valid, access_grant.revoked)
          IS DISTINCT FROM (excluded.holder, excluded.valid, excluded.revoked)
    RETURNING id
    """
)
WRITE_MEMBERS = text(
    """
    INSERT INTO set_member (set_id, subject, owner, valid, version, revoked)
    SELECT set_id, household_id, :owner, valid, :version, false
    FROM pairing WHERE cadre_id = ANY (CAST(:cadres AS uuid[]))
    ON CONFLICT (set_id, subject) DO UPDATE SET valid = excluded.valid, version = excluded.version
    WHERE set_member.valid IS DISTINCT FROM excluded.valid
    RETURNING set_id
    """
)

REVOKE = text(
    "UPDATE access_grant SET revoked = true, version = :version WHERE id = ANY (:sets) AND NOT revoked RETURNING id"
)
REVOKE_MEMBERS = text(
    "UPDATE set_member SET revoked = true, version = :version WHERE set_id = ANY (:sets) AND NOT revoked"
    " RETURNING set_id"
)


def grant_pairings(session: Session, cadres: Collection[UUID], now: datetime) -> None:
    """After every change to these cadres' accounts or pairings, in the same transaction."""
    session.flush()
    version = next_version(session, GRANTS)
    told = {"owner": OWNER, "version": version, "cadres": list(cadres)}
    changed = [session.execute(statement, told).all() for statement in (WRITE, WRITE_MEMBERS)]
    if any(changed):
        announce_grants(session, OWNER, version, now)


def take_back(session: Session, sets: Sequence[UUID], now: datetime) -> None:
    """What pairings granted that are gone themselves."""
    version = next_version(session, GRANTS)
    told = {"version": version, "sets": list(sets)}
    changed = [session.execute(statement, told).all() for statement in (REVOKE, REVOKE_MEMBERS)]
    if any(changed):
        announce_grants(session, OWNER, version, now)
