"""本月走访清单: whom each assistant is to visit in a month, whom they have visited, and when last."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Select, and_, case, func, lateral, literal, or_, select, true
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import col

from services.attendance.models.pairings import Pairing
from services.attendance.models.visits import Visit
from services.attendance.policy import allow
from services.attendance.reach import reachable_pairings
from services.attendance.visits.visits import stands
from services.attendance.visits.words import MET, OUTCOMES, Contact
from services.kit.store.db import SessionDep, Today
from services.kit.store.reference import StandardKey
from services.kit.store.scope import scope_of
from services.kit.store.tables import Standard
from services.kit.web.paging import Page, PagingDep
from services.kit.web.written import MONTH

router = APIRouter(prefix="/v1/visit-lists", tags=["visits"])

# Ships off: where no document has set it nothing is expected. By class: the kinds of pairing, assistant and leader.
EXPECTED = StandardKey("visits_expected", "number", "次/月", "每月走访次数", "Visits expected in a month")
CONTACTED = tuple(contact for contact, outcome in OUTCOMES.items() if outcome == "contacted")

Month = Annotated[str | None, Query(pattern=MONTH, title="月份")]


class VisitListLine(BaseModel):
    """Of one pairing. `made` counts visits where somebody was met, `contacted` calls and neighbours asked. `missing` is
    what is expected and was not made; both are empty where nothing is expected. The last visit is one that met
    somebody, in whichever month."""

    pairing_id: UUID
    cadre_id: UUID
    household_id: UUID
    kind: Literal["assistant", "leader"]
    village: str
    expected: int | None
    made: int
    contacted: int
    not_reached: int
    missing: int | None
    last_visit: date | None
    last_contact: Contact | None


@router.get("", dependencies=[allow("visit:read")])
def list_visit_lists(
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    month: Month = None,
    cadre_id: UUID | None = None,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
    missing: Annotated[bool, Query(title="只列未走访满的")] = False,
) -> Page[VisitListLine]:
    """Of pairings that hold on any day of the month, this one unless another is named. Expected is what the county's
    document said as the month began: nothing is asked for afterwards."""
    days = days_of(month, today)
    wanted, left = month_of(days)
    wanted = wanted.where(reachable_pairings(scope_of(session)), col(Pairing.village).startswith(village_prefix))
    if cadre_id:
        wanted = wanted.where(col(Pairing.cadre_id) == cadre_id)
    if missing:
        wanted = wanted.where(left > 0)
    rows, following = paging.read(session, wanted, col(Pairing.cadre_id), col(Pairing.id))
    return Page(rows=[VisitListLine.model_validate(told(row)) for row in rows], next=following)


def days_of(month: str | None, today: date) -> Range[date]:
    first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    return Range(first, first.replace(day=monthrange(first.year, first.month)[1]), bounds="[]")


def month_of(days: Range[date]) -> tuple[Select[Any], Any]:
    """One statement for any number of pairings; and what is missing of each."""
    count, expected, last = counted(days), expected_in(days), last_met()
    left = case((expected.c.value > count.c.made, expected.c.value - count.c.made), else_=0)
    left = case((expected.c.value.is_(None), None), else_=left)
    columns = (expected.c.value, count.c.made, count.c.contacted, count.c.not_reached, left, last.c.day, last.c.contact)
    wanted = select(Pairing, *columns).select_from(Pairing).join(count, true())
    wanted = wanted.outerjoin(expected, true()).outerjoin(last, true())
    return wanted.where(col(Pairing.valid).op("&&")(days)), left


def mine() -> Select[Any]:
    """The visits of this pairing's cadre to its household, as they stand."""
    same = and_(col(Visit.cadre_id) == col(Pairing.cadre_id), col(Visit.household_id) == col(Pairing.household_id))
    return select(Visit).where(same, stands()).correlate(Pairing)


def counted(days: Range[date]) -> Any:
    contact = col(Visit.contact)
    kinds: Sequence[tuple[str, Sequence[str]]] = (
        ("made", MET), ("contacted", CONTACTED), ("not_reached", ("not_reached", "away")),
    )  # fmt: skip
    counts = [func.count().filter(contact.in_(those)).label(name) for name, those in kinds]
    in_month = col(Visit.day).between(days.lower, days.upper)
    return lateral(mine().with_only_columns(*counts).where(in_month)).alias("counted")


def last_met() -> Any:
    newest = mine().with_only_columns(col(Visit.day), col(Visit.contact)).where(col(Visit.contact).in_(MET))
    return lateral(newest.order_by(col(Visit.day).desc(), col(Visit.at).desc()).limit(1)).alias("last_met")


def expected_in(days: Range[date]) -> Any:
    """The nearest place's; there, what is said of the kind of pairing itself."""
    columns: Any = Standard
    meant = or_(columns.population_class == col(Pairing.kind), columns.population_class == literal(""))
    here = func.starts_with(col(Pairing.village), columns.division)
    held = select(columns.value).where(columns.key == EXPECTED.key, columns.valid.contains(days.lower), meant, here)
    nearest = held.order_by(func.length(columns.division).desc(), columns.population_class.desc()).limit(1)
    return lateral(nearest.correlate(Pairing)).alias("expected")


def told(row: Any) -> dict[str, Any]:
    pairing, expected, made, contacted, not_reached, left, last, contact = row
    said: dict[str, Any] = pairing.model_dump(include={"cadre_id", "household_id", "kind", "village"}) | {
        "pairing_id": pairing.id
    }
    counts = {"made": made, "contacted": contacted, "not_reached": not_reached}
    wanted = {"expected": whole(expected), "missing": whole(left), "last_visit": last, "last_contact": contact}
    return said | counts | wanted


def whole(value: Any) -> int | None:
    return None if value is None else int(value)
