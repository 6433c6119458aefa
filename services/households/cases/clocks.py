"""How long steps may last. Due days come from the county's calendar and follow it when it changes."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Engine, func, text, update
from sqlmodel import Session, col

from services.households.cases.profiles import Procedure, whole
from services.households.models.cases import Case, CaseClock, CaseProfileStep
from services.kit.post.events import emit
from services.kit.store.db import open_session
from services.kit.store.reference import StandardKey, standard, standards_on
from services.kit.store.work import Loop

WARNING = StandardKey("case_warning_days", "number", "日", "期限提前提醒天数", "Days before a deadline to warn")
UNITS = {"working_days": "case_working_days_", "calendar_days": "case_calendar_days_"}
PROCEDURE = "procedure"  # what the green channel put off
RUNNING_OUT, RAN_OUT, STOPPED = "case.clock_running_out", "case.clock_ran_out", "case.clock_stopped"
EVERY = 60.0  # seconds
AT_ONCE = 500

# The day of the beginning does not count. Of n working days the last is the working day whose ordinal is n higher: the
# first of the days that bear it. Three days a working day and thirty more hold the longest holidays.
FOLLOW_CALENDAR = text(
    """
    UPDATE case_clock SET due_on = counted.due_on
    FROM (
        SELECT c.id, CASE c.unit
            WHEN 'calendar_days' THEN c.since + c.days
            WHEN 'months' THEN CAST(c.since + make_interval(months => c.days) AS date)
            ELSE (SELECT min(due.date) FROM day begun JOIN day due ON due.ordinal = begun.ordinal + c.days
                  WHERE begun.date = c.since AND due.date BETWEEN c.since AND c.since + c.days * 3 + 30)
            END AS due_on
        FROM case_clock c
        WHERE c.done_on IS NULL AND (CAST(:cases AS uuid[]) IS NULL OR c.case_id = ANY (CAST(:cases AS uuid[])))
    ) AS counted
    WHERE case_clock.id = counted.id AND case_clock.due_on IS DISTINCT FROM counted.due_on
    """
)


def start_clock(session: Session, case: Case, village: str, step: CaseProfileStep, since: date) -> None:
    """The county's own days where it has set them, else those of the procedure it has chosen."""
    days, unit = days_of(session, village, step, since)
    if days is not None and unit:
        run_clock(session, case, village, step.key, since, days, unit)


def run_clock(session: Session, case: Case, village: str, step: str, since: date, days: int, unit: str) -> None:
    stop_clocks(session, case, [step], since)
    told_on = max(since, case.opened_at.date())  # a clue may be older than what the county has set
    warn = whole(standard(session, WARNING, village, told_on))
    session.add(CaseClock(case_id=case.id, step=step, since=since, days=days, unit=unit, warn_days=warn))
    session.flush()
    session.execute(FOLLOW_CALENDAR, {"cases": [case.id]})


def days_of(session: Session, village: str, step: CaseProfileStep, day: date) -> tuple[int | None, str | None]:
    for unit, prefix in UNITS.items():
        for row in standards_on(session, prefix + step.key, day):
            if village.startswith(row.division):
                return whole(row.value), unit
    return step.days, step.unit


def start_clocks_of(
    session: Session, case: Case, village: str, procedure: Procedure, moment: str, since: date, done: Iterable[str] = ()
) -> None:
    """Those that run from that moment, of steps that are not done."""
    for step in procedure.steps:
        if step.since == moment and step.phase in ("identify", "care") and step.key not in done:
            start_clock(session, case, village, step, since)


def stop_clocks(session: Session, case: Case, steps: Iterable[str] | None, on: date) -> None:
    """All of a case, unless steps are named."""
    columns = CaseClock.__table__.c  # type: ignore[attr-defined]
    running = [columns.case_id == case.id, columns.done_on.is_(None)]
    if steps is not None:
        running.append(columns.step.in_(list(steps)))
    session.execute(update(CaseClock).where(*running).values(done_on=on, stopped_at=func.known_moment()))


def clocks(engine: Engine) -> list[Loop]:
    return [Loop("case-clocks", lambda now: tell_of_clocks(engine, now), idle=EVERY)]


def tell_of_clocks(engine: Engine, now: datetime) -> int:
    """Says once that a clock is running out, once that it has run out, and once that it has stopped where either was
    said. The mark and the event are one transaction."""
    with open_session(engine) as session, session.begin():
        session.execute(FOLLOW_CALENDAR, {"cases": None})
        return sum(announce(session, kind, now) for kind in LATE)


# What the green channel put off is no step of its own: the township answers for it.
CLOCKS = """
    SELECT c.id, c.case_id, c.step, c.due_on, m.household_id, h.village, coalesce(s.level, 'township') AS level
    FROM case_clock c JOIN monitored_case m ON m.id = c.case_id JOIN household h ON h.id = m.household_id
    LEFT JOIN case_profile_step s
        ON (s.profile_key, s.profile_version, s.key) = (m.profile_key, m.profile_version, c.step)
    WHERE {which} ORDER BY c.due_on LIMIT :most FOR UPDATE OF c SKIP LOCKED
"""
LATE = {
    RUNNING_OUT: "c.done_on IS NULL AND c.ran_out_at IS NULL AND c.warned_at IS NULL AND c.due_on >= :today"
    " AND c.due_on - c.warn_days <= :today",
    RAN_OUT: "c.done_on IS NULL AND c.ran_out_at IS NULL AND c.due_on < :today",
    STOPPED: "c.done_on IS NOT NULL AND c.stop_told_at IS NULL"
    " AND (c.warned_at IS NOT NULL OR c.ran_out_at IS NOT NULL)",
}
MARKS = {RUNNING_OUT: "warned_at", RAN_OUT: "ran_out_at", STOPPED: "stop_told_at"}


def announce(session: Session, kind: str, now: datetime) -> int:
    late = session.execute(text(CLOCKS.format(which=LATE[kind])), {"today": now.date(), "most": AT_ONCE}).all()
    mark = {MARKS[kind]: now}
    session.execute(update(CaseClock).where(col(CaseClock.id).in_([one.id for one in late])).values(**mark))
    for one in late:
        said = {"household": str(one.household_id), "step": one.step, "clock": str(one.id), "level": one.level}
        data = said | {"due_on": one.due_on.isoformat() if one.due_on else None}
        emit(session, kind, one.case_id, now, division=one.village, data=data)
    return len(late)
