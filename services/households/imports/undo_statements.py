"""Statements of a file taken back. One that a later statement of the same months corrects is built upon."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from services.households.facts import lock_households
from services.households.imports.statements import NEVER_CHANGED
from services.households.imports.upload import Brought, State, Upload
from services.households.models.income import Statement
from services.households.models.register import Household
from services.households.reach import HOUSEHOLDS
from services.kit.store.scope import within
from services.kit.store.sets import among

HOMES = text("SELECT DISTINCT household_id FROM statement WHERE id = ANY (:ids)")
BUILT_UPON = text(
    """
    SELECT old.id FROM statement old JOIN statement later USING (household_id, period_from, period_to)
    WHERE old.id = ANY (:ids) AND later.seq > old.seq
    """
)
REMOVE = (
    text("DELETE FROM statement_line WHERE statement_id = ANY (:ids)"),
    text("DELETE FROM statement WHERE id = ANY (:ids)"),
)


def lock(upload: Upload, ids: Sequence[UUID]) -> None:
    lock_households(upload.session, homes_of(upload, ids))


def homes_of(upload: Upload, ids: Sequence[UUID]) -> list[UUID]:
    return sorted(upload.session.scalars(HOMES, {"ids": list(ids)}))


def states(upload: Upload, ids: Sequence[UUID]) -> dict[UUID, State]:
    """Of those of households within the scope. They never change."""
    held = select(col(Statement.id)).join(Household, col(Household.id) == col(Statement.household_id))
    wanted = held.where(among(col(Statement.id), ids), within(upload.scope, HOUSEHOLDS))
    return dict.fromkeys(upload.session.scalars(wanted), NEVER_CHANGED)


def built_upon(upload: Upload, ids: Sequence[UUID]) -> set[UUID]:
    return set(upload.session.scalars(BUILT_UPON, {"ids": list(ids)}))


def restore(upload: Upload, brought: Sequence[Brought]) -> list[UUID]:
    ids = [one.subject for one in brought]
    homes = homes_of(upload, ids)
    for statement in REMOVE:
        upload.session.execute(statement, {"ids": ids})
    return homes
