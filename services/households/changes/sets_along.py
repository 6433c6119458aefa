"""What becomes of household sets: whoever answers for a household answers for what it becomes."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.households.changes.change import Doing
from services.households.register.household_sets import OWNER
from services.kit.post.facts import smallest_place
from services.kit.post.grants import announce_grants
from services.kit.store.grants import GRANTS
from services.kit.store.reference import next_version

HOLDS = text("SELECT EXISTS (SELECT FROM set_member WHERE subject = :from AND owner = :owner AND NOT revoked)")
FOLLOW = text(
    """
    INSERT INTO set_member (set_id, subject, owner, valid, version, revoked)
    SELECT set_id, CAST(:into AS uuid), owner, daterange(:today, NULL), :version, false
    FROM set_member WHERE subject = :from AND owner = :owner AND NOT revoked
    ON CONFLICT (set_id, subject) DO UPDATE SET valid = excluded.valid, version = excluded.version, revoked = false
    WHERE set_member.revoked
    """
)
LEAVE = text(
    "UPDATE set_member SET revoked = true, version = :version WHERE subject = :from AND owner = :owner AND NOT revoked"
)
PLACES = text(
    """
    SELECT s.id, s.division, array_agg(DISTINCT h.village ORDER BY h.village) AS villages
    FROM household_set s JOIN set_member m ON m.set_id = s.id AND NOT m.revoked JOIN household h ON h.id = m.subject
    WHERE s.id IN (SELECT set_id FROM set_member WHERE subject = ANY (:ids) AND owner = :owner AND NOT revoked)
    GROUP BY s.id, s.division ORDER BY s.id
    """
)
MOVE_SET = text("UPDATE household_set SET division = :place WHERE id = :id")


def sets_follow(doing: Doing, from_id: UUID, into_id: UUID | None, *, leaves: bool) -> None:
    """Into another household, and `leaves` where it ends. Attendance's own sets follow its pairings."""
    told: dict[str, Any] = {"from": from_id, "into": into_id, "owner": OWNER, "today": doing.today}
    if not doing.session.execute(HOLDS, told).scalar_one():
        return
    told["version"] = version = next_version(doing.session, GRANTS)
    if into_id:
        doing.session.execute(FOLLOW, told)
    if leaves:
        doing.session.execute(LEAVE, told)
    announce_grants(doing.session, OWNER, version, doing.now)


def place_sets(session: Session, households: Iterable[UUID]) -> None:
    """Where a household has moved, the smallest place of its sets may be another."""
    for held in session.execute(PLACES, {"ids": list(households), "owner": OWNER}).all():
        place = smallest_place(held.villages)
        if place != held.division:
            session.execute(MOVE_SET, {"id": held.id, "place": place})
