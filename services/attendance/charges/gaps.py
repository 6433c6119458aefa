"""Which townships and villages have nobody, or too few, in a kind of charge that the county's standard asks for there.
Ships off: where no standard speaks, nothing is asked."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Integer, Text, column, select, text

from services.attendance.activities.terms import Division
from services.attendance.charges.charges import AsOf
from services.attendance.policy import allow
from services.kit.store.db import SessionDep, Today
from services.kit.store.reference import StandardKey
from services.kit.store.scope import Placed, scope_of, within
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/charge-gaps", tags=["charges"])

OF_TOWNSHIP = StandardKey(
    "charges_of_township", "number", "人（单位）", "乡镇某类责任的最少人数", "fewest bearers of a charge in a township"
)
OF_VILLAGE = StandardKey(
    "charges_of_village", "number", "人（单位）", "村某类责任的最少人数", "fewest bearers of a charge in a village"
)
# The nearest place's standard for that kind, which is its class, and what stands there on the day: in a village, its
# teams' too. A bearer counts once.
SHORT = text(
    """
    SELECT asked.place, asked.kind, asked.least, asked.document_no, count(DISTINCT coalesce(c.cadre_id::text,
           c.unit_id::text, c.name)) AS standing
    FROM (
        SELECT DISTINCT ON (d.code, s.population_class) d.code AS place, s.population_class AS kind,
               CAST(ceil(s.value) AS integer) AS least, s.document_no
        FROM division d JOIN standard s ON s.valid @> CAST(:day AS date) AND starts_with(d.code, s.division)
             AND s.key = CASE length(d.code) WHEN 9 THEN :of_township WHEN 12 THEN :of_village END
        WHERE starts_with(d.code, :place) AND s.population_class <> ''
        ORDER BY d.code, s.population_class, length(s.division) DESC
    ) asked
    LEFT JOIN charge c ON c.division = asked.place AND c.kind = asked.kind AND c.replaced_at IS NULL
         AND c.since <= CAST(:day AS date) AND (c.until IS NULL OR c.until > CAST(:day AS date))
    GROUP BY asked.place, asked.kind, asked.least, asked.document_no
    """
)


class ChargeGap(BaseModel):
    """`standing`: how many bear it there on the day, fewer than the `least` that `document_no` asks for."""

    division: str
    kind: str
    least: int
    document_no: str
    standing: int


@router.get("", dependencies=[allow("charge:read")])
def list_charge_gaps(
    session: SessionDep, paging: PagingDep, today: Today, division: Division, as_of: AsOf = None
) -> Page[ChargeGap]:
    """By place and kind, in no order of merit; of the caller's places."""
    told = {"day": as_of or today, "place": division, "of_township": OF_TOWNSHIP.key, "of_village": OF_VILLAGE.key}
    short: Any = (
        SHORT.bindparams(**told)
        .columns(
            column("place", Text), column("kind", Text), column("least", Integer), column("document_no", Text),
            column("standing", Integer),
        )
        .subquery("short")
    )  # fmt: skip
    here = within(scope_of(session), Placed(division=short.c.place))
    wanted = select(*short.c).where(short.c.standing < short.c.least, here)
    rows, following = paging.read(session, wanted, short.c.place, short.c.kind)
    names = tuple(ChargeGap.model_fields)
    return Page(rows=[ChargeGap(**dict(zip(names, row, strict=True))) for row in rows], next=following)
