"""How much was held in a period: activities by kind and mode, and what was counted, each unit by itself. Of places,
never of a person."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import any_, func, literal, select
from sqlmodel import Session, col

from services.attendance.activities.contents import Mode, Part, Precision, What
from services.attendance.activities.terms import Division, TermKey
from services.attendance.models.activities import Activity, ActivityCount
from services.attendance.policy import allow
from services.attendance.reach import reachable_activities
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/activity-figures", tags=["activities"])


class Sum(BaseModel):
    """Of equal units: who came twice is in it twice. As exact as the least exact of what was added: of more and less
    together, `about`."""

    what: What
    number: int
    precision: Precision


class CadreTimes(BaseModel):
    """列席8人次: how often somebody took part so."""

    part: Part
    person_times: int


class OfMode(BaseModel):
    mode: Mode
    activities: int
    counts: list[Sum]
    cadres: list[CadreTimes]


class OfKind(BaseModel):
    kind: str
    activities: int
    modes: list[OfMode]


class ActivityFiguresOut(BaseModel):
    """By key; no order of places or persons."""

    division: str
    day_from: date
    day_to: date
    kinds: list[OfKind]


class NotDaysOfAPeriod(DomainError):
    zh = "截止日不能早于起始日。"
    en = "A period ends on or after the day it begins."


@router.get("", dependencies=[allow("activity:read")])
def get_activity_figures(
    session: SessionDep,
    division: Division,
    day_from: Annotated[WrittenDay, Query(title="起始日")],
    day_to: Annotated[WrittenDay, Query(title="截止日")],
    label: Annotated[TermKey | None, Query(title="标签")] = None,
) -> ActivityFiguresOut:
    """Of what began on these days, as far as the caller sees it: three statements for any number."""
    if day_to < day_from:
        raise NotDaysOfAPeriod
    counted = [
        reachable_activities(scope_of(session)),
        col(Activity.replaced_at).is_(None),
        col(Activity.withdrawn_at).is_(None),
        col(Activity.division).startswith(division),
        col(Activity.day).between(day_from, day_to),
    ]
    if label:
        counted.append(literal(label) == any_(col(Activity.labels)))
    kinds = kinds_of(session, counted)
    return ActivityFiguresOut(division=division, day_from=day_from, day_to=day_to, kinds=kinds)


def kinds_of(session: Session, counted: Iterable[Any]) -> list[OfKind]:
    conditions = list(counted)
    counts, cadres = sums(session, conditions), times(session, conditions)
    by = (col(Activity.kind), col(Activity.mode))
    kinds: dict[str, list[OfMode]] = defaultdict(list)
    for kind, mode, held in session.execute(select(*by, func.count()).where(*conditions).group_by(*by).order_by(*by)):
        both = {"counts": counts.get((kind, mode), []), "cadres": cadres.get((kind, mode), [])}
        kinds[kind].append(OfMode.model_validate({"mode": mode, "activities": held, **both}))
    return [OfKind(kind=kind, activities=sum(one.activities for one in of), modes=of) for kind, of in kinds.items()]


def sums(session: Session, conditions: Iterable[Any]) -> Mapping[tuple[str, str], list[Sum]]:
    by = (col(Activity.kind), col(Activity.mode), col(ActivityCount.what))
    marks = func.array_agg(col(ActivityCount.precision).distinct())
    wanted = select(*by, func.sum(col(ActivityCount.number)), marks).join(
        ActivityCount, col(ActivityCount.version_id) == col(Activity.id)
    )
    found: dict[tuple[str, str], list[Sum]] = defaultdict(list)
    for kind, mode, what, number, said in session.execute(wanted.where(*conditions).group_by(*by).order_by(*by)):
        found[kind, mode].append(Sum(what=what, number=int(number), precision=together(said)))
    return found


def together(marks: Iterable[Precision]) -> Precision:
    """How exactly a sum is known."""
    inexact = set(marks) - {"exact"}
    if not inexact:
        return "exact"
    return inexact.pop() if len(inexact) == 1 else "about"


def times(session: Session, conditions: Iterable[Any]) -> Mapping[tuple[str, str], list[CadreTimes]]:
    part = func.unnest(col(Activity.capacities)).label("part")
    each = select(col(Activity.kind), col(Activity.mode), part).where(*conditions).subquery()
    by = (each.c.kind, each.c.mode, each.c.part)
    found: dict[tuple[str, str], list[CadreTimes]] = defaultdict(list)
    for kind, mode, said, number in session.execute(select(*by, func.count()).group_by(*by).order_by(*by)):
        found[kind, mode].append(CadreTimes(part=said, person_times=number))
    return found
