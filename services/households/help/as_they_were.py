"""Measures as they stood on a day (`as_of`), as far as they were recorded by a moment (`known_at`).

A measure is done from the day it was done; any other state holds from the day it was written down. What else stands of
a measure (amount, who is responsible) is told as it was known: `as_of` alone tells it as we know it now.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, select
from sqlmodel import col

from services.households.help.measures import MeasureOut, State
from services.households.models.help import Measure, MeasureStep
from services.households.register.past import Past


def measures_then(
    past: Past, zone: tzinfo | None, household_id: UUID | None = None
) -> tuple[Select[Any], type[Measure], Any]:
    """Rows of a measure and its state, and by what to ask for fewer. Before its first day there is none."""
    held = past.of(Measure, household_id)
    state = state_then(held, past, zone)
    return past.told(select(held, state).where(state.is_not(None))), held, state


def state_then(held: type[Measure], past: Past, zone: tzinfo | None) -> Any:
    if past.as_of is None:
        return col(held.state)
    written = select(col(MeasureStep.state)).where(
        col(MeasureStep.measure_id) == col(held.id), *steps_by(past, zone), col(MeasureStep.state) != State.DONE
    )
    newest = written.order_by(col(MeasureStep.seq).desc()).limit(1).correlate(held).scalar_subquery()
    return case((col(held.done_on) <= past.as_of, State.DONE.value), else_=newest)


def steps_by(past: Past, zone: tzinfo | None) -> list[Any]:
    written = [col(MeasureStep.at) < day_after(past.as_of, zone)] if past.as_of else []
    return [*written, col(MeasureStep.known_since) <= past.known_at] if past.known_at else written


def day_after(day: date, zone: tzinfo | None) -> datetime:
    return datetime.combine(min(day, date.max - timedelta(days=1)) + timedelta(days=1), time(), zone)


def measure_shown(row: Measure, state: str, past: Past) -> MeasureOut:
    """What had not come about yet is left out."""
    told = MeasureOut.of(row)
    gone = {"done_on": None} if state != State.DONE else {}
    gone |= {"dropped_because": None} if state != State.DROPPED else {}
    later = past.as_of and told.confirmed_on and told.confirmed_on > past.as_of
    gone |= {"confirmed_on": None, "confirmed_by": None} if state != State.DONE or later else {}
    return told.model_copy(update={"state": State(state), **gone})
