"""What follows from a step: the case moves on, clocks stop and start, the household's tag follows."""

from datetime import date, datetime, timedelta
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.cases.after_care import begin_after_care, go_on_watching, never_begun
from services.households.cases.clocks import (
    PROCEDURE,
    run_clock,
    start_clock,
    start_clocks_of,
    stop_clocks,
)
from services.households.cases.contents import category_in
from services.households.cases.course import Standing
from services.households.cases.entries import entries_of
from services.households.cases.gates import LINE, line_on, proposed
from services.households.cases.profiles import Procedure
from services.households.cases.steps import AfterCareIn, EntryIn, GreenChannelIn, SkipIn, StepIn
from services.households.facts import facts_changed
from services.households.models.cases import Case
from services.households.models.register import Household, Tag
from services.households.register.tags import MONITORED, TagsOverlap
from services.kit.store.reference import StandardMissing
from services.kit.web.errors import DomainError

CLOSED = ("ended", "refused")


class OpenCaseAlready(DomainError):
    status = 409
    zh = "这户已有正在办理的监测对象案卷。"
    en = "The household has an open case already."


def standing_of(case: Case) -> Standing:
    back = (case.end_kind or "").startswith("eliminated")
    watched = case.after_care_until is not None and case.after_care_end is None
    identified = case.identified_on is not None
    return Standing(case.state, case.next_step, case.resumes_at, identified, case.green, back, watched)


def note_values(case: Case, body: StepIn) -> None:
    """What an entry says of the case itself; a correction says it anew."""
    case.category = category_in(body) or case.category
    if isinstance(body, EntryIn):
        case.national_number, case.identified_month = body.national_number, body.identified_month


def move(
    session: Session, case: Case, household: Household, procedure: Procedure, body: StepIn, to: Standing, now: datetime
) -> None:
    was = standing_of(case)
    key = body.skipped if isinstance(body, SkipIn) else body.kind
    if to.back and not was.back:
        case.end_kind = f"eliminated_{proposed(session, case).mode}"
    elif body.kind in ("household_gone", "wrongly_included"):
        case.end_kind = body.kind
    elif was.back and not to.back:
        case.end_kind = None
        never_begun(session, case, body.done_on)
    case.state, case.next_step, case.resumes_at, case.green = to.state, to.next_step, to.resumes_at, to.green
    close_or_reopen(session, case, body.done_on)
    if to.identified and not was.identified:
        identify(session, case, household, procedure, body.done_on, now)
    follow_tag(session, case, household, body.done_on, now)
    move_clocks(session, case, household, procedure, body, key, was)
    if to.back and not was.back:
        begin_after_care(session, case, household.village, body.done_on)
    elif isinstance(body, AfterCareIn):
        go_on_watching(session, case, household.village, body)


def close_or_reopen(session: Session, case: Case, day: date) -> None:
    """The index holds the household's other cases against one that opens again."""
    if case.state in CLOSED and case.closed_on is None:
        case.closed_on = day
    elif case.state not in CLOSED and case.closed_on is not None:
        case.closed_on = None
        try:
            session.flush()
        except IntegrityError as error:
            raise OpenCaseAlready from error


def identify(
    session: Session, case: Case, household: Household, procedure: Procedure, day: date, now: datetime
) -> None:
    """The case keeps the line of the day it was judged by."""
    line = line_on(session, household, day)
    if line is None:
        raise StandardMissing(f"{LINE.key} · {household.village} · {day.isoformat()}")
    case.identified_on, (case.line, case.line_document_no) = day, line
    done = {entry.step for entry in entries_of(session, case.id)}
    stop_clocks(session, case, [PROCEDURE], day)
    start_clocks_of(session, case, household.village, procedure, "identified", day, done)


def follow_tag(session: Session, case: Case, household: Household, day: date, now: datetime) -> None:
    """The household is tagged as monitored while an identified case of it is open: rules and facts follow the tag."""
    if case.identified_on is None:
        return
    mine = select(Tag).where(col(Tag.household_id) == household.id, col(Tag.key) == MONITORED)
    held = session.scalar(mine.where(func.upper_inf(col(Tag.valid))))
    if (held is None) == (case.state in CLOSED):
        return
    if held is None:
        ended = mine.where(func.upper(col(Tag.valid)) >= case.identified_on).order_by(col(Tag.valid).desc())
        tag_again(session, case, session.scalars(ended).first(), day)
    elif cast(date, held.valid.lower) < day:
        held.valid = Range(held.valid.lower, day)
    else:  # taken back on the day it was set: it never held
        session.delete(held)
    try:
        session.flush()
    except IntegrityError as error:
        raise TagsOverlap from error
    facts_changed(session, [household.id], now)


def tag_again(session: Session, case: Case, ended: Tag | None, day: date) -> None:
    """An elimination that is taken back never was: the tag it ended goes on."""
    if ended:
        ended.valid = Range(ended.valid.lower, None)
    else:
        session.add(
            Tag(household_id=case.household_id, key=MONITORED, valid=Range(day, None), source=f"case {case.id}")
        )


def move_clocks(
    session: Session, case: Case, household: Household, procedure: Procedure, body: StepIn, key: str, was: Standing
) -> None:
    day, village = body.done_on, household.village
    stop_clocks(session, case, None if case.state in CLOSED and was.state not in CLOSED else [key], day)
    if key == "appeal_decided" and case.state not in CLOSED:
        done = passed_steps(session, case)
        start_clocks_of(session, case, village, procedure, "ground", day, done)
    if isinstance(body, GreenChannelIn):
        due = max(body.procedure_due_on - day, timedelta(0)).days
        run_clock(session, case, village, PROCEDURE, day, due, "calendar_days")
    if key == "elimination_taken_back" or key == "follow_up":
        start_next(session, case, village, procedure, "follow_up", day)
    if case.next_step and case.next_step != was.next_step:
        start_next(session, case, village, procedure, case.next_step, day, "previous")


def passed_steps(session: Session, case: Case) -> set[str]:
    return {e.skipped or e.step for e in entries_of(session, case.id) if e.decision != "refused"}


def start_next(
    session: Session, case: Case, village: str, procedure: Procedure, key: str, day: date, since: str = "identified"
) -> None:
    step = procedure.step(key)
    if step and step.since == since:
        start_clock(session, case, village, step, day)
