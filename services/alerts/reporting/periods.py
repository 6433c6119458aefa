"""The weeks and months of reports, in the county's zone."""

from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple, TypeAlias

from services.kit.web.errors import DomainError

Span: TypeAlias = Literal["week", "month"]


class NotTheFirstDay(DomainError):
    zh = "周报从星期一起，月报从 1 日起。"
    en = "A week begins on a Monday, a month on its first day."


class PeriodToCome(DomainError):
    zh = "这一期还没有开始。"
    en = "That period has not begun."


class Period(NamedTuple):
    """`begin` is its first moment, `until` the moment up to which it is known: its end, or now while it lasts."""

    span: Span
    first: date
    begin: datetime
    until: datetime
    over: bool

    @property
    def last(self) -> date:
        """The last day that is counted."""
        return (self.until - timedelta(microseconds=1)).date()


def next_first(span: Span, first: date) -> date:
    return first + timedelta(days=7) if span == "week" else (first + timedelta(days=31)).replace(day=1)


def last_day(span: Span, first: date) -> date:
    return next_first(span, first) - timedelta(days=1)


def first_of(span: Span, day: date) -> date:
    return day - timedelta(days=day.weekday()) if span == "week" else day.replace(day=1)


def period_of(span: Span, first: date, now: datetime) -> Period:
    """Refuses what is no week or month, and one that is still to come."""
    if first != first_of(span, first):
        raise NotTheFirstDay
    begin, end = (datetime.combine(day, time(), tzinfo=now.tzinfo) for day in (first, next_first(span, first)))
    if begin > now:
        raise PeriodToCome
    return Period(span, first, begin, min(end, now), end <= now)
