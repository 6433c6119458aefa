"""A hand-over takes effect: everything moves at once, or nothing does."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import text
from sqlmodel import Session

from services.attendance.grants.pairings import grant_pairings, take_back
from services.attendance.handovers.handovers import reachable_handover
from services.attendance.handovers.sheet import Computed, HandoverSheetOut, compute, parties, shown, signatures
from services.attendance.handovers.signing import refuse_office
from services.attendance.models.handovers import Handover
from services.attendance.models.pairings import Pairing
from services.attendance.pairings.pairings import one_at_a_time
from services.attendance.policy import allow
from services.kit.post.events import emit
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sets import write_set
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/handovers/{handover_id}", tags=["handovers"])

DONE = "handover.done"

END = text(
    """
    UPDATE pairing SET valid = daterange(lower(valid), CAST(:day AS date))
    WHERE id = ANY (CAST(:pairings AS uuid[])) AND lower(valid) < :day
    """
)
NEVER_BEGUN = text("DELETE FROM pairing WHERE id = ANY (CAST(:pairings AS uuid[])) AND lower(valid) >= :day"
                   " RETURNING set_id")  # fmt: skip
BEGIN = text(
    """
    INSERT INTO pairing (id, set_id, cadre_id, household_id, kind, village, valid, document_no, household_version)
    SELECT gen_random_uuid(), gen_random_uuid(), taker, household, kind, village, daterange(since, until), document_no,
           version
    FROM unnest(CAST(:taker AS uuid[]), CAST(:household AS uuid[]), CAST(:kind AS text[]), CAST(:village AS text[]),
                CAST(:since AS date[]), CAST(:until AS date[]), CAST(:document_no AS text[]),
                CAST(:version AS bigint[]))
      AS told (taker, household, kind, village, since, until, document_no, version)
    """
)
NAMES = ("taker", "household", "kind", "village", "since", "until", "document_no", "version")


class NotAllHandedOver(DomainError):
    """`detail`: how many."""

    status = 409
    zh = "还有农户或物品没有接收人。"
    en = "Something is still without a new owner."


class NotAllSigned(DomainError):
    """`detail`: whose signature over the sheet as it is now is missing."""

    status = 409
    zh = "移交人和每位接收人须就当前内容签字后才能生效。"
    en = "Who hands over and each who takes sign the sheet as it is now, before it takes effect."


class HandoverReachesFurther(DomainError):
    status = 403
    zh = "交接涉及您辖区以外的农户，请由上级办理。"
    en = "It has households beyond your places: an office above can do it."


@router.put("/effect", dependencies=[allow("handover:write")], openapi_extra=repeatable("path"))
def put_handover_effect(
    handover_id: UUID, request: Request, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> HandoverSheetOut:
    """By an office over all of it that has no part in it, once nothing is without a new owner and everybody has signed
    the sheet as it is. From the day on every pairing is the taker's. Sent again it changes nothing."""
    one_at_a_time(session)
    row = reachable_handover(session, handover_id, lock=True)
    refuse_office(session, row, caller.subject)
    if row.effected_at is None:
        computed = compute(session, row)
        refuse_effect(session, row, computed)
        move(session, row, computed, now)
        row.sheet, row.effected_by, row.effected_at = computed.text, caller.subject, now
        session.flush()
        session.expire_all()  # told as it will be read: moments in the database's zone
        data = {"cadre": str(row.cadre_id), "takers": [str(one) for one in row.taker_ids]}
        emit(session, DONE, row.id, now, division=row.village, data=data)
        tell(request, division=row.village, moved=len(computed.held))
    return shown(session, row)


def refuse_effect(session: Session, row: Handover, computed: Computed) -> None:
    if computed.without_owner:
        raise NotAllHandedOver(str(computed.without_owner))
    signed = {one.cadre_id for one in signatures(session, row) if one.hash == computed.hash}
    missing = [str(one) for one in parties(row) if one not in signed]
    if missing:
        raise NotAllSigned(" ".join(missing))
    scope = scope_of(session)
    if not all(scope.covers(one.village) for one in computed.held):
        raise HandoverReachesFurther


def move(session: Session, row: Handover, computed: Computed, now: datetime) -> None:
    """The same statements for any number of households. What ends goes before what begins, else both would hold for a
    moment; what would have begun for the leaver only on the day or later never was."""
    begun = list(beginnings(row, computed.held, {one.pairing_id: one.taker for one in computed.sheet.households}))
    about = {"pairings": [one.id for one in computed.held], "day": row.day}
    session.execute(END, about)
    never = list(session.scalars(NEVER_BEGUN, about))
    write_set(session, BEGIN, begun, *NAMES)
    session.expire_all()
    grant_pairings(session, parties(row), now)
    if never:
        take_back(session, never, now)


def beginnings(row: Handover, held: Sequence[Pairing], takers: dict[UUID, UUID | None]) -> Iterator[dict[str, Any]]:
    for one in held:
        since = max(one.valid.lower or row.day, row.day)
        yield {
            "taker": takers[one.id], "household": one.household_id, "kind": one.kind, "village": one.village,
            "since": since, "until": one.valid.upper, "document_no": row.document_no,
            "version": one.household_version,
        }  # fmt: skip
