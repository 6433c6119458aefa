"""通报、约谈、提醒、召回, 表彰、表扬: the county's office puts it on a cadre's record, who is told and may reply before
it is issued. Nothing is deleted; nobody is ranked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.models.personnel import WORDS, PersonnelRecord, PersonnelReply
from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.personnel.contents import (
    NotOfOneself,
    PersonnelKind,
    PersonnelRecordIn,
    PersonnelRecordOut,
    RecordSaidWrongly,
    RecordSentBefore,
    RecordWords,
    words_of,
)
from services.attendance.policy import allow, may
from services.attendance.reach import reachable_cadre, reachable_personnel
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.store.sets import among
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/personnel-records", tags=["personnel"])

RECORDED = "personnel.recorded"


@router.put("/{record_id}", dependencies=[allow("personnel:write")], openapi_extra=repeatable("path"))
def put_personnel_record(
    record_id: UUID,
    body: PersonnelRecordIn,
    request: Request,
    session: UnboundSessionDep,
    caller: CallerDep,
    now: Now,
) -> PersonnelRecordOut:
    """Of a cadre posted in the county whose office this is. From now on the cadre sees it and may reply; it is not
    issued yet and counts nowhere. It never changes: what was wrong is withdrawn and recorded anew."""
    scope, seal = scope_of(session), request.app.state.seal
    cadre = reachable_cadre(session, body.cadre_id)
    take_turn(session, f"personnel-record:{record_id}")
    held = session.get(PersonnelRecord, record_id)
    if held is None:
        place = where_posted(session, cadre, body)
        if not scope.covers(place[:6]):
            raise NotThere
        refuse(body, cadre, caller.subject, now)
        held = record(session, seal, record_id, body, place, caller.subject, now)
    elif not scope.covers(held.county) or said_of(seal, held) != body:
        raise RecordSentBefore
    return whole(session, seal, [held])[0]


@router.get("", dependencies=[allow("personnel:read")])
def list_personnel_records(
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="区划代码前缀")] = "",
    cadre_id: UUID | None = None,
    kind: Annotated[PersonnelKind | None, Query(title="类别")] = None,
    day_from: Annotated[WrittenDay | None, Query(title="起始日")] = None,
    day_to: Annotated[WrittenDay | None, Query(title="截止日")] = None,
) -> Page[PersonnelRecordOut]:
    """The newest first, those that were withdrawn too: one's own, and to the county's office those of the county."""
    wanted = select(PersonnelRecord).where(seen_by(session, caller), col(PersonnelRecord.division).startswith(division))
    if cadre_id:
        wanted = wanted.where(col(PersonnelRecord.cadre_id) == cadre_id)
    if kind:
        wanted = wanted.where(col(PersonnelRecord.kind) == kind)
    if day_from:
        wanted = wanted.where(col(PersonnelRecord.day) >= day_from)
    if day_to:
        wanted = wanted.where(col(PersonnelRecord.day) <= day_to)
    rows, following = paging.read(session, wanted, col(PersonnelRecord.day), col(PersonnelRecord.id), descending=True)
    return Page(rows=whole(session, request.app.state.seal, [row for (row,) in rows]), next=following)


@router.get("/{record_id}", dependencies=[allow("personnel:read")])
def get_personnel_record(
    record_id: UUID, request: Request, session: SessionDep, caller: CallerDep
) -> PersonnelRecordOut:
    wanted = select(PersonnelRecord).where(col(PersonnelRecord.id) == record_id, seen_by(session, caller))
    return whole(session, request.app.state.seal, [found(session.scalar(wanted))])[0]


def seen_by(session: Session, caller: Caller) -> ColumnElement[bool]:
    return reachable_personnel(scope_of(session), of_others=may(caller, "personnel:read-all"))


def where_posted(session: Session, cadre: Cadre, sent: PersonnelRecordIn) -> str:
    """The village of that day, else of the latest posting: every cadre has one."""
    holds = col(Posting.valid).contains(sent.day)
    wanted = select(col(Team.village)).join(Posting, col(Posting.team_id) == col(Team.id))
    latest = wanted.where(col(Posting.cadre_id) == cadre.id).order_by(holds.desc(), col(Posting.valid).desc())
    return found(session.scalar(latest.limit(1)))


def refuse(sent: PersonnelRecordIn, cadre: Cadre, who: str, now: datetime) -> None:
    if cadre.account == who:
        raise NotOfOneself
    if sent.day > now.date() or (sent.kind == "honour") != (sent.title is not None):
        raise RecordSaidWrongly


def record(
    session: Session, seal: Seal, record_id: UUID, sent: PersonnelRecordIn, place: str, who: str, now: datetime
) -> PersonnelRecord:
    words = RecordWords(ground=sent.ground, evidence=sent.evidence).model_dump_json()
    row = PersonnelRecord(
        **sent.model_dump(exclude={"ground", "evidence"}), id=record_id, county=place[:6], division=place,
        sealed_words=seal.close(words, WORDS.place(record_id)), recorded_by=who, recorded_at=now,
    )  # fmt: skip
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise RecordSentBefore from error
    tell(session, row, "told", now)
    return row


def tell(session: Session, row: PersonnelRecord, state: str, now: datetime) -> None:
    """That there is something to read, of whom, and how far it is: neither which kind nor any of its words."""
    emit(session, RECORDED, row.id, now, division=row.county, data={"cadre": str(row.cadre_id), "state": state})


def said_of(seal: Seal, row: PersonnelRecord) -> PersonnelRecordIn:
    plain = row.model_dump(include={*PersonnelRecordIn.model_fields})
    return PersonnelRecordIn.model_validate(plain | words_of(seal, row).model_dump())


def whole(session: Session, seal: Seal, rows: Sequence[PersonnelRecord]) -> list[PersonnelRecordOut]:
    replies = replies_to(session, rows)
    return [PersonnelRecordOut.whole(seal, row, replies[row.id]) for row in rows]


def replies_to(session: Session, rows: Sequence[PersonnelRecord]) -> Mapping[UUID, list[PersonnelReply]]:
    """One statement for any number."""
    told: dict[UUID, list[PersonnelReply]] = defaultdict(list)
    its = select(PersonnelReply).where(among(col(PersonnelReply.record_id), [row.id for row in rows]))
    for one in session.scalars(its.order_by(col(PersonnelReply.replied_at), col(PersonnelReply.id))):
        told[one.record_id].append(one)
    return told
