"""How many cases a place has, by step and by village: figures alone, for the reports of our own services."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel import Session

from services.households.cases.words import words
from services.households.policy import allow
from services.kit.post.events import source_of
from services.kit.store.db import UnboundSessionDep
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenMoment

router = APIRouter(prefix=f"{source_of('households')}/case-figures", tags=["cases"])

CARE = ("帮扶和跟踪监测中", "being helped and followed")  # of a case that waits for no step

# What was decided counts by its day, what was opened by its moment. As it was at the end: not closed by then; and of a
# case on which somebody has since gone on, the step that was taken next is the one it waited for.
VILLAGES = """
    SELECT h.village AS division,
           count(*) FILTER (WHERE c.opened_at >= :begin AND c.opened_at < :until) AS opened,
           count(*) FILTER (WHERE c.identified_on BETWEEN :first AND :last) AS identified,
           count(*) FILTER (WHERE c.closed_on BETWEEN :first AND :last AND c.state = 'refused') AS refused,
           count(*) FILTER (WHERE c.closed_on BETWEEN :first AND :last
                              AND c.end_kind IN ('eliminated_by_help', 'eliminated_by_itself')) AS eliminated,
           count(*) FILTER (WHERE c.closed_on BETWEEN :first AND :last AND c.state = 'ended'
                              AND c.end_kind NOT IN ('eliminated_by_help', 'eliminated_by_itself')) AS ended,
           count(*) FILTER (WHERE c.opened_at < :until AND coalesce(c.closed_on > :last, true)) AS open,
           count(*) FILTER (WHERE c.opened_at < :until AND coalesce(c.closed_on > :last, true) AND EXISTS (
               SELECT FROM case_clock k WHERE k.case_id = c.id AND k.since <= :last AND k.due_on < :day
                 AND coalesce(k.done_on > :last, true))) AS overdue
    FROM monitored_case c JOIN household h ON h.id = c.household_id
    WHERE starts_with(h.village, :place) AND c.opened_at < :until AND coalesce(c.closed_on >= :first, true)
    GROUP BY h.village ORDER BY h.village
    """
STEPS = """
    WITH standing AS (
        SELECT c.id, c.next_step, (
            SELECT coalesce(e.skipped, e.step) FROM case_entry e
            JOIN case_profile_step s ON s.profile_key = c.profile_key AND s.profile_version = c.profile_version
                                    AND s.key = coalesce(e.skipped, e.step) AND s.phase IN ('identify', 'eliminate')
            WHERE e.case_id = c.id AND e.corrects IS NULL AND e.recorded_at >= :until ORDER BY e.seq LIMIT 1) AS since
        FROM monitored_case c JOIN household h ON h.id = c.household_id
        WHERE starts_with(h.village, :place) AND c.opened_at < :until AND coalesce(c.closed_on > :last, true)
    ), waiting AS (
        SELECT nullif(coalesce(since, next_step), 'elimination') AS step, count(*) AS open
        FROM standing GROUP BY 1
    ), late AS (
        SELECT k.step, count(*) FILTER (WHERE k.due_on < :day) AS overdue,
               count(*) FILTER (WHERE k.due_on IS NULL) AS no_due_day
        FROM standing JOIN case_clock k ON k.case_id = standing.id AND k.since <= :last
                                       AND coalesce(k.done_on > :last, true)
        GROUP BY k.step
    )
    SELECT step, coalesce(open, 0) AS open, coalesce(overdue, 0) AS overdue, coalesce(no_due_day, 0) AS no_due_day
    FROM waiting FULL JOIN late USING (step) ORDER BY step NULLS FIRST
    """


class NotAPeriod(DomainError):
    zh = "截止时刻须晚于开始时刻，开始时刻不早于 2000 年。"
    en = "A period ends after it begins, and begins no earlier than the year 2000."


class CaseCounts(BaseModel):
    opened: int = 0
    identified: int = 0
    refused: int = 0
    eliminated: int = 0
    ended: int = 0
    open: int = 0
    overdue: int = 0


class VillageCounts(CaseCounts):
    division: str


class StepCounts(BaseModel):
    """Cases that wait for this step, or, where it is empty, for none; and clocks of it that had run out."""

    step: str | None
    zh: str
    en: str
    open: int
    overdue: int


class CaseFiguresOut(BaseModel):
    """`no_due_day`: running clocks whose due day no calendar says. Of nobody by name."""

    total: CaseCounts
    no_due_day: int
    steps: list[StepCounts]
    villages: list[VillageCounts]


@router.get("", dependencies=[allow("case:count")])
def get_case_figures(
    session: UnboundSessionDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    begin: Annotated[WrittenMoment, Query(title="开始时刻")],
    until: Annotated[WrittenMoment, Query(title="截止时刻")],
) -> CaseFiguresOut:
    """The days are those of the moments' own offset."""
    if until <= begin or begin.year < 2000:
        raise NotAPeriod
    last = (until - timedelta(microseconds=1)).date()
    asked = {"place": division, "begin": begin, "until": until, "first": begin.date(), "last": last}
    return counted(session, asked | {"day": until.date()})


def counted(session: Session, asked: Mapping[str, Any]) -> CaseFiguresOut:
    villages = [VillageCounts.model_validate(dict(row)) for row in session.execute(text(VILLAGES), asked).mappings()]
    rows = [dict(row) for row in session.execute(text(STEPS), asked).mappings()]
    steps = [step_of(row) for row in rows]
    total = CaseCounts(**{name: sum(getattr(one, name) for one in villages) for name in CaseCounts.model_fields})
    no_due_day = sum(row["no_due_day"] for row in rows)
    return CaseFiguresOut(total=total, no_due_day=no_due_day, steps=steps, villages=villages)


def step_of(row: Mapping[str, Any]) -> StepCounts:
    """A step of a county's own procedure may have no name but its key."""
    step = row["step"]
    zh, en = CARE if step is None else words("step")[step][:2] if step in words("step") else (step, step)
    return StepCounts(step=step, zh=zh, en=en, open=row["open"], overdue=row["overdue"])
