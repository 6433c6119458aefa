"""Two said something else of the same thing: what each said, field by field, and what both had set out from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from services.attendance.leave.reading import seen_by, shown
from services.attendance.leave.requests import LeaveCorrectedAlready, LeaveSentBefore
from services.attendance.leave.returns import ReturnedAlready, ReturnSentBefore
from services.attendance.models.leave import DayCorrection, Leave, LeaveReturn
from services.attendance.models.presence import CheckIn
from services.attendance.models.visits import Visit
from services.attendance.presence.day_corrections import DayCorrectionSentBefore
from services.attendance.presence.recording import SentBefore
from services.attendance.reach import reachable_check_ins, reachable_corrections, reachable_visits
from services.attendance.sync.bringing import Bringing, Sent
from services.attendance.sync.items import Conflict, Difference
from services.attendance.visits.recording import CorrectedAlready, VisitSentBefore
from services.attendance.visits.visits import VisitOut
from services.kit.store.scope import scope_of
from services.kit.web.errors import DomainError

# Which of two things stands is no part of what they say.
BESIDE = frozenset({"id", "corrects", "because"})
Said = Mapping[str, Any]


@dataclass(frozen=True)
class There:
    """What is there, under its id; and what it and what was sent set out from, if that is known."""

    id: UUID
    said: Said
    base: Said | None = None


def conflict_of(bringing: Bringing, sent: Sent, refused: DomainError) -> Conflict | None:
    """None where it is no conflict, or where what is there is out of the caller's sight."""
    there = look(bringing, sent, refused)
    if there is None:
        return None
    mine = sent.body.model_dump(exclude=BESIDE)
    base = there.base or {}
    fields = [
        Difference(field=name, mine=value, theirs=there.said[name], base=base.get(name))
        for name, value in mine.items()
        if name in there.said and value != there.said[name] and not (name == "cadre_id" and value is None)
    ]
    return Conflict(theirs=there.id, fields=fields)


def look(bringing: Bringing, sent: Sent, refused: DomainError) -> There | None:
    match refused:
        case SentBefore():
            return check_in(bringing, sent.body.id)
        case VisitSentBefore():
            return visit(bringing, Visit.id == sent.body.id)
        case CorrectedAlready():
            theirs = visit(bringing, Visit.corrects == sent.body.corrects)
            base = visit(bringing, Visit.id == sent.body.corrects)
            return There(theirs.id, theirs.said, base.said) if theirs and base else None
        case LeaveSentBefore():
            return leave(bringing, Leave.id == sent.body.id)
        case LeaveCorrectedAlready():
            stands = col(Leave.state).in_(("requested", "approved", "returned"))
            theirs = leave(bringing, (Leave.corrects == sent.body.corrects) & stands)
            base = leave(bringing, Leave.id == sent.body.corrects)
            return There(theirs.id, theirs.said, base.said) if theirs and base else None
        case ReturnSentBefore():
            return leave_return(bringing, LeaveReturn.id == sent.body.id)
        case ReturnedAlready():
            return leave_return(bringing, LeaveReturn.leave_id == sent.body.leave_id)
        case DayCorrectionSentBefore():
            return day_correction(bringing, sent.body.id)
    return None


def check_in(bringing: Bringing, named: UUID) -> There | None:
    """Its moment; where it was is shown to nobody."""
    wanted = select(CheckIn).where(col(CheckIn.id) == named)
    own = or_(col(CheckIn.cadre_id) == bringing.cadre, reachable_check_ins(scope_of(bringing.session)))
    row = bringing.session.scalar(wanted.where(own))
    return There(row.id, row.model_dump(include={"at", "cadre_id", "datum", "accuracy"})) if row else None


def visit(bringing: Bringing, which: Any) -> There | None:
    row = bringing.session.scalar(select(Visit).where(which, reachable_visits(scope_of(bringing.session))))
    if row is None:
        return None
    seal = bringing.request.app.state.seal
    return There(row.id, VisitOut.of(bringing.session, seal, bringing.caller, row).model_dump())


def leave(bringing: Bringing, which: Any) -> There | None:
    session, caller = bringing.session, bringing.caller
    row = session.scalar(select(Leave).where(which, seen_by(caller, scope_of(session))))
    if row is None:
        return None
    told = shown(session, bringing.request.app.state.seal, caller, row, bringing.now.date())
    return There(row.id, told.model_dump())


def leave_return(bringing: Bringing, which: Any) -> There | None:
    """The last one counts."""
    seen = seen_by(bringing.caller, scope_of(bringing.session))
    wanted = select(LeaveReturn).join(Leave, col(Leave.id) == col(LeaveReturn.leave_id)).where(which, seen)
    row = bringing.session.scalar(wanted.order_by(col(LeaveReturn.number).desc()).limit(1))
    return There(row.id, row.model_dump(include={"day", "leave_id"})) if row else None


def day_correction(bringing: Bringing, named: UUID) -> There | None:
    seen = or_(
        col(DayCorrection.cadre_id) == bringing.cadre, reachable_corrections(scope_of(bringing.session))
    )  # fmt: skip
    row = bringing.session.scalar(select(DayCorrection).where(col(DayCorrection.id) == named, seen))
    return There(row.id, row.model_dump()) if row else None
