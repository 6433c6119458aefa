"""What is still owed to other systems, for the office that answers for it: how many wait, how many were given up."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import text

from services.kit.post.events import source_of
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of
from services.kit.web.operations import READ_ALL

# Of what happened within the caller's places, or nowhere in particular. Both partial indexes serve the OR.
OUTSTANDING = text(
    """
    WITH owed AS (
        SELECT d.subscription_id,
               count(*) FILTER (WHERE d.dead_at IS NULL) AS waiting,
               count(*) FILTER (WHERE d.dead_at IS NULL AND d.attempts > 0 AND d.problem IS NOT NULL) AS failing,
               count(*) FILTER (WHERE d.dead_at IS NOT NULL) AS dead,
               min(e.occurred_at) FILTER (WHERE d.dead_at IS NULL) AS oldest
        FROM delivery d JOIN event e ON e.id = d.event_id
        WHERE ((d.done_at IS NULL AND d.dead_at IS NULL) OR d.dead_at IS NOT NULL)
          AND (e.division = '' OR e.division ^@ ANY (CAST(:places AS text[])))
        GROUP BY d.subscription_id
    )
    SELECT s.id AS subscription_id, s.subscriber, owed.oldest, coalesce(owed.waiting, 0) AS waiting,
           coalesce(owed.failing, 0) AS failing, coalesce(owed.dead, 0) AS dead
    FROM subscription s LEFT JOIN owed ON owed.subscription_id = s.id
    WHERE NOT s.own AND s.disabled_at IS NULL
      AND (s.division ^@ ANY (CAST(:places AS text[]))
           OR EXISTS (SELECT FROM unnest(CAST(:places AS text[])) place WHERE place ^@ s.division))
    ORDER BY s.subscriber, s.id
    """
)


class OutstandingOut(BaseModel):
    """`failing` are those that wait and were refused or unanswered at least once; `dead` will not be tried again."""

    subscription_id: UUID
    subscriber: Annotated[str, Field(title="接入系统")]
    waiting: int
    failing: int
    dead: int
    oldest: Annotated[datetime | None, Field(title="等待中最早一条发生于")]


def outstanding(service: str, allow: Callable[[str], Any]) -> APIRouter:
    router = APIRouter(prefix=f"{source_of(service)}/outstanding", tags=["subscriptions"])

    @router.get("", dependencies=[allow(READ_ALL)])
    def list_outstanding(session: SessionDep) -> list[OutstandingOut]:
        """One row for each subscription of another system that hears of the caller's places; addresses are not told."""
        places = list(scope_of(session).divisions)
        rows = session.execute(OUTSTANDING, {"places": places}).mappings()
        return [OutstandingOut.model_validate(dict(row)) for row in rows]

    return router
