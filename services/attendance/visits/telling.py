"""That a visit was recorded is told by ids and kinds alone; its note and who was met stay here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

RECORDED = "visit.recorded"

# `version` rises with each correction: whoever listens keeps the highest, in whatever order they come.
TELL = text(
    """
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(:now), :recorded, first_id::text, village, :now,
           jsonb_build_object('visit', id, 'version', version, 'household', household_id, 'cadre', cadre_id,
                              'day', day, 'contact', contact, 'made', because IS DISTINCT FROM 'not_made',
                              'findings', findings)
    FROM visit WHERE id = ANY (CAST(:visits AS uuid[]))
    """
)


def tell_visits(session: Session, visits: Sequence[UUID], now: datetime) -> None:
    if visits:
        session.execute(TELL, {"visits": list(visits), "now": now, "recorded": RECORDED})
