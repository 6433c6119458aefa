"""Attendance's tables, a file per room: the shape of the database, and what of it is sealed."""

from services.attendance.models import (
    activities,
    charges,
    facts,
    handovers,
    inspections,
    leave,
    months,
    pairings,
    personnel,
    presence,
    sync,
    teams,
    visits,
)
from services.attendance.models.table import Table
from services.kit.store.sealed import SEALED_EVERYWHERE

__all__ = [
    "SEALED",
    "Table",
    "activities",
    "charges",
    "facts",
    "handovers",
    "inspections",
    "leave",
    "months",
    "pairings",
    "personnel",
    "presence",
    "sync",
    "teams",
    "visits",
]

SEALED = (
    *SEALED_EVERYWHERE, teams.MOBILE, visits.NOTE, leave.REASON, activities.WORDS, inspections.FOUND, charges.BECAUSE,
    personnel.WORDS, personnel.REPLY,
)  # fmt: skip
