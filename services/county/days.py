"""The calendar: which days are worked. Official where the year has been published, provisional elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import chinese_calendar
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, text
from sqlmodel import Session, col

from services.county.policy import allow
from services.county.reference import announce
from services.kit.store.db import Now, SessionDep
from services.kit.store.reference import next_version
from services.kit.store.tables import Day
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(tags=["days"])

FIRST = date(2019, 1, 1)  # ordinals count from here; a posting or a statement of longer ago is asked for by nobody
FIXED_HOLIDAYS = {
    (1, 1),
    (5, 1),
    (5, 2),
    (10, 1),
    (10, 2),
    (10, 3),
}  # 全国年节及纪念日放假办法 (2024), the solar ones
OFFICIAL = "国务院办公厅节假日安排通知"
PROVISIONAL = "待公布：暂按周一至周五及固定法定节日"

WRITE = text(
    """
    INSERT INTO day (date, working, ordinal, provisional, source, version)
    SELECT sent.*, :version
    FROM unnest(CAST(:date AS date[]), CAST(:working AS boolean[]), CAST(:ordinal AS int[]),
                CAST(:provisional AS boolean[]), CAST(:source AS text[])) AS sent
    ON CONFLICT (date) DO UPDATE SET working = excluded.working, ordinal = excluded.ordinal,
        provisional = excluded.provisional, source = excluded.source, version = excluded.version
    WHERE (day.working, day.ordinal, day.provisional, day.source)
          IS DISTINCT FROM (excluded.working, excluded.ordinal, excluded.provisional, excluded.source)
    RETURNING date
    """
)


class DayIn(BaseModel):
    """A county's own day off or make-up day, with the document that orders it."""

    model_config = ConfigDict(extra="forbid")

    working: Annotated[bool, Field(strict=True, title="是否工作日")]
    document_no: Annotated[str, Field(min_length=2, max_length=100, title="文号")]


class DayOut(BaseModel):
    date: date
    working: bool
    provisional: bool
    source: str


class DayOutOfReach(DomainError):
    zh = "日历只到明年年底，也不早于其起始日。"
    en = "The calendar ends with next year, and holds nothing before its first day."


@router.get("/v1/days", dependencies=[allow("frame:read")])
def list_days(session: SessionDep, start: WrittenDay, end: WrittenDay) -> list[DayOut]:
    rows = session.scalars(select(Day).where(col(Day.date).between(start, end)).order_by(col(Day.date)))
    return [DayOut(**row.model_dump()) for row in rows]


@router.put("/v1/days/{day}", dependencies=[allow("frame:write")], openapi_extra=repeatable("path"))
def put_day(day: WrittenDay, body: DayIn, session: SessionDep, now: Now) -> DayOut:
    """Overrides one day for this county; working-day counts after it follow."""
    if not FIRST <= day <= date(now.year + 1, 12, 31):
        raise DayOutOfReach(f"{FIRST.isoformat()} – {now.year + 1}-12-31")
    keep_calendar(session, now, until=day.year, changed={day: (body.working, False, body.document_no)})
    return DayOut(date=day, working=body.working, provisional=False, source=body.document_no)


def keep_calendar(
    session: Session,
    now: datetime,
    *,
    until: int,
    changed: Mapping[date, tuple[bool, bool, str]] | None = None,
) -> int:
    """Write every day from the start to the end of year `until`; the county's own days stay. How many rows changed."""
    version = next_version(session, "days")  # its row lock also keeps two writers from counting apart
    known = list(session.scalars(select(Day)))
    own = {d.date: (d.working, d.provisional, d.source) for d in known if d.source not in (OFFICIAL, PROVISIONAL)}
    last = max([until, *(d.date.year for d in known)])
    days = list(count_days(last, own | dict(changed or {})))
    written = session.scalars(WRITE, columns_of(days) | {"version": version}).all()
    if written:
        announce(session, "days", version, now)
    return len(written)


def count_days(until: int, own: Mapping[date, tuple[bool, bool, str]]) -> Iterator[tuple[date, bool, int, bool, str]]:
    """Each day with the number of working days up to and including it."""
    ordinal, day = 0, FIRST
    while day.year <= until:
        working, provisional, source = own.get(day) or official_or_provisional(day)
        ordinal += working
        yield day, working, ordinal, provisional, source
        day += timedelta(days=1)


def official_or_provisional(day: date) -> tuple[bool, bool, str]:
    try:
        return chinese_calendar.is_workday(day), False, OFFICIAL
    except NotImplementedError:  # the year is not published yet
        return day.weekday() < 5 and (day.month, day.day) not in FIXED_HOLIDAYS, True, PROVISIONAL


def columns_of(days: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = ("date", "working", "ordinal", "provisional", "source")
    return {name: [day[index] for day in days] for index, name in enumerate(names)}
