"""After-care (巩固监测): a household whose risk was eliminated stays watched for as long as its county has set, with
follow-ups (回访) as often as it has set. A follow-up finds it steady, or comes upon a new risk, which opens the next
episode. It ends by itself, and the case says how. Source: docs/cases.md."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.households.cases.clocks import EVERY, run_clock, stop_clocks
from services.households.cases.gates import months_later
from services.households.cases.profiles import AFTER_CARE, AFTER_CARE_ENDED, whole
from services.households.cases.steps import AfterCareIn
from services.households.models.cases import Case, CaseEntry
from services.kit.post.events import emit
from services.kit.store.db import open_session
from services.kit.store.reference import StandardKey, StandardMissing, ruling, standard
from services.kit.store.work import Loop

MONTHS = StandardKey("after_care_months", "number", "月", "巩固监测月数", "Months a household stays watched")
RHYTHM = StandardKey("after_care_follow_up_months", "number", "月", "巩固监测回访间隔月数", "Months between follow-ups")
ENDED = "case.after_care_ended"
AT_ONCE = 500

# Until its last day has passed, or the household has a case again.
OVER = text(
    """
    SELECT m.id, h.village FROM monitored_case m JOIN household h ON h.id = m.household_id
    WHERE m.after_care_until IS NOT NULL AND m.after_care_end IS NULL
      AND (m.after_care_until < :today OR EXISTS (
          SELECT FROM monitored_case again WHERE again.household_id = m.household_id AND again.closed_on IS NULL))
    ORDER BY m.after_care_until LIMIT :most FOR UPDATE OF h, m SKIP LOCKED
    """
)
MISSED = text("SELECT EXISTS (SELECT FROM case_clock WHERE case_id = :case AND step = :step AND done_on IS NULL)")


def begin_after_care(session: Session, case: Case, village: str, day: date) -> None:
    """By what the county has set on the day of decision: without months there is no after-care; months without a rhythm
    are a refusal that names it."""
    try:
        months = ruling(session, MONTHS, village, day)
    except StandardMissing:
        return
    if whole(months.value) > 0:
        every = max(whole(standard(session, RHYTHM, village, day)), 1)
        case.after_care_until, case.after_care_every = months_later(day, whole(months.value)), every
        case.after_care_document_no = months.document_no
        await_follow_up(session, case, village, day)


def await_follow_up(session: Session, case: Case, village: str, day: date) -> None:
    """None that would be due when nobody watches any more."""
    until, every = case.after_care_until, case.after_care_every
    if until and every and months_later(day, every) <= until:
        run_clock(session, case, village, AFTER_CARE, day, every, "months")


def go_on_watching(session: Session, case: Case, village: str, body: AfterCareIn) -> None:
    if body.outcome == "steady":
        await_follow_up(session, case, village, body.done_on)
    else:
        case.after_care_end = body.outcome


def never_begun(session: Session, case: Case, day: date) -> None:
    """An elimination that is taken back never was, nor what followed from it."""
    case.after_care_until = case.after_care_every = case.after_care_document_no = case.after_care_end = None
    stop_clocks(session, case, [AFTER_CARE], day)


def after_care(engine: Engine) -> Loop:
    return Loop("case-after-care", lambda now: end_after_care(engine, now), idle=EVERY)


def end_after_care(engine: Engine, now: datetime) -> int:
    """How many ended. The entry of the case, its mark and the event are one transaction."""
    with open_session(engine) as session, session.begin():
        over = session.execute(OVER, {"today": now.date(), "most": AT_ONCE}).all()
        for case_id, village in over:
            end_one(session, case_id, village, now)
        return len(over)


def end_one(session: Session, case_id: UUID, village: str, now: datetime) -> None:
    """`lapsed`: a follow-up that was due was never made."""
    case = session.get_one(Case, case_id)
    until = case.after_care_until or now.date()
    if until < now.date():
        missed = session.execute(MISSED, {"case": case.id, "step": AFTER_CARE}).scalar_one()
        day, how = until, "lapsed" if missed else "completed"
    else:
        day, how = now.date(), "re_entered"
    case.after_care_end, case.version = how, case.version + 1
    stop_clocks(session, case, [AFTER_CARE], day)
    session.add(
        CaseEntry(
            id=uuid4(), case_id=case.id, step=AFTER_CARE_ENDED, done_on=day, outcome=how, recorded_by="households",
            recorded_at=now,
        )
    )  # fmt: skip
    session.flush()
    data = {"household": str(case.household_id), "step": AFTER_CARE_ENDED, "state": case.state, "version": case.version}
    emit(session, ENDED, case.id, now, division=village, data=data)
