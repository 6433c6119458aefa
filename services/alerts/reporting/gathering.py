"""The worker's part: the register is asked for the cases of every draft, attendance for its visits and rounds, and the
county's draft of the period that is over is made ready where the county has set a day for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import httpx
from pydantic import BaseModel
from sqlalchemy import Engine, or_, select, text
from sqlmodel import Session, col

from services.alerts.models.reports import Report
from services.alerts.reporting.contents import CaseFigures, VisitFigures
from services.alerts.reporting.periods import Period, Span, first_of, period_of
from services.alerts.reporting.reports import as_span
from services.alerts.telling.notices import tell
from services.kit.post.events import source_of
from services.kit.post.facts import COUNTY
from services.kit.post.peers import Peer
from services.kit.store.db import open_session
from services.kit.store.reference import StandardKey, standards_on
from services.kit.store.work import Loop

WEEK_DAY = StandardKey("report_week_day", "number", "星期（1–7）", "备好上周周报的日子", "Weekday for the week's draft")
MONTH_DAY = StandardKey("report_month_day", "number", "日（1–28）", "备好上月月报的日子", "Day for the month's draft")
DAYS: Mapping[Span, StandardKey] = {"week": WEEK_DAY, "month": MONTH_DAY}
FIGURES = f"{source_of('households')}/case-figures"
VISITING = f"{source_of('attendance')}/visit-figures"
Told = TypeVar("Told", bound=BaseModel)
EVERY = 30.0  # seconds
AGAIN = timedelta(hours=1)
SOON = timedelta(minutes=5)  # where the register did not answer
FOR = timedelta(days=60)  # a draft that nobody has signed by then is asked for no more
AT_ONCE = 20

READY = text(
    """
    INSERT INTO report (id, county, division, span, first, version, asked_at)
    SELECT gen_random_uuid(), place, place, span, first, 1, :now
    FROM (SELECT CAST(:county AS text) AS place, CAST(:span AS text) AS span, CAST(:first AS date) AS first) AS wanted
    WHERE NOT EXISTS (SELECT FROM report r WHERE (r.division, r.span, r.first) = (place, wanted.span, wanted.first))
    ON CONFLICT DO NOTHING RETURNING id
    """
)


def reports(engine: Engine, register: Peer, attendance: Peer) -> list[Loop]:
    return [
        Loop("reports", lambda now: make_ready(engine, now), idle=EVERY),
        Loop("figures of others", lambda now: ask_the_owners(engine, register, attendance, now), idle=EVERY),
    ]


def make_ready(engine: Engine, now: datetime) -> int:
    """The newest period that is over, once its day has come; one that was missed is left to whoever asks for it."""
    with open_session(engine) as session, session.begin():
        made = [
            report
            for span, key in DAYS.items()
            for row in standards_on(session, key.key, now.date())
            if len(row.division) == COUNTY and place_in(span, now) >= row.value
            for report in session.scalars(READY, ready(row.division, span, now))
        ]
        tell(session, "report_ready", made, now)
    return len(made)


def place_in(span: Span, now: datetime) -> int:
    return now.isoweekday() if span == "week" else now.day


def ready(county: str, span: Span, now: datetime) -> Mapping[str, object]:
    before = first_of(span, first_of(span, now.date()) - timedelta(days=1))
    return {"county": county, "span": span, "first": before, "now": now}


def ask_the_owners(engine: Engine, register: Peer, attendance: Peer, now: datetime) -> int:
    """The asking is noted before it is done: who does not answer is left alone for a while, and the figures stay
    unknown, or as they were told before."""
    with open_session(engine) as session, session.begin():
        due = list(those_due(session, now))
        for report in due:
            report.cases_asked_at = now
    told = 0
    for report in due:
        period = period_of(as_span(report), report.first, now)
        cases = asked_of(register, FIGURES, CaseFigures, report.division, period)
        visiting = asked_of(attendance, VISITING, VisitFigures, report.division, period)
        if cases or visiting:
            told += keep(engine, report, cases, visiting, period.until)
    return told


def those_due(session: Session, now: datetime) -> Sequence[Report]:
    asked = col(Report.cases_asked_at)
    wanting = or_(col(Report.cases_until).is_(None), col(Report.visiting).is_(None))
    again = or_(asked.is_(None), asked < now - AGAIN, wanting & (asked < now - SOON))
    young = col(Report.asked_at) > now - FOR
    wanted = select(Report).where(col(Report.signed_at).is_(None), young, again).order_by(asked.nulls_first())
    return session.scalars(wanted.limit(AT_ONCE).with_for_update(skip_locked=True)).all()


def asked_of(owner: Peer, path: str, figures: type[Told], division: str, period: Period) -> Told | None:
    asked = {"division": division, "begin": period.begin.isoformat(), "until": period.until.isoformat()}
    try:
        return figures.model_validate(owner.get(path, **asked))
    except httpx.HTTPError:
        return None


def keep(
    engine: Engine, report: Report, cases: CaseFigures | None, visiting: VisitFigures | None, until: datetime
) -> int:
    """Unless it was signed meanwhile."""
    with open_session(engine) as session, session.begin():
        mine = select(Report).where(col(Report.id) == report.id, col(Report.signed_at).is_(None)).with_for_update()
        held = session.scalar(mine)
        if held and cases:
            held.cases, held.cases_until = cases.model_dump(mode="json"), until
        if held and visiting:
            held.visiting = visiting.model_dump(mode="json")
    return int(held is not None)
