"""Cases of a file taken back. One that has gone on, that a measure names or that branched is built upon. The worker
alone does it: an API may delete no entry of a case."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session, col

from services.households.facts import lock_households
from services.households.imports.undo_help import carried
from services.households.imports.upload import Brought, State, Upload
from services.households.models.cases import Case
from services.households.models.help import Measure
from services.households.models.register import Household
from services.households.reach import HOUSEHOLDS
from services.kit.store.scope import within
from services.kit.store.sets import among

HOMES = text("SELECT DISTINCT household_id FROM monitored_case WHERE id = ANY (:ids)")
# Sources as one array, which is hashed. Joined to, each tag would be held against each of them wherever the planner
# last saw few tags: twenty seconds for 20,000.
REMOVE_TAGS = text(
    "DELETE FROM tag WHERE household_id = ANY (:homes) AND key = 'monitored' AND source = ANY (:sources)"
)
REMOVE = (
    text("DELETE FROM case_clock WHERE case_id = ANY (:ids)"),
    text("DELETE FROM case_entry WHERE case_id = ANY (:ids)"),
    text("DELETE FROM monitored_case WHERE id = ANY (:ids)"),
)


def lock(upload: Upload, ids: Sequence[UUID]) -> None:
    lock_households(upload.session, homes_of(upload, ids))


def homes_of(upload: Upload, ids: Sequence[UUID]) -> list[UUID]:
    return sorted(upload.session.scalars(HOMES, {"ids": list(ids)}))


def states(upload: Upload, ids: Sequence[UUID]) -> dict[UUID, State]:
    mine = select(Case).join(Household, col(Household.id) == col(Case.household_id))
    held = upload.session.scalars(mine.where(among(col(Case.id), ids), within(upload.scope, HOUSEHOLDS)))
    return {case.id: {"version": case.version} for case in held}


def built_upon(upload: Upload, ids: Sequence[UUID]) -> set[UUID]:
    named = select(col(Measure.case_id)).where(among(col(Measure.case_id), ids))
    branched = select(col(Case.branched_from)).where(among(col(Case.branched_from), ids))
    told = {*upload.session.scalars(named), *upload.session.scalars(branched)}
    return {one for one in told if one} | carried(upload, ids)


def restore(upload: Upload, brought: Sequence[Brought]) -> list[UUID]:
    ids = [one.subject for one in brought]
    homes = homes_of(upload, ids)
    remove_tags(upload.session, ids, homes)
    for statement in REMOVE:
        upload.session.execute(statement, {"ids": ids})
    return homes


def remove_tags(session: Session, ids: Sequence[UUID], homes: Sequence[UUID]) -> None:
    session.execute(REMOVE_TAGS, {"homes": list(homes), "sources": [f"case {one}" for one in ids]})
