"""What a cadre's day was, by one rule, for one cadre or sixty thousand in one statement. Each day has its reason, and
none is ever "absent": of what nothing is known, nothing is known.

In this order: what the township has agreed to put right; a check-in in the village; an activity in the village that
somebody else wrote down; approved absence on duty; approved leave; a day of rest by the county's calendar (days made
up for are working days); a check-in whose place is doubtful; an activity in the village that the cadre wrote down.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal, LiteralString, TypeAlias

from sqlalchemy import func, select
from sqlmodel import Session, col

from services.attendance.leave.chain import CalendarMissing
from services.kit.store.tables import Day

DayIs: TypeAlias = Literal["present", "official", "leave", "rest", "uncertain", "no_evidence"]
Why: TypeAlias = Literal[
    "corrected", "check_in", "activity", "on_duty_elsewhere", "on_leave", "rest_day", "place_uncertain", "activity_own",
    "seen_elsewhere", "return_overdue", "nothing",
]  # fmt: skip
STATUSES: tuple[LiteralString, ...] = ("present", "official", "leave", "rest", "uncertain", "no_evidence")

# Of `asked` (team_id, cadre_id, role, of_month, first, last), a row for each posting to a team, cut to its days:
# each day and what it was. OFFSET 0: the reason is found once, though it is named twice.
RULE: LiteralString = """
    SELECT a.team_id, t.village, a.role, a.cadre_id, a.of_month, d.date AS day, it.why,
           CASE it.why WHEN 'corrected' THEN c.status
                       WHEN 'check_in' THEN 'present'
                       WHEN 'activity' THEN 'present'
                       WHEN 'on_duty_elsewhere' THEN 'official'
                       WHEN 'on_leave' THEN 'leave'
                       WHEN 'rest_day' THEN 'rest'
                       WHEN 'place_uncertain' THEN 'uncertain'
                       WHEN 'activity_own' THEN 'uncertain'
                       ELSE 'no_evidence' END AS status,
           c.id AS correction_id, l.id AS leave_id
    FROM asked a
    JOIN team t ON t.id = a.team_id
    JOIN day d ON d.date BETWEEN a.first AND a.last
    LEFT JOIN day_status s ON s.cadre_id = a.cadre_id AND s.day = d.date
    LEFT JOIN day_correction c ON c.cadre_id = a.cadre_id AND c.day = d.date AND c.state = 'approved'
    LEFT JOIN leave l ON l.cadre_id = a.cadre_id AND l.covers @> d.date AND l.state IN ('approved', 'returned')
    CROSS JOIN LATERAL (
        SELECT CASE WHEN c.id IS NOT NULL THEN 'corrected'
                    WHEN s.status = 'present' THEN 'check_in'
                    WHEN EXISTS (SELECT FROM activity_day e WHERE e.cadre_id = a.cadre_id AND e.day = d.date
                                 AND e.holds AND e.by_another AND e.place ^@ t.village) THEN 'activity'
                    WHEN l.official THEN 'on_duty_elsewhere'
                    WHEN l.id IS NOT NULL AND (d.working OR NOT l.working_only) THEN 'on_leave'
                    WHEN NOT d.working THEN 'rest_day'
                    WHEN s.status = 'uncertain' THEN 'place_uncertain'
                    WHEN EXISTS (SELECT FROM activity_day e WHERE e.cadre_id = a.cadre_id AND e.day = d.date
                                 AND e.holds AND e.place ^@ t.village) THEN 'activity_own'
                    WHEN s.status = 'outside' THEN 'seen_elsewhere'
                    WHEN (
                        SELECT o.returned_on IS NULL OR d.date < o.returned_on FROM leave o
                        WHERE o.cadre_id = a.cadre_id AND o.state IN ('approved', 'returned') AND o.last_day < d.date
                          AND NOT EXISTS (SELECT FROM day_status b WHERE b.cadre_id = o.cadre_id
                                          AND b.status = 'present' AND b.day > o.last_day AND b.day < d.date)
                        ORDER BY o.last_day DESC LIMIT 1
                    ) THEN 'return_overdue'
                    ELSE 'nothing' END AS why OFFSET 0
    ) AS it
"""

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "corrected": "经乡镇同意更正",
        "check_in": "有在村登记",
        "activity": "他人登记其参加了村内的活动",
        "on_duty_elsewhere": "已批准的公务外出",
        "on_leave": "已批准的请假",
        "rest_day": "日历上的休息日",
        "place_uncertain": "有登记，是否在村待核实",
        "activity_own": "本人登记参加了村内的活动，待核实",
        "seen_elsewhere": "有登记，不在村",
        "return_overdue": "假期已满，尚未销假",
        "nothing": "没有依据，不等于缺勤",
    },
    "en": {
        "corrected": "put right, with the township's agreement",
        "check_in": "a check-in in the village",
        "activity": "in an activity in the village, written down by somebody else",
        "on_duty_elsewhere": "approved absence on duty",
        "on_leave": "approved leave",
        "rest_day": "a day of rest by the calendar",
        "place_uncertain": "checked in, place to be confirmed",
        "activity_own": "in an activity in the village by their own word, to be confirmed",
        "seen_elsewhere": "checked in outside the village",
        "return_overdue": "the leave has ended, no return was recorded",
        "nothing": "no evidence, which is not absence",
    },
}


def month_end(month: date) -> date:
    return (month + timedelta(31)).replace(day=1) - timedelta(1)


def refuse_unless_known(session: Session, first: date, last: date) -> None:
    """Without the calendar nobody could tell rest from work."""
    days = session.scalar(select(func.count()).where(col(Day.date).between(first, last)))
    if days != (last - first).days + 1:
        raise CalendarMissing
