"""Each kind of item goes to what stores one that is sent by itself: the rules stand there, and there alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from anyio import from_thread
from sqlalchemy import select
from sqlmodel import col

from services.attendance.leave.requests import create_leave
from services.attendance.leave.returns import NotAway, ReturnIn, create_leave_return
from services.attendance.models.leave import DayCorrection, Leave, LeaveReturn
from services.attendance.policy import may
from services.attendance.presence import recorders
from services.attendance.presence.check_ins import CheckInLanes, CheckInOut
from services.attendance.presence.day_corrections import create_day_correction
from services.attendance.presence.entries import Outcome
from services.attendance.presence.recording import Sending
from services.attendance.sync.bringing import Became, Bringing, Sent
from services.attendance.sync.items import ItemKind, LeaveReturnIn
from services.attendance.visits.known import look
from services.attendance.visits.recording import record_visits
from services.attendance.visits.visits import recorder_of
from services.kit.store.audit import Line
from services.kit.web.audited import line_of
from services.kit.web.errors import DomainError, NotThere, language_of

Store = Callable[[Bringing, Sequence[Sent]], Mapping[int, Became]]  # by index


def store_check_ins(bringing: Bringing, sent: Sequence[Sent]) -> Mapping[int, Became]:
    bringing.speak("check-in:write")
    caller, language = bringing.caller, language_of(bringing.request)
    roles = tuple(sorted(bringing.roles("check-in:write")))
    recorder = recorders.Recorder(caller.subject, roles, may(caller, "check-in:record"), bringing.now)
    said = line_of(bringing.request.scope, 200)  # here: in the lane another request's id would be the current one

    def line(outcomes: Sequence[Outcome]) -> Line | None:
        stored = sum(not isinstance(one, DomainError) and not one.known for one in outcomes)
        return replace(said, detail={"check_ins": stored}) if stored else None

    lanes: CheckInLanes = bringing.request.app.state.lanes
    sending = Sending(recorder, [one.body.sighting() for one in sent], line)
    outcomes = from_thread.run(lanes.carried, sending, len(sent))
    return {
        one.index: Became(refused=outcome)
        if isinstance(outcome, DomainError)
        else Became(outcome.known, words=CheckInOut.of(outcome, language).words)
        for one, outcome in zip(sent, outcomes, strict=True)
    }


def store_visits(bringing: Bringing, sent: Sequence[Sent]) -> Mapping[int, Became]:
    bringing.speak("visit:write")
    bodies = [one.body for one in sent]
    known = look(bringing.session, bodies, bringing.register)
    recorder = recorder_of(bringing.caller, bringing.now)
    outcomes = record_visits(bringing.session, bringing.request.app.state.seal, known, recorder, bodies)
    return {
        one.index: waiting_for(outcome, one.body.corrects if one.body.corrects not in known.stored else None)
        if isinstance(outcome, DomainError)
        else Became(outcome.known)
        for one, outcome in zip(sent, outcomes, strict=True)
    }


def waiting_for(refused: DomainError, missing: UUID | None) -> Became:
    """What follows something that is not here yet waits for it; whether it is merely out of sight is not said."""
    return Became(refused=refused, waits_for=missing if isinstance(refused, NotThere) else None)


def store_leaves(bringing: Bringing, sent: Sequence[Sent]) -> Mapping[int, Became]:
    bringing.speak("leave:write", bound=False)

    def store(body: Any) -> None:
        create_leave(bringing.request, body, bringing.session, bringing.caller, bringing.now)

    def missing(body: Any, _: DomainError) -> UUID | None:
        its_own = (col(Leave.id) == body.corrects, col(Leave.cadre_id) == bringing.cadre)
        there = bringing.session.scalar(select(col(Leave.id)).where(*its_own))
        return body.corrects if there is None else None

    return one_by_one(bringing, in_turn(sent), Leave, store, missing)


def in_turn(sent: Sequence[Sent]) -> Sequence[Sent]:
    """What others of the batch correct comes before them."""
    by_id, placed = {one.body.id: one for one in sent}, dict[int, Sent]()

    def place(one: Sent, above: frozenset[int]) -> None:
        before = by_id.get(one.body.corrects)
        if before and before.index not in placed and before.index not in above:
            place(before, above | {one.index})
        placed.setdefault(one.index, one)

    for one in sent:
        place(one, frozenset())
    return list(placed.values())


def store_returns(bringing: Bringing, sent: Sequence[Sent]) -> Mapping[int, Became]:
    """One that comes before anybody has decided about its leave waits for that."""
    bringing.speak("leave:write")

    def store(body: LeaveReturnIn) -> None:
        alone = ReturnIn.model_validate(body.model_dump(exclude={"leave_id"}))
        create_leave_return(body.leave_id, alone, bringing.request, bringing.session, bringing.caller, bringing.now)

    def missing(body: LeaveReturnIn, refused: DomainError) -> UUID | None:
        state = bringing.session.scalar(select(col(Leave.state)).where(col(Leave.id) == body.leave_id))
        undecided = state == "requested" and isinstance(refused, NotAway)
        return body.leave_id if state is None or undecided else None

    return one_by_one(bringing, sent, LeaveReturn, store, missing)


def store_day_corrections(bringing: Bringing, sent: Sequence[Sent]) -> Mapping[int, Became]:
    bringing.speak("day-correction:write")

    def store(body: Any) -> None:
        create_day_correction(body, bringing.session, bringing.caller, bringing.now)

    return one_by_one(bringing, sent, DayCorrection, store, lambda _, __: None)


def one_by_one(
    bringing: Bringing,
    sent: Sequence[Sent],
    table: type[Leave | LeaveReturn | DayCorrection],
    store: Callable[[Any], None],
    missing: Callable[[Any, DomainError], UUID | None],
) -> Mapping[int, Became]:
    """Each in a savepoint, so that one which is refused leaves nothing behind."""
    became: dict[int, Became] = {}
    for one in sent:
        known = bringing.session.get(table, one.body.id) is not None
        try:
            with bringing.session.begin_nested():
                store(one.body)
            became[one.index] = Became(known)
        except DomainError as refused:
            became[one.index] = Became(refused=refused, waits_for=missing(one.body, refused))
    return became


STORES: Mapping[ItemKind, Store] = {
    "check_in": store_check_ins,
    "visit": store_visits,
    "leave": store_leaves,
    "leave_return": store_returns,
    "day_correction": store_day_corrections,
}
