"""What follows a record: the person's own reply, then its issuing, or its withdrawal, which deletes nothing."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import Session

from services.attendance.models.personnel import REPLY, PersonnelRecord, PersonnelReply
from services.attendance.models.teams import Cadre
from services.attendance.personnel.contents import (
    GOOD,
    NotOfOneself,
    PersonnelRecordOut,
    RecordSentBefore,
    RecordWithdrawalIn,
    RecordWithdrawn,
    RepliedEnough,
    ReplyAwaited,
    ReplyIn,
)
from services.attendance.personnel.records import replies_to, tell, whole
from services.attendance.policy import allow
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.reference import StandardKey, standard
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere, found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/personnel-records/{record_id}", tags=["personnel"])

REPLY_DAYS = StandardKey(
    "personnel_reply_days", "number", "天", "通报、约谈等印发前本人说明的天数", "days to reply before it is issued"
)
MOST_REPLIES = 20


class OfACadre(NamedTuple):
    record: PersonnelRecord
    cadre: Cadre


@router.put("/replies/{reply_id}", dependencies=[allow("personnel:reply")], openapi_extra=repeatable("path"))
def put_personnel_reply(
    record_id: UUID,
    reply_id: UUID,
    body: ReplyIn,
    request: Request,
    session: UnboundSessionDep,
    caller: CallerDep,
    now: Now,
) -> PersonnelRecordOut:
    """By the person it is about alone. Appended, before it is issued or after."""
    seal: Seal = request.app.state.seal
    scope_of(session)
    one = locked(session, record_id)
    if one.cadre.account != caller.subject:
        raise NotThere
    take_turn(session, f"personnel-reply:{reply_id}")
    held = session.get(PersonnelReply, reply_id)
    if held is None:
        refuse_reply(session, one.record)
        sealed = seal.close(body.text, REPLY.place(reply_id))
        session.add(
            PersonnelReply(
                id=reply_id, record_id=record_id, sealed_reply=sealed, replied_by=caller.subject, replied_at=now
            )
        )
        session.flush()
    elif held.record_id != record_id or seal.open(held.sealed_reply, REPLY.place(reply_id)) != body.text:
        raise RecordSentBefore
    return whole(session, seal, [one.record])[0]


@router.put("/issuing", dependencies=[allow("personnel:write")], openapi_extra=repeatable("path"))
def put_personnel_issuing(
    record_id: UUID, request: Request, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> PersonnelRecordOut:
    """From now on it may be printed, and it counts. What is no praise is issued after the person's reply, or when the
    days of the county's standard `personnel_reply_days` have passed without one."""
    record = governed(session, record_id, caller.subject)
    if record.withdrawn_at:
        raise RecordWithdrawn
    if record.issued_at is None:
        refuse_unheard(session, record, now)
        record.issued_by, record.issued_at = caller.subject, now
        session.flush()
        tell(session, record, "issued", now)
    return whole(session, request.app.state.seal, [record])[0]


@router.put("/withdrawal", dependencies=[allow("personnel:write")], openapi_extra=repeatable("path"))
def put_personnel_withdrawal(
    record_id: UUID,
    body: RecordWithdrawalIn,
    request: Request,
    session: UnboundSessionDep,
    caller: CallerDep,
    now: Now,
) -> PersonnelRecordOut:
    """For good: it counts no longer. The record and the replies stay, and say that it was withdrawn."""
    record = governed(session, record_id, caller.subject)
    if record.withdrawn_because not in (None, body.because):
        raise RecordWithdrawn
    if record.withdrawn_at is None:
        record.withdrawn_because, record.withdrawn_by, record.withdrawn_at = body.because, caller.subject, now
        session.flush()
        tell(session, record, "withdrawn", now)
    return whole(session, request.app.state.seal, [record])[0]


def locked(session: Session, record_id: UUID) -> OfACadre:
    record = found(session.get(PersonnelRecord, record_id, with_for_update=True))
    return OfACadre(record, found(session.get(Cadre, record.cadre_id)))


def governed(session: Session, record_id: UUID, who: str) -> PersonnelRecord:
    """By the office that holds the whole county. What is done to one record is done in turn."""
    scope, one = scope_of(session), locked(session, record_id)
    if not scope.covers(one.record.county):
        raise NotThere
    if one.cadre.account == who:
        raise NotOfOneself
    return one.record


def refuse_reply(session: Session, record: PersonnelRecord) -> None:
    if record.withdrawn_at:
        raise RecordWithdrawn
    if len(replies_to(session, [record])[record.id]) >= MOST_REPLIES:
        raise RepliedEnough


def refuse_unheard(session: Session, record: PersonnelRecord, now: datetime) -> None:
    if record.kind in GOOD or replies_to(session, [record])[record.id]:
        return
    days = int(standard(session, REPLY_DAYS, record.division, now.date()))
    told_on = record.recorded_at.astimezone(now.tzinfo).date()
    if now.date() <= told_on + timedelta(days):
        raise ReplyAwaited
