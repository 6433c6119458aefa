"""How many days a leave comes to, and who decides about so many: by standards, each with its document."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from services.attendance.leave.words import HELD, OFFICIAL
from services.attendance.models.leave import Leave
from services.kit.store.reference import StandardKey, ruling, standards_on
from services.kit.store.tables import Day
from services.kit.web.errors import DomainError

# By class: `official` for absence on duty, otherwise the role (first_secretary, captain, member).
CAPTAIN_UP_TO = StandardKey("leave_days_captain", "number", "日", "队长审批天数上限", "Days a captain may allow")
TOWNSHIP_UP_TO = StandardKey("leave_days_township", "number", "日", "乡镇审批天数上限", "Days a township may allow")
# By class: the kind of leave.
WORKING_ONLY = StandardKey(
    "leave_working_only", "number", "1 为只计工作日", "请假只计工作日", "Working days alone count"
)
# Ships off: where no document has set it nothing is said.
YEAR_CAP = StandardKey(
    "leave_days_year", "number", "日/年", "全年请假天数提醒线", "Days of leave in a year to point out"
)

LEADERS = ("first_secretary", "captain")
LONGEST = 366  # days


class CalendarMissing(DomainError):
    status = 409
    zh = "工作日历还没有覆盖这些日期。"
    en = "The calendar does not reach these days."


class LeaveTooLong(DomainError):
    zh = "截止日不能早于起始日，一次不超过 366 天。"
    en = "It does not end before it begins, and lasts 366 days at most."


class NotPostedThen(DomainError):
    status = 409
    zh = "起始日当天没有驻村任职。"
    en = "There is no posting on the first day."


@dataclass(frozen=True)
class Post:
    """Where a cadre is posted on a day."""

    team_id: UUID
    village: str
    role: str


@dataclass(frozen=True)
class Course:
    """`chain`: who decides in turn, and the document it follows from."""

    days: int
    working_only: bool
    chain: list[str]
    document_no: str


POST = text(
    """
    SELECT p.team_id, t.village, p.role FROM posting p JOIN team t ON t.id = p.team_id
    WHERE p.cadre_id = :cadre AND p.valid @> CAST(:day AS date)
    """
)


def post_on(session: Session, cadre: UUID, day: date) -> Post:
    row = session.execute(POST, {"cadre": cadre, "day": day}).first()
    if row is None:
        raise NotPostedThen
    return Post(*row)


def course_of(session: Session, post: Post, kind: str, first: date, last: date) -> Course:
    """As the standards hold on the first day. Whoever leads a team is not decided about within it."""
    rank = "official" if kind in OFFICIAL else post.role
    working_only = ruling(session, WORKING_ONLY, post.village, first, kind).value == 1
    days = count_days(session, first, last, working_only=working_only)
    captain = ruling(session, CAPTAIN_UP_TO, post.village, first, rank)
    if days <= captain.value and post.role not in LEADERS:
        return Course(days, working_only, ["captain"], captain.document_no)
    township = ruling(session, TOWNSHIP_UP_TO, post.village, first, rank)
    chain = ["township"] if days <= township.value else ["township", "county"]
    return Course(days, working_only, chain, township.document_no)


def count_days(session: Session, first: date, last: date, *, working_only: bool) -> int:
    if not timedelta(0) <= last - first < timedelta(LONGEST):
        raise LeaveTooLong
    known = select(func.count(), func.count().filter(col(Day.working))).where(col(Day.date).between(first, last))
    every, working = session.execute(known).one()
    if every != (last - first).days + 1:
        raise CalendarMissing
    return int(working if working_only else every)


def due_back() -> Any:
    """The first working day after a leave; where the calendar ends before it, the day after."""
    next_one = select(func.min(col(Day.date))).where(col(Day.working), col(Day.date) > col(Leave.last_day))
    return func.coalesce(next_one.correlate(Leave).scalar_subquery(), col(Leave.last_day) + 1)


@dataclass(frozen=True)
class Year:
    """Days of leave in the year a leave begins in, with this one; and how many a document wants pointed out."""

    days: int
    cap: int | None


def year_of(session: Session, leave: Leave) -> Year:
    """For whoever decides: the count refuses nothing by itself. Duty away is no leave."""
    begun = func.extract("year", col(Leave.first_day)) == leave.first_day.year
    others = (col(Leave.cadre_id) == leave.cadre_id, col(Leave.state).in_(HELD), ~col(Leave.official), begun)
    used = session.scalar(
        select(func.coalesce(func.sum(col(Leave.days)), 0)).where(
            *others, col(Leave.id).not_in([leave.id, leave.corrects or leave.id])
        )
    )
    caps = standards_on(session, YEAR_CAP.key, leave.first_day, leave.kind)
    cap = next((int(row.value) for row in caps if leave.village.startswith(row.division)), None)
    return Year(int(used or 0) + (0 if leave.official else leave.days), cap)
