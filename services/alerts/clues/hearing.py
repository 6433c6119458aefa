"""Visits that came upon something are heard of: by ids and kinds, in whatever order they and their corrections come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.telling.notices import tell
from services.kit.post.events import CloudEvent
from services.kit.post.inbox import NotAnEvent
from services.kit.store.sets import as_array

RECORDED = "visit.recorded"

# Locked by the upsert: two versions of one visit wait for each other, and the lower one changes nothing.
NEWER = text(
    """
    INSERT INTO visit_told AS held (visit, version)
    SELECT * FROM unnest(CAST(:visits AS uuid[]), CAST(:versions AS int[])) AS told (visit, version) ORDER BY visit
    ON CONFLICT (visit) DO UPDATE SET version = excluded.version WHERE held.version < excluded.version
    RETURNING visit
    """
)
WITHDRAW = text(
    """
    UPDATE visit_clue SET state = 'withdrawn'
    FROM unnest(CAST(:visits AS uuid[])) AS newer (visit)
    WHERE visit_clue.visit = newer.visit AND state = 'told' AND NOT EXISTS (
        SELECT FROM unnest(CAST(:found_by AS uuid[]), CAST(:kinds AS text[])) AS found (visit, kind)
        WHERE found.visit = visit_clue.visit AND found.kind = visit_clue.kind)
    """
)
KEEP = text(
    """
    INSERT INTO visit_clue AS held (id, visit, kind, subject, division, day, told_at, state)
    SELECT gen_random_uuid(), found.*, :now, 'told'
    FROM unnest(CAST(:found_by AS uuid[]), CAST(:kinds AS text[]), CAST(:subjects AS uuid[]),
                CAST(:divisions AS text[]), CAST(:days AS date[])) AS found (visit, kind, subject, division, day)
    ON CONFLICT (visit, kind) DO UPDATE SET state = 'told', division = excluded.division, day = excluded.day
    WHERE held.state IN ('told', 'withdrawn')
    RETURNING id
    """
)


@dataclass(frozen=True)
class Heard:
    visit: UUID
    version: int
    household: UUID
    division: str
    day: date
    findings: Sequence[str]

    @classmethod
    def of(cls, event: CloudEvent) -> Self:
        said = event.data
        try:
            version, household, day = int(said["version"]), UUID(said["household"]), date.fromisoformat(said["day"])
            findings = [str(kind) for kind in said["findings"]]
            return cls(UUID(event.subject), version, household, event.division, day, findings)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise NotAnEvent(str(event.id)) from error


def on_visit_recorded(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    by_version = sorted((Heard.of(event) for event in events), key=lambda one: one.version)
    newest = {one.visit: one for one in by_version}
    told = {
        "visits": as_array(newest),
        "versions": as_array(one.version for one in newest.values()),
    }
    newer = [newest[visit] for visit in session.scalars(NEWER, told)]
    found = [(one, kind) for one in newer for kind in one.findings]
    said = {"found_by": as_array(one.visit for one, _ in found), "kinds": as_array(kind for _, kind in found)}
    session.execute(WITHDRAW, said | {"visits": as_array(one.visit for one in newer)})
    about = {
        "subjects": as_array(one.household for one, _ in found),
        "divisions": as_array(one.division for one, _ in found),
        "days": as_array(one.day for one, _ in found),
    }
    tell(session, "clue_waiting", session.scalars(KEEP, said | about | {"now": now}).all(), now)
