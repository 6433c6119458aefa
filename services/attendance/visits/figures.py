"""How many households of a place were visited in a period, and how far its rounds are: figures alone, for the reports
of our own services."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import func, select, text
from sqlmodel import Session, col

from services.attendance.models.visits import RoundTask, VisitRound
from services.attendance.policy import allow
from services.attendance.visits.sheet import BEST_FIRST, NOT_TRIED, tasks_of
from services.attendance.visits.words import MET, NOT_MADE, OUTCOMES
from services.kit.post.events import source_of
from services.kit.store.db import UnboundSessionDep
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenMoment

router = APIRouter(prefix=f"{source_of('attendance')}/visit-figures", tags=["visits"])

CONTACTED = [contact for contact, outcome in OUTCOMES.items() if outcome == "contacted"]

# Visits as they stand. A household counts once, by the best that came of them, where the last of them found it; paired
# is who has somebody answering for them on the last day.
VILLAGES = """
    WITH standing AS (
        SELECT v.* FROM visit v
        WHERE starts_with(v.village, :place) AND v.day BETWEEN :first AND :last
          AND v.because IS DISTINCT FROM :not_made AND NOT EXISTS (SELECT FROM visit later WHERE later.corrects = v.id)
    ), gone_to AS (
        SELECT household_id, (array_agg(village ORDER BY day DESC, at DESC, id))[1] AS village,
               count(*) FILTER (WHERE contact = ANY (:met)) AS visits,
               bool_or(contact = ANY (:met)) AS met, bool_or(contact = ANY (:contacted)) AS contacted
        FROM standing GROUP BY household_id
    ), paired AS (
        SELECT household_id, (array_agg(village ORDER BY lower(valid) DESC, id))[1] AS village
        FROM pairing WHERE starts_with(village, :place) AND valid @> CAST(:last AS date) GROUP BY household_id
    )
    SELECT coalesce(g.village, p.village) AS division, coalesce(sum(g.visits), 0) AS visits,
           count(*) FILTER (WHERE g.met) AS met,
           count(*) FILTER (WHERE NOT g.met AND g.contacted) AS contacted,
           count(*) FILTER (WHERE NOT g.met AND NOT g.contacted) AS not_reached,
           count(p.household_id) AS paired, count(p.household_id) FILTER (WHERE g.met) AS paired_met
    FROM gone_to g FULL JOIN paired p USING (household_id)
    GROUP BY 1 ORDER BY 1
    """


class NotAPeriod(DomainError):
    zh = "截止时刻须晚于开始时刻，开始时刻不早于 2000 年。"
    en = "A period ends after it begins, and begins no earlier than the year 2000."


class VisitCounts(BaseModel):
    """`visits` met somebody; the next three are households and add up to those that were tried."""

    visits: int = 0
    met: int = 0
    contacted: int = 0
    not_reached: int = 0
    paired: int = 0
    paired_met: int = 0


class VillageVisits(VisitCounts):
    division: str


class RoundCounts(BaseModel):
    """`households` is the sum of the five that follow: of those of the place."""

    id: UUID
    name: str
    first_day: date
    last_day: date
    state: Literal["open", "closed"]
    households: int
    met: int
    contacted: int
    away: int
    not_reached: int
    not_tried: int


class VisitFiguresOut(BaseModel):
    """`until` as it was asked. Of nobody by name."""

    until: datetime
    total: VisitCounts
    villages: list[VillageVisits]
    rounds: list[RoundCounts]


@router.get("", dependencies=[allow("visit:count")])
def get_visit_figures(
    session: UnboundSessionDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    begin: Annotated[WrittenMoment, Query(title="开始时刻")],
    until: Annotated[WrittenMoment, Query(title="截止时刻")],
) -> VisitFiguresOut:
    """The days are those of the moments' own offset. A round counts as it stands, with the days it lasts beyond."""
    if until <= begin or begin.year < 2000:
        raise NotAPeriod
    first, last = begin.date(), (until - timedelta(microseconds=1)).date()
    asked = {"place": division, "first": first, "last": last, "not_made": NOT_MADE}
    villages = list(counted(session, asked))
    total = VisitCounts(**{name: sum(getattr(one, name) for one in villages) for name in VisitCounts.model_fields})
    rounds = list(rounds_of(session, division, first, last))
    return VisitFiguresOut(until=until, total=total, villages=villages, rounds=rounds)


def counted(session: Session, asked: Mapping[str, Any]) -> Iterable[VillageVisits]:
    rows = session.execute(text(VILLAGES), {**asked, "met": list(MET), "contacted": CONTACTED})
    return (VillageVisits.model_validate(dict(row)) for row in rows.mappings())


def rounds_of(session: Session, place: str, first: date, last: date) -> Iterable[RoundCounts]:
    """Of which a day lies in the period and a household in the place, in the order in which they began."""
    meant = (
        col(VisitRound.opened_at).is_not(None),
        col(VisitRound.first_day) <= last,
        col(VisitRound.last_day) >= first,
    )
    began = select(VisitRound).where(*meant).order_by(col(VisitRound.first_day), col(VisitRound.id))
    for one in session.scalars(began):
        tasks = tasks_of(one.id, col(RoundTask.village).startswith(place)).subquery("tasks")
        names = (*BEST_FIRST, NOT_TRIED)
        each = (func.count().filter(tasks.c.outcome == name).label(name) for name in names)
        counts = dict(
            session.execute(select(func.count().label("households"), *each).select_from(tasks)).mappings().one()
        )
        if counts["households"]:
            state = "closed" if one.closed_at else "open"
            yield RoundCounts.model_validate(one.model_dump() | counts | {"state": state})
