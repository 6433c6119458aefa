"""What a step must contain before it counts: persons, papers, votes, days. Each refusal is a sentence of the rules."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from services.households.cases.entries import entries_of, latest
from services.households.cases.letters import check_letters, refuse_unsigned
from services.households.cases.profiles import AFTER_CARE, AFTER_CARE_ENDED, whole
from services.households.cases.steps import (
    AfterCareIn,
    AuthorisationIn,
    ComparisonIn,
    Decided,
    FollowUpIn,
    MeasureDoneIn,
    NoticeEndedIn,
    OfficeIn,
    ReviewIn,
    StepIn,
    VisitIn,
)
from services.households.models.cases import Case, CaseProfileStep
from services.households.models.help import Measure
from services.households.models.register import Household, Tag
from services.kit.store.reference import StandardKey, standard, standards_on
from services.kit.store.tables import Day
from services.kit.web.errors import DomainError

NOTICE_DAYS = StandardKey("notice_days", "number", "日", "村内公示天数", "Days a notice stays up")
NOTICE_WORKING_DAYS = StandardKey("notice_working_days", "number", "工作日", "公示工作日数", "Working days of a notice")
MEANWHILE = ("measure_done", "follow_up", "carried", "joined", "branched", AFTER_CARE, AFTER_CARE_ENDED)
FORMERLY_POOR, NOT_FORMERLY_POOR = "unstable", "marginal"


class DoneInTheFuture(DomainError):
    zh = "办理日期不能晚于今天。"
    en = "A step is recorded when it has been done."


class DoneTooEarly(DomainError):
    """`detail` is the day before which it cannot have been done."""

    zh = "办理日期不能早于线索日期和上一步的日期。"
    en = "A step is not done before the clue, nor before the step it follows."


class DocumentsMissing(DomainError):
    """`detail` names the kinds of paper that are wanting."""

    zh = "缺少这一步要求的材料。"
    en = "Papers that this step wants are missing."


class ReasonMissing(DomainError):
    zh = "不予通过须写明理由。"
    en = "A refusal gives its reason."


class TwoPersonsVisit(DomainError):
    zh = "入户核实须有两名不同的人员。"
    en = "Two different persons visit."


class NeitherVisitNorFindings(DomainError):
    zh = "跟踪监测须引用一次走访，或写明办理人和核实情况。"
    en = "A follow-up names a visit, or who came and what they found."


class MoreVotesThanPeople(DomainError):
    zh = "同意与反对票数之和不能多于到会人数。"
    en = "More votes were cast than people came."


class DecidedAgainstTheVote(DomainError):
    zh = "决定与票数不符：同意多于反对方为通过。"
    en = "The decision is not what was voted: more for than against is a pass."


class NoticeTooShort(DomainError):
    """`detail` is the first day it may be taken down."""

    status = 409
    zh = "公示天数不足。"
    en = "The notice has not been up long enough."


class AfterCareOver(DomainError):
    """`detail` is its last day."""

    status = 409
    zh = "这一天已过巩固监测期；有新风险的，按新线索开立案卷。"
    en = "After-care was over by that day: a new risk opens a case of its own."


class NewRiskNamesItsCase(DomainError):
    zh = "发现新风险的，须写明新一轮案卷和风险类型；情况平稳或更正记录的，不写。"
    en = "A new risk names the case it opens; what is steady, and what corrects, names none."


class MeasureNotDone(DomainError):
    status = 409
    zh = "这项帮扶措施不属于本案卷，或到这一天尚未落实。"
    en = "That measure is none of this case, or was not done by that day."


class CategoryDoesNotFit(DomainError):
    status = 409
    zh = "对象类别不属于本流程，或与是否脱贫户不符。"
    en = "The category is none of this procedure, or does not fit whether the household was formerly poor."


def check_contents(
    session: Session, case: Case, household: Household, body: StepIn, step: CaseProfileStep, today: date
) -> None:
    check_day(session, case, body, today)
    wanting = sorted(set(step.documents) - {document.kind for document in body.documents})
    if wanting:
        raise DocumentsMissing(", ".join(wanting))
    if isinstance(body, Decided) and body.decision == "refused" and not body.reason:
        raise ReasonMissing
    if isinstance(body, VisitIn) and len({doer.name for doer in body.done_by}) < 2:
        raise TwoPersonsVisit
    if isinstance(body, ReviewIn):
        check_votes(body)
    if isinstance(body, AuthorisationIn) and body.decision == "passed":
        check_letters(session, household, body)
    if isinstance(body, ComparisonIn):
        refuse_unsigned(session, case, household, body.done_on, body.related)
    if isinstance(body, AfterCareIn):
        check_after_care(case, body)
    if isinstance(body, FollowUpIn) and not (body.visit_id or (body.done_by and body.findings)):
        raise NeitherVisitNorFindings
    if isinstance(body, MeasureDoneIn):
        check_measure(session, case, body)
    if isinstance(body, NoticeEndedIn):
        check_notice(session, case, household, body)


def check_day(session: Session, case: Case, body: StepIn, today: date) -> None:
    if body.done_on > today:
        raise DoneInTheFuture
    before = latest_day(session, case) if not body.corrects else case.ground_on
    if body.done_on < before:
        raise DoneTooEarly(before.isoformat())


def latest_day(session: Session, case: Case) -> date:
    """Of the step before: the last one that was not merely something done meanwhile."""
    days = [entry.done_on for entry in entries_of(session, case.id) if entry.step not in MEANWHILE]
    return max([case.ground_on, *days])


def check_after_care(case: Case, body: AfterCareIn) -> None:
    """A correction opens nothing."""
    if (body.episode is not None) != (body.outcome == "new_risk" and body.corrects is None):
        raise NewRiskNamesItsCase
    if case.after_care_until and body.done_on > case.after_care_until:
        raise AfterCareOver(case.after_care_until.isoformat())


def check_measure(session: Session, case: Case, body: MeasureDoneIn) -> None:
    """It is recorded with the measures of help; the step says that whoever follows the case has seen it."""
    measure = session.get(Measure, body.measure_id)
    if measure is None or measure.case_id != case.id or not measure.done_on or measure.done_on > body.done_on:
        raise MeasureNotDone


def check_votes(body: ReviewIn) -> None:
    if body.votes_for + body.votes_against > body.attendance:
        raise MoreVotesThanPeople
    if (body.votes_for > body.votes_against) != (body.decision == "passed"):
        raise DecidedAgainstTheVote


def check_notice(session: Session, case: Case, household: Household, body: NoticeEndedIn) -> None:
    posted = latest(session, case.id, body.kind.removesuffix("_ended"))
    first = notice_may_end(session, household.village, posted.done_on) if posted else body.done_on
    if first is None or body.done_on < first:
        raise NoticeTooShort(first.isoformat() if first else "")


def notice_may_end(session: Session, village: str, posted: date) -> date | None:
    """The working days a county has set, else its calendar days; none where the calendar does not reach."""
    for row in standards_on(session, NOTICE_WORKING_DAYS.key, posted):
        if village.startswith(row.division):
            return working_days_after(session, posted, whole(row.value))
    return posted + timedelta(days=whole(standard(session, NOTICE_DAYS, village, posted)))


def working_days_after(session: Session, day: date, days: int) -> date | None:
    begun = session.get(Day, day)
    due = select(func.min(col(Day.date))).where(col(Day.date) > day)
    return session.scalar(due.where(col(Day.ordinal) == begun.ordinal + days)) if begun else None


def check_category(session: Session, household: Household, categories: Sequence[str], category: str | None) -> None:
    if category is None:
        return
    poor = is_tagged(session, household, "formerly_poor")
    misfit = (category == FORMERLY_POOR and not poor) or (category == NOT_FORMERLY_POOR and poor)
    if category not in categories or misfit:
        raise CategoryDoesNotFit


def category_in(body: StepIn) -> str | None:
    return body.category if isinstance(body, VisitIn | OfficeIn) else None


def is_tagged(session: Session, household: Household, key: str) -> bool:
    open_tag = select(Tag).where(col(Tag.household_id) == household.id, col(Tag.key) == key)
    return any(tag.valid.upper is None for tag in session.scalars(open_tag))
