"""How many villages are what, and how many facilities, honours and people of each kind there are, in one statement."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, func, literal
from sqlmodel import col

from services.households.models.villages import VillageRecord
from services.households.policy import allow
from services.households.register.past import AsOf, KnownAt
from services.households.villages.contents import Kind, What
from services.households.villages.records import RECORDS, Division, holding, with_what_became
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scoped

router = APIRouter(prefix="/v1/village-record-counts", tags=["villages"])

By = Annotated[Literal["state", "level", "division"] | None, Query(title="再按什么分")]
GROUPS: dict[str | None, Any] = {
    None: literal(None), "state": VillageRecord.state, "level": VillageRecord.level, "division": VillageRecord.division,
}  # fmt: skip


class RecordCount(BaseModel):
    """`villages`: in how many different places; `persons`: how many different ones of the register."""

    kind: Kind
    what: str | None
    key: str | None
    records: int
    villages: int
    persons: int


class RecordCounts(BaseModel):
    counts: list[RecordCount]


@router.get("", dependencies=[allow("village:read")])
def get_village_record_counts(
    session: SessionDep,
    today: Today,
    division: Division,
    by: By = None,
    kind: Kind | None = None,
    what: What | None = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> RecordCounts:
    """Of those that hold on the day, today if none is said. By key, in no order of merit."""
    there: list[ColumnElement[bool]] = [holding(as_of or today), col(VillageRecord.division).startswith(division)]
    if kind:
        there.append(col(VillageRecord.kind) == kind)
    if what:
        there.append(col(VillageRecord.what) == what)
    key: Any = GROUPS[by]
    wanted = with_what_became(known_at).with_only_columns(
        col(VillageRecord.kind),
        col(VillageRecord.what),
        key.label("key"),
        func.count().label("records"),
        func.count(col(VillageRecord.division).distinct()).label("villages"),
        func.count(col(VillageRecord.person_id).distinct()).label("persons"),
    )
    groups = (col(VillageRecord.kind), col(VillageRecord.what), "key")
    counted = scoped(session, wanted.where(*there), RECORDS).group_by(*groups).order_by(*groups)
    rows = session.execute(counted).mappings()
    return RecordCounts(counts=[RecordCount.model_validate(dict(row)) for row in rows])
