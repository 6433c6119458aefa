"""What is the same for all of a place: the standards a phone goes by, the county's calendar, and the words."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import false, func, literal, or_, select
from sqlmodel import Session, col

from services.attendance.presence.days import DAY_STARTS_AT
from services.attendance.presence.switches import SELF_CHECK_IN
from services.attendance.sync.cursors import Horizon, mark_of, marks_of
from services.attendance.sync.lines import Line, Reading
from services.attendance.sync.rows import CalendarRow, StandardRow, WordsRow
from services.attendance.sync.scopes import COUNTY
from services.attendance.sync.words import WORDS
from services.attendance.visits.month import EXPECTED
from services.kit.store.tables import Day, Standard

KEYS = (SELF_CHECK_IN.key, DAY_STARTS_AT.key, EXPECTED.key)


def frame_of(reading: Reading) -> Iterator[Line]:
    yield from standards(reading)
    yield from calendar(reading.session, reading.horizon, reading.today)
    yield Line(COUNTY, "words", "words", WordsRow(words=WORDS), 0)


def standards(reading: Reading) -> Iterator[Line]:
    """Of the places one's scopes lie in and all above them."""
    columns: Any = Standard
    villages = sorted({held.village for held in reading.held})
    here = or_(*(func.starts_with(literal(village), columns.division) for village in villages), false())
    wanted = select(Standard, marks_of("standard")).where(columns.key.in_(KEYS), here)
    for one, marks in reading.session.execute(wanted):
        said = one.model_dump(include={"key", "division", "population_class", "unit", "document_no"})
        row = StandardRow(**said, value=str(one.value), since=one.valid.lower, until=one.valid.upper)
        holds = not one.valid.isempty and one.valid.contains(reading.today)
        turns = (one.valid.lower, one.valid.upper)
        yield Line(COUNTY, "standard", str(one.id), row if holds else None, reading.horizon.latest(marks), turns)


def calendar(session: Session, horizon: Horizon, today: date) -> Iterator[Line]:
    """The month before, this one and the next. Each begins and ceases to be held on the first of a month."""
    for away in (-2, -1, 0, 1):
        first = month_away(today, away)
        days = select(col(Day.date), col(Day.working), mark_of("day"))
        found = session.execute(days.where(col(Day.date) >= first, col(Day.date) < month_away(first, 1))).all()
        rest = sorted(day for day, working, _ in found if not working)
        row = CalendarRow(known=len(found), rest=rest) if away > -2 and found else None
        turns = (month_away(first, -1), month_away(first, 2))
        changed = horizon.latest(mark for *_, mark in found)
        yield Line(COUNTY, "calendar", f"{first:%Y-%m}", row, changed, turns)


def month_away(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
