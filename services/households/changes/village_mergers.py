"""村的撤并: villages go into another. All they manage follows in one statement, with facts told in bulk."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.households.changes.change import BeforeItBegan, ChangeIn, NotYet
from services.households.changes.changes import ChangedBefore
from services.households.changes.issues_along import issues_of_villages_move
from services.households.changes.moves import ThereAlready, VillageCode
from services.households.changes.sets_along import place_sets
from services.households.changes.undertakings_along import undertakings_of_villages_move
from services.households.facts import facts_changed_in_bulk
from services.households.models.changes import HouseholdChange
from services.households.policy import allow
from services.kit.post.events import emit
from services.kit.post.facts import smallest_place
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/village-mergers", tags=["changes"], route_class=Repeatable)

MERGED = "village.merged"
KIND = "village_merger"

LOCK = text("SELECT id FROM household WHERE village = ANY (:villages) AND ended_on IS NULL ORDER BY id FOR UPDATE")
TOO_LATE = text("SELECT EXISTS (SELECT FROM household WHERE id = ANY (:ids) AND managed_since >= :on)")
MOVE = text(
    """
    WITH moved AS (
        UPDATE household SET village = :into, managed_since = :on, version = version + 1
        WHERE id = ANY (:ids) RETURNING id, version
    )
    INSERT INTO household_change_part (change_id, household_id, part, persons, version)
    SELECT CAST(:change AS uuid), id, 'itself', '{}', version FROM moved
    """
)


class VillageMerger(ChangeIn):
    """The county's divisions are changed on their own (`POST /v1/division-imports`)."""

    from_villages: Annotated[list[VillageCode], Field(min_length=1, max_length=50, title="撤并的村")]
    into_village: VillageCode


class VillageMergerOut(BaseModel):
    id: UUID
    on: date
    households: int


@router.post("", status_code=201, dependencies=[allow("village:merge")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_village_merger(
    body: VillageMerger, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> VillageMergerOut:
    """Every living household of the villages is managed by the other from that day on."""
    if body.on > today:
        raise NotYet
    if body.into_village in body.from_villages:
        raise ThereAlready
    scope = scope_of(session)
    if not all(scope.covers(village) for village in (*body.from_villages, body.into_village)):
        raise NotThere
    told = body.model_dump(include={"id", "ground", "document_no", "done_by"})
    change = HouseholdChange(kind=KIND, effective_on=body.on, recorded_by=caller.subject, recorded_at=now, **told)
    session.add(change)
    try:
        session.flush()
    except IntegrityError as error:
        raise ChangedBefore from error
    moved = merge_villages(session, body)
    if moved:
        place_sets(session, moved)
        facts_changed_in_bulk(session, moved, now)
    place = smallest_place(sorted({*body.from_villages, body.into_village}))
    said = {"from": body.from_villages, "into": body.into_village, "on": body.on.isoformat()}
    emit(session, MERGED, body.into_village, now, division=place, data=said)
    tell(request, body.id, division=body.into_village, households=len(moved))
    return VillageMergerOut(id=body.id, on=body.on, households=len(moved))


def merge_villages(session: Session, body: VillageMerger) -> list[UUID]:
    """Refuses where one of the households came to its village on that day or later."""
    ids = list(session.scalars(LOCK, {"villages": body.from_villages}))
    if session.execute(TOO_LATE, {"ids": ids, "on": body.on}).scalar_one():
        raise BeforeItBegan
    session.execute(MOVE, {"ids": ids, "into": body.into_village, "on": body.on, "change": body.id})
    issues_of_villages_move(session, body.from_villages, body.into_village)
    undertakings_of_villages_move(session, body.from_villages, body.into_village)
    return ids
