"""What the procedure says of cases that are taken over, looked up once for all villages of a file."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from sqlmodel import Session

from services.households.cases.clocks import UNITS, WARNING
from services.households.cases.profiles import PROFILE, Procedure, in_order, procedure, whole
from services.households.models.cases import CaseProfileStep
from services.kit.store.reference import StandardRow, standards_on


class Clock(NamedTuple):
    step: str
    days: int
    unit: str


class Ground(NamedTuple):
    """By which procedure a village's cases go on, by which document, and which clocks then run."""

    procedure: Procedure
    document_no: str
    warn_days: int
    clocks: Sequence[Clock]


def grounds(session: Session, villages: set[str], day: date) -> Mapping[str, Ground | None]:
    """None where no procedure or no days of warning are set: there no case could go on."""
    profiles = {profile.number: profile for profile in in_order(session)}

    @cache
    def rows(key: str) -> list[StandardRow]:
        return standards_on(session, key, day)

    @cache
    def steps_of(number: int) -> Procedure | None:
        profile = profiles.get(number)
        return procedure(session, profile.key, profile.version) if profile else None

    def row_of(key: str, village: str) -> StandardRow | None:
        return next((row for row in rows(key) if village.startswith(row.division)), None)

    def clock_of(step: CaseProfileStep, village: str) -> Clock | None:
        for unit, prefix in UNITS.items():
            if row := row_of(prefix + step.key, village):
                return Clock(step.key, whole(row.value), unit)
        return Clock(step.key, step.days, step.unit) if step.days is not None and step.unit else None

    def ground_of(village: str) -> Ground | None:
        chosen, warning = row_of(PROFILE.key, village), row_of(WARNING.key, village)
        steps = steps_of(int(chosen.value)) if chosen else None
        if not (chosen and warning and steps):
            return None
        clocks = [clock_of(step, village) for step in steps.steps if step.phase == "care" and step.since]
        return Ground(steps, chosen.document_no, whole(warning.value), [clock for clock in clocks if clock])

    return {village: ground_of(village) for village in villages}
