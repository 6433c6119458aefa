"""A record of a village holds no longer, from a day on; or it was a mistake, and never held."""

from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select

from services.households.models.villages import VillageRecord, VillageRecordEnding
from services.households.policy import allow
from services.households.villages.contents import EndingIn, EndsOnNoSuchDay, HasEnded, Kept
from services.households.villages.records import read_one
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/village-records", tags=["villages"], route_class=Repeatable)


@router.post(
    "/{record_id}/ending",
    status_code=201,
    dependencies=[allow("village:write")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
)
def create_village_record_ending(
    record_id: UUID, body: EndingIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> Kept:
    """What another one replaces has ended by that."""
    scope = scope_of(session)
    take_turn(session, f"village-record:{record_id}")
    row = session.get(VillageRecord, record_id)
    if row is None or not scope.covers(row.division):
        raise NotThere
    tell(request, body.id, division=row.division, kind=row.kind)
    held = session.get(VillageRecordEnding, record_id)
    if held is None:
        if is_replaced(session, record_id):
            raise HasEnded
        if not row.since <= body.day <= today or (body.day == row.since and not body.mistaken):
            raise EndsOnNoSuchDay
        said = body.model_dump() | {"record_id": record_id}
        session.add(VillageRecordEnding(**said, recorded_by=caller.subject, recorded_at=now))
        session.flush()
    elif EndingIn.model_validate(held.model_dump(include={*EndingIn.model_fields})) != body:
        raise HasEnded
    return read_one(session, record_id)


def is_replaced(session: Session, record_id: UUID) -> bool:
    wanted = select(col(VillageRecord.id)).where(col(VillageRecord.replaces) == record_id)
    return session.scalar(wanted) is not None
