"""请假、公务外出: asked for by a cadre, or written down for them by the office; also from a phone without a signal."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.leave.chain import course_of, post_on
from services.attendance.leave.contents import LeaveIn, LeaveOut
from services.attendance.leave.reading import shown
from services.attendance.leave.telling import tell_leave
from services.attendance.leave.words import HELD, OFFICIAL
from services.attendance.models.leave import REASON, Leave
from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.policy import allow, may
from services.attendance.presence.recorders import NotACadre
from services.attendance.reach import reachable_cadre
from services.attendance.teams.cadres import cadre_with_account
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotAllowed, NotThere, found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/leaves", tags=["leaves"])


class LeaveSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份内容不同的请假。"
    en = "That id stands for another leave already."


class LeaveOverlaps(DomainError):
    status = 409
    zh = "这些日期内已有批准的请假或公务外出。"
    en = "On some of these days there is a leave that was approved already."


class LeaveCorrectedAlready(DomainError):
    status = 409
    zh = "这份请假已撤销、未获批准或已另有更正。"
    en = "That leave does not stand, or has a correction already."


class CoverNotThere(DomainError):
    status = 409
    zh = "代班人须是同一乡镇、当天在任的另一名干部，且这些天没有请假。"
    en = "Who stands in is another cadre posted in the same township that day, and not away."


@router.post("", status_code=201, dependencies=[allow("leave:write")], openapi_extra=repeatable("body.id"))
def create_leave(request: Request, body: LeaveIn, session: UnboundSessionDep, caller: CallerDep, now: Now) -> LeaveOut:
    """Repeatable by `id`. Who decides follows from the days, by the standards that hold on the first of them."""
    seal: Seal = request.app.state.seal
    cadre = cadre_meant(session, caller, body.cadre_id, "leave:record")
    before = session.get(Leave, body.id)
    if before is None:
        before = ask_for(session, seal, cadre, body, caller.subject, now)
        tell_leave(session, before, "requested", now)
    else:
        refuse_unless_the_same(seal, before, body, cadre)
    return shown(session, seal, caller, before, now.date())


def cadre_meant(session: Session, caller: Caller, named: UUID | None, right: str) -> Cadre:
    """Locked: repeats wait for each other here. Naming somebody else takes a right, and that they are within reach."""
    own = cadre_with_account(session, caller.subject)
    if named is None and own is None:
        raise NotACadre
    if (own is None or named not in (None, own.id)) and not may(caller, right):
        raise NotAllowed(right)
    return reachable_cadre(session, named or found(own).id)


def ask_for(session: Session, seal: Seal, cadre: Cadre, sent: LeaveIn, who: str, now: datetime) -> Leave:
    """Refuses days that another leave of theirs covers, unless it is the one that is corrected."""
    post = post_on(session, cadre.id, sent.first_day)
    if cadre.account != who and not scope_of(session).covers(post.village):
        raise NotThere
    course = course_of(session, post, sent.kind, sent.first_day, sent.last_day)
    covers = Range(sent.first_day, sent.last_day + timedelta(days=1))
    replace_what_is_corrected(session, cadre.id, sent, now)
    refuse_overlap(session, cadre.id, covers, [sent.id, sent.corrects or sent.id])
    refuse_cover(session, cadre.id, sent, covers, post.village)
    leave = Leave(
        **sent.model_dump(exclude={"cadre_id", "reason"}), cadre_id=cadre.id, team_id=post.team_id,
        village=post.village, official=sent.kind in OFFICIAL, covers=covers, days=course.days,
        working_only=course.working_only, chain=course.chain, document_no=course.document_no, state="requested",
        sealed_reason=seal.close(sent.reason, REASON.place(sent.id)) if sent.reason else None,
        requested_by=who, requested_at=now, changed_at=now,
    )  # fmt: skip
    session.add(leave)
    try:
        session.flush()
    except IntegrityError as error:  # the same id, out of the caller's sight
        raise LeaveSentBefore from error
    return leave


def replace_what_is_corrected(session: Session, cadre: UUID, sent: LeaveIn, now: datetime) -> None:
    """One that nobody has decided yet gives way at once; one that was approved stands until this one is."""
    if sent.corrects is None:
        return
    wanted = select(Leave).where(col(Leave.id) == sent.corrects, col(Leave.cadre_id) == cadre)
    corrected = found(session.scalar(wanted.with_for_update()))
    others = select(col(Leave.id)).where(
        col(Leave.corrects) == sent.corrects, col(Leave.state).in_(("requested", *HELD))
    )
    if corrected.state not in ("requested", *HELD) or session.scalar(others):
        raise LeaveCorrectedAlready
    if corrected.state == "requested":
        corrected.state, corrected.changed_at = "replaced", now
        session.flush()


def refuse_overlap(session: Session, cadre: UUID, covers: Range[Any], beside: list[UUID]) -> None:
    held = select(col(Leave.id)).where(col(Leave.cadre_id) == cadre, col(Leave.state).in_(HELD))
    held = held.where(col(Leave.covers).op("&&")(covers), col(Leave.id).not_in(beside))
    if session.scalars(held.limit(1)).first():
        raise LeaveOverlaps


def refuse_cover(session: Session, cadre: UUID, sent: LeaveIn, covers: Range[Any], village: str) -> None:
    if sent.cover_id is None:
        return
    posted = select(col(Posting.id)).join(Team, col(Team.id) == col(Posting.team_id)).where(
        col(Posting.cadre_id) == sent.cover_id,
        col(Posting.valid).contains(sent.first_day),
        col(Team.village).startswith(village[:9]),
    )  # fmt: skip
    away = select(col(Leave.id)).where(col(Leave.cadre_id) == sent.cover_id, col(Leave.state).in_(HELD))
    away = away.where(col(Leave.covers).op("&&")(covers))
    if sent.cover_id == cadre or not session.scalar(posted) or session.scalars(away.limit(1)).first():
        raise CoverNotThere


def refuse_unless_the_same(seal: Seal, before: Leave, sent: LeaveIn, cadre: Cadre) -> None:
    """The same id with the same content is the first write's echo; with another content it is a mistake."""
    wanted = sent.model_dump(exclude={"reason"}) | {"cadre_id": cadre.id}
    reason = seal.open(before.sealed_reason, REASON.place(before.id)) if before.sealed_reason else None
    if wanted != before.model_dump(include=set(wanted)) or reason != sent.reason:
        raise LeaveSentBefore
