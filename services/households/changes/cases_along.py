"""What becomes of cases. Nobody falls out of help by a change of papers: where two households with an open case merge,
the one that is further on stays open; where a household is split, each part has a case."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import and_, func, or_, select, text, update
from sqlmodel import Session, col

from services.households.cases.after_care import ENDED
from services.households.cases.clocks import PROCEDURE, start_clock, start_clocks_of, stop_clocks
from services.households.cases.contents import latest_day
from services.households.cases.profiles import AFTER_CARE_ENDED, procedure
from services.households.changes.change import Doing
from services.households.models.cases import REASON, Case, CaseEntry, CaseParticipant
from services.households.models.help import Measure
from services.households.models.register import Household
from services.kit.post.events import emit

COPIED = {
    "profile_key", "profile_version", "profile_document_no", "ground_kind", "ground_service", "ground_id", "ground_on",
    "risks", "category", "green", "identified_on", "line", "line_document_no", "identified_month",
}  # fmt: skip

# Of what is not done yet: the new household has its own days from the same beginning.
COPY_CLOCKS = text(
    """
    INSERT INTO case_clock (id, case_id, step, since, days, unit, warn_days, due_on)
    SELECT gen_random_uuid(), :branch, step, since, days, unit, warn_days, due_on FROM case_clock
    WHERE case_id = :case AND done_on IS NULL AND (step = :procedure OR (:identified AND NOT step ^@ 'elimination'))
    """
)
MOVE_PROCEDURE = text(
    "UPDATE case_clock SET case_id = :stays WHERE case_id = :ends AND step = :procedure AND done_on IS NULL"
)


class Rank(NamedTuple):
    """An identified case goes before one that is not; of two alike the one that began earlier, or else is there."""

    unidentified: bool
    begun: date
    opened_at: datetime


def open_case(session: Session, household: UUID) -> Case | None:
    mine = select(Case).where(col(Case.household_id) == household, col(Case.closed_on).is_(None))
    return session.scalar(mine.execution_options(populate_existing=True))


def cases_go(doing: Doing, merged: Household, into: Household) -> None:
    """All that is not settled goes along; what is closed and settled stays as history of the household that ended."""
    coming, there = open_case(doing.session, merged.id), open_case(doing.session, into.id)
    if coming and there:
        stays, ends = sorted((there, coming), key=rank)
        join_cases(doing, stays, ends, into)
    watched = and_(col(Case.after_care_until).is_not(None), col(Case.after_care_end).is_(None))
    unsettled = or_(col(Case.closed_on).is_(None), col(Case.next_step).is_not(None), watched)
    wanted = select(Case).where(col(Case.household_id) == merged.id, unsettled).order_by(col(Case.episode))
    for case in doing.session.scalars(wanted).all():
        move_case(doing, case, merged, into)


def rank(case: Case) -> Rank:
    return Rank(case.identified_on is None, case.identified_on or case.ground_on, case.opened_at)


def join_cases(doing: Doing, stays: Case, ends: Case, into: Household) -> None:
    """The one that stays has the risks, the measures and the green channel of both."""
    stays.risks = [*stays.risks, *(risk for risk in ends.risks if risk not in stays.risks)]
    if ends.green and not (stays.green or stays.identified_on):
        stays.green = True
        doing.session.execute(MOVE_PROCEDURE, {"stays": stays.id, "ends": ends.id, "procedure": PROCEDURE})
    columns = Measure.__table__.c  # type: ignore[attr-defined]
    doing.session.execute(update(Measure).where(columns.case_id == ends.id).values(case_id=stays.id))
    ends.merged_into = stays.id
    close_case(doing, ends, into, "merged_into")
    note(doing, stays, "joined")
    announce(doing, "case.step_done", stays, into, "joined")


def move_case(doing: Doing, case: Case, merged: Household, into: Household) -> None:
    newest = select(func.max(col(Case.episode))).where(col(Case.household_id) == into.id)
    case.household_id, case.episode = into.id, (doing.session.scalar(newest) or 0) + 1
    note(doing, case, "carried")
    doing.carried("monitored_case", [case.id], merged.id, into.id)
    announce(doing, "case.step_done", case, into, "carried")


def branch_case(doing: Doing, old: Household, new: Household) -> None:
    """Who was identified stays identified, with the line of then. Before that the procedure looks at a household as it
    is: the new one begins at the first step, from the same ground."""
    case = open_case(doing.session, old.id)
    if case is None:
        return
    steps = procedure(doing.session, case.profile_key, case.profile_version)
    first = steps.chain("identify")[0]
    branch = Case(
        id=uuid4(), household_id=new.id, episode=1, branched_from=case.id, opened_by=doing.recorded_by,
        opened_at=doing.now, next_step=first, **case.model_dump(include=COPIED),
    )  # fmt: skip
    if case.identified_on:
        going_on = case.state == "identifying"  # announcement and entry are still to come
        branch.state, branch.next_step = ("identifying", case.next_step) if going_on else ("monitored", None)
    doing.session.add(branch)
    doing.session.flush()
    told = {"branch": branch.id, "case": case.id, "procedure": PROCEDURE, "identified": case.identified_on is not None}
    doing.session.execute(COPY_CLOCKS, told)
    if not case.identified_on:
        start_clocks_of(doing.session, branch, new.village, steps, "ground", branch.ground_on)
        step = steps.step(first)
        if step and step.since == "previous":
            start_clock(doing.session, branch, new.village, step, doing.today)
    note(doing, branch, "branched")
    data = {"household": str(new.id), "ground": branch.ground_kind, "episode": 1, "branched_from": str(case.id)}
    emit(doing.session, "case.opened", branch.id, doing.now, division=new.village, data=data)


def cases_end(doing: Doing, household: Household) -> None:
    """Of a household that is gone: nothing is to be done any more, and no clock runs."""
    case = open_case(doing.session, household.id)
    if case:
        close_case(doing, case, household, "household_gone")
    watched = and_(col(Case.after_care_until).is_not(None), col(Case.after_care_end).is_(None))
    waiting = select(Case).where(col(Case.household_id) == household.id, or_(col(Case.next_step).is_not(None), watched))
    for closed in doing.session.scalars(waiting).all():
        stop_clocks(doing.session, closed, None, doing.on)
        closed.next_step, closed.version = None, closed.version + 1
        if closed.after_care_until and not closed.after_care_end:
            closed.after_care_end = "household_gone"
            note(doing, closed, AFTER_CARE_ENDED)
            announce(doing, ENDED, closed, household, AFTER_CARE_ENDED)


def close_case(doing: Doing, case: Case, household: Household, kind: str) -> None:
    day = day_of(doing, case)
    note(doing, case, kind)
    case.state, case.next_step, case.resumes_at, case.closed_on, case.end_kind = "ended", None, None, day, kind
    stop_clocks(doing.session, case, None, day)
    doing.session.flush()  # before another opens in its place
    announce(doing, "case.ended", case, household, kind)


def day_of(doing: Doing, case: Case) -> date:
    """A change may be recorded late: in a case nothing comes before the step before it."""
    return max(doing.on, latest_day(doing.session, case))


def note(doing: Doing, case: Case, step: str) -> None:
    """In the case itself: what happened, on whose word."""
    key = uuid4()
    reason = doing.seal.close(doing.ground, REASON.place(key)) if doing.ground else None
    entry = CaseEntry(
        id=key, case_id=case.id, step=step, done_on=day_of(doing, case), sealed_reason=reason,
        recorded_by=doing.recorded_by, recorded_at=doing.now,
    )  # fmt: skip
    doing.session.add(entry)
    doing.session.flush()
    doing.session.add(CaseParticipant(entry_id=key, position=0, capacity="doer", name=doing.done_by))
    case.version += 1


def announce(doing: Doing, kind: str, case: Case, household: Household, step: str) -> None:
    doing.session.flush()
    data = {"household": str(case.household_id), "step": step, "state": case.state, "version": case.version}
    emit(doing.session, kind, case.id, doing.now, division=household.village, data=data)
