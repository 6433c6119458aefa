"""What was received and measures of a file taken back. A measure that has moved on or that a plan or a case holds, a
record that was withdrawn, and whatever a change has carried are built upon. No fact is taken from either."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from services.households.facts import lock_households
from services.households.imports.measures import state_of
from services.households.imports.upload import Brought, State, Upload
from services.households.models.cases import CaseEntry
from services.households.models.changes import HouseholdChangeCarried
from services.households.models.help import Measure, PlanMeasure, Received
from services.households.models.register import Household
from services.households.reach import HOUSEHOLDS
from services.kit.store.scope import within
from services.kit.store.sets import among

REMOVE_MEASURES = (
    text("DELETE FROM measure_step WHERE measure_id = ANY (:ids)"),
    text("DELETE FROM measure WHERE id = ANY (:ids)"),
)
REMOVE_RECEIVED = (text("DELETE FROM received WHERE id = ANY (:ids)"),)


def held(upload: Upload, table: type[Measure] | type[Received], ids: Sequence[UUID]) -> Sequence[Any]:
    """Of households within the scope."""
    mine: Any = select(table).join(Household, col(Household.id) == col(table.household_id))
    return upload.session.scalars(mine.where(among(col(table.id), ids), within(upload.scope, HOUSEHOLDS))).all()


def lock_measures(upload: Upload, ids: Sequence[UUID]) -> None:
    lock_households(upload.session, sorted({row.household_id for row in held(upload, Measure, ids)}))


def lock_received(upload: Upload, ids: Sequence[UUID]) -> None:
    lock_households(upload.session, sorted({row.household_id for row in held(upload, Received, ids)}))


def states_of_measures(upload: Upload, ids: Sequence[UUID]) -> dict[UUID, State]:
    return {row.id: state_of(row.model_dump()) for row in held(upload, Measure, ids)}


def states_of_received(upload: Upload, ids: Sequence[UUID]) -> dict[UUID, State]:
    return {row.id: {"withdrawn": row.withdrawn_at is not None} for row in held(upload, Received, ids)}


def held_on_to(upload: Upload, ids: Sequence[UUID]) -> set[UUID]:
    wanted = select(col(PlanMeasure.measure_id)).where(among(col(PlanMeasure.measure_id), ids))
    seen = select(col(CaseEntry.measure_id)).where(among(col(CaseEntry.measure_id), ids))
    in_cases = {one for one in upload.session.scalars(seen) if one}
    return {*upload.session.scalars(wanted), *in_cases, *carried(upload, ids)}


def carried(upload: Upload, ids: Sequence[UUID]) -> set[UUID]:
    """With its household or its person, into another household."""
    row = col(HouseholdChangeCarried.row_id)
    return set(upload.session.scalars(select(row).where(among(row, ids))))


def remove_measures(upload: Upload, brought: Sequence[Brought]) -> list[UUID]:
    for statement in REMOVE_MEASURES:
        upload.session.execute(statement, {"ids": [one.subject for one in brought]})
    return []


def remove_received(upload: Upload, brought: Sequence[Brought]) -> list[UUID]:
    for statement in REMOVE_RECEIVED:
        upload.session.execute(statement, {"ids": [one.subject for one in brought]})
    return []


MEASURES = SimpleNamespace(
    lock=lock_measures, states=states_of_measures, built_upon=held_on_to, restore=remove_measures
)
RECEIVED = SimpleNamespace(lock=lock_received, states=states_of_received, built_upon=carried, restore=remove_received)
