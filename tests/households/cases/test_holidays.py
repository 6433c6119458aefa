"""By when villagers are answered and notices may end, over every holiday and worked weekend of a year, as somebody
counts who walks the calendar day by day."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import chinese_calendar
import pytest
from sqlmodel import Session

from services.households.cases.contents import NOTICE_WORKING_DAYS, notice_may_end
from services.households.declarations.due import ANSWER_DAYS, CORRECTION_DAYS, due_day
from tests.households.cases.conftest import set_standard
from tests.households.conftest import VILLAGE


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def walked(day: date, working_days: int) -> date:
    """The day itself does not count."""
    while working_days:
        day += timedelta(days=1)
        working_days -= bool(chinese_calendar.is_workday(day))
    return day


def holidays() -> Sequence[date]:
    """The days of each and those worked in its stead; New Year's come first."""
    return [day for day in days(date(2026, 1, 1), date(2026, 11, 20)) if chinese_calendar.get_holiday_detail(day)[1]]


@pytest.mark.parametrize("allowed", [1, 5])
def test_every_due_day_falls_where_a_walk_through_the_calendar_ends(frame: Session, allowed: int) -> None:
    for key in (ANSWER_DAYS, CORRECTION_DAYS, NOTICE_WORKING_DAYS):
        set_standard(frame, key.key, allowed)
    frame.flush()
    for begun in sorted({day - timedelta(days=before) for day in holidays()[3:] for before in (0, 2)}):
        wanted = walked(begun, allowed)
        told = [due_day(frame, key, VILLAGE, begun) for key in (ANSWER_DAYS, CORRECTION_DAYS)]
        assert [*told, notice_may_end(frame, VILLAGE, begun)] == [wanted] * 3, begun
