"""A village on one page: its households as they are counted, what was stated beside them, and what it is and has."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel
from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.households.ledgers.entries import LINES
from services.households.ledgers.kinds import kinds_of
from services.households.ledgers.terms import Precision
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.models.villages import VillageRecord
from services.households.policy import allow
from services.households.register.household_figures import (
    HouseholdFiguresOut,
    Number,
    get_household_figures,
)
from services.households.register.past import PastDep
from services.households.villages.contents import Kept
from services.households.villages.records import RECORDS, holding, with_what_became
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scope_of, scoped, within
from services.kit.store.tables import CalendarDate
from services.kit.web.errors import NotThere

router = APIRouter(prefix="/v1/village-profiles", tags=["villages"])

VillagePath = Annotated[str, InPath(pattern=r"^[0-9]{12}$", title="村（社区）代码")]
MOST = 500


class LevelOut(BaseModel):
    """What was stated, of which day and by which document. `computed`: what the register comes to, where it can be
    counted there; nothing is mended."""

    kind: str
    zh: str
    unit: str
    goods: str | None
    amount: int
    precision: Precision
    day: CalendarDate
    document_no: str | None
    entry_id: UUID
    computed: int | None


class VillageProfile(BaseModel):
    """`records`: those that hold, the newest first, no more than 500: `more` says that there are others
    (`GET /v1/village-records`)."""

    households: HouseholdFiguresOut
    levels: list[LevelOut]
    records: list[Kept]
    more: bool


@router.get("/{village}", dependencies=[allow("village:read")])
def get_village_profile(village: VillagePath, session: SessionDep, past: PastDep, today: Today) -> VillageProfile:
    """Of a village the caller holds, on a day and as it was known."""
    if not scope_of(session).covers(village):
        raise NotThere
    counted = get_household_figures(session, past, village)
    day = past.as_of or today
    wanted = with_what_became(past.known_at).where(col(VillageRecord.division) == village, holding(day))
    newest = (col(VillageRecord.since).desc(), col(VillageRecord.id).desc())
    rows = session.execute(scoped(session, wanted, RECORDS).order_by(*newest).limit(MOST + 1)).all()
    return VillageProfile(
        households=counted,
        levels=levels_of(session, village, day, past.known_at, counted.total),
        records=[Kept.of(*row) for row in rows[:MOST]],
        more=len(rows) > MOST,
    )


def levels_of(session: Session, village: str, day: date, known_at: datetime | None, counted: Number) -> list[LevelOut]:
    """Of the village itself, the last of each kind, unit and thing."""
    kinds = kinds_of(session)
    computed = {"village_households": counted.households, "village_persons": counted.persons}
    rows = session.execute(last_levels(session, village, day, known_at)).mappings()
    return [LevelOut(**row, zh=kinds[row["kind"]].zh, computed=computed.get(row["kind"])) for row in rows]


def last_levels(session: Session, village: str, day: date, known_at: datetime | None) -> Any:
    entry, undone = LedgerEntry, aliased(LedgerEntry)
    reversal = exists().where(col(undone.reverses) == col(entry.id), col(undone.day) <= day)
    of_itself = exists().where(
        col(LedgerLine.entry_id) == col(entry.id), col(LedgerLine.beneficiary_kind).is_(None),
        within(scope_of(session), LINES),
    )  # fmt: skip
    if known_at:
        reversal = reversal.where(col(undone.recorded_at) <= known_at)
    newest = (col(entry.day).desc(), col(entry.recorded_at).desc(), col(entry.id).desc())
    series = [col(one) for one in (entry.kind, entry.unit, entry.goods)]
    said = [col(one) for one in (entry.amount, entry.precision, entry.day, entry.document_no)]
    held = select(
        *series, *said, col(entry.id).label("entry_id"),
        func.row_number().over(partition_by=series, order_by=newest).label("place"),
    ).where(
        col(entry.division) == village, col(entry.shape) == "level", col(entry.day) <= day,
        col(entry.reverses).is_(None), col(entry.actor_kind).is_(None), ~reversal, of_itself,
    )  # fmt: skip
    held = held.where(col(entry.recorded_at) <= known_at) if known_at else held
    each = held.subquery()
    names = [each.c[column.name] for column in held.selected_columns if column.name != "place"]
    return select(*names).where(each.c.place == 1).order_by(*names[:3])
