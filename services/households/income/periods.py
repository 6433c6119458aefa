"""The months a statement is for: which are taken, and which are offered."""

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum

from services.kit.store.reference import StandardKey
from services.kit.web.errors import DomainError

# The yearly update of all monitored and formerly poor households: commonly October to September.
INCOME_YEAR_ENDS = StandardKey("income_year_ends", "number", "月", "收入年度末月", "The last month of the income year")


class Purpose(StrEnum):
    """Why a statement is made."""

    IDENTIFICATION = "identification"  # 新识别
    YEARLY_UPDATE = "yearly_update"  # 年度更新


class ReportedInTheFuture(DomainError):
    zh = "收入期间必须已经结束。"
    en = "Income is reported for a period that has ended."


class PeriodUpsideDown(DomainError):
    zh = "收入期间的止日不能早于起日，且不超过十二个月。"
    en = "A period ends after it begins and spans at most twelve months."


class PeriodNotWholeMonths(DomainError):
    zh = "收入期间须为整月：自某月第一日起，至某月最后一日止。"
    en = "A period is whole months, from the first day of one to the last day of one."


def refuse_period(first: date, last: date, today: date) -> None:
    """Whole months, twelve at most, ended before today (county's zone). Source: docs/rules.md."""
    if last >= today:
        raise ReportedInTheFuture(last.isoformat())
    if not first <= last or (last - first).days > 366:
        raise PeriodUpsideDown
    if first.day != 1 or last != last_day(last):
        raise PeriodNotWholeMonths


def last_day(of: date) -> date:
    return of.replace(day=monthrange(of.year, of.month)[1])


def rolling_year(on: date) -> tuple[date, date]:
    """The twelve months before the month of the clue or the application: new identification. Source: docs/income.md."""
    first = on.replace(day=1)
    return first.replace(year=first.year - 1), first - timedelta(days=1)


def income_year(on: date, ends: int) -> tuple[date, date]:
    """The newest twelve months that end with month `ends` (1–12) and had ended before that day."""
    last = last_day(date(on.year, ends, 1))
    last = last if last < on else last_day(date(on.year - 1, ends, 1))
    after = last + timedelta(days=1)
    return after.replace(year=after.year - 1), last
