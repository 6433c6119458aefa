"""How many charges of each kind stand on a day, in how many places, borne by how many: figures, of nobody by name."""

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Text, cast, distinct, func, literal, select
from sqlmodel import col

from services.attendance.activities.activities import KnownAt
from services.attendance.activities.terms import Division, TermKey
from services.attendance.charges.charges import AsOf, holding, known
from services.attendance.charges.contents import Function
from services.attendance.models.charges import Charge
from services.attendance.policy import allow
from services.attendance.reach import reachable_charges
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scope_of
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/charge-counts", tags=["charges"])

By: TypeAlias = Literal["county", "township", "village"]
DIGITS = {"county": 6, "township": 9, "village": 12}
BEARER: Any = func.coalesce(cast(Charge.cadre_id, Text), cast(Charge.unit_id, Text), Charge.name)
PLACE: Any = func.concat(Charge.division, ":", cast(Charge.team_id, Text))


class ChargeCount(BaseModel):
    """`places`: different ones, a team being one of its own; `bearers`: different cadres and units, and different names
    of others. `place` is empty where no `by` was asked for."""

    kind: str
    place: str
    charges: int
    places: int
    bearers: int


@router.get("", dependencies=[allow("charge:read")])
def list_charge_counts(
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    division: Division,
    by: Annotated[By | None, Query(title="按哪一级分")] = None,
    kind: Annotated[TermKey | None, Query(title="责任类别")] = None,
    function: Annotated[Function | None, Query(title="组内职务")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Page[ChargeCount]:
    """Of those that stand on the day, today if none is said. By kind and code, in no order of merit. With `by`, each
    charge counts where its place's code begins so; one of a place above has no such code and is left out."""
    place: Any = func.left(Charge.division, DIGITS[by], type_=Text) if by else literal("")
    told = select(col(Charge.kind), place.label("place"), PLACE.label("of"), BEARER.label("bearer")).where(
        reachable_charges(scope_of(session)),
        *known(known_at),
        holding(as_of or today),
        col(Charge.division).startswith(division),
    )
    if by:
        told = told.where(func.length(Charge.division) >= DIGITS[by])
    same: list[tuple[Any, Any]] = [(Charge.kind, kind), (Charge.function, function)]
    each = told.where(*(col(column) == said for column, said in same if said)).subquery("each")
    counted = (
        select(
            each.c.kind, each.c.place, func.count().label("charges"), func.count(distinct(each.c.of)).label("places"),
            func.count(distinct(each.c.bearer)).label("bearers"),
        )
        .group_by(each.c.kind, each.c.place)
        .subquery("counted")
    )  # fmt: skip
    rows, following = paging.read(session, select(*counted.c), counted.c.kind, counted.c.place)
    names = tuple(ChargeCount.model_fields)
    return Page(rows=[ChargeCount(**dict(zip(names, row, strict=True))) for row in rows], next=following)
