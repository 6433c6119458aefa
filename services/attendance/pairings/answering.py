"""Who answers for the households of a village, and how they are reached: for the cards our own households prints, since
a family must know whom to call."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import MOBILE, Cadre, Unit
from services.attendance.pairings.pairings import Kind
from services.attendance.policy import allow
from services.kit.post.events import source_of
from services.kit.store.db import Today, UnboundSessionDep

router = APIRouter(prefix=f"{source_of('attendance')}/answering-cadres", tags=["pairings"])

Homes = Annotated[list[UUID], Query(min_length=1, max_length=100, title="农户")]


class Answering(BaseModel):
    household_id: UUID
    kind: Kind
    name: str
    unit: str
    mobile: str


@router.get("", dependencies=[allow("card:fill")])
def list_answering_cadres(
    request: Request, session: UnboundSessionDep, today: Today, household: Homes
) -> list[Answering]:
    """Those of today, of each household the one who answers for it first."""
    wanted = (
        select(Pairing, Cadre, Unit)
        .join(Cadre, col(Cadre.id) == col(Pairing.cadre_id))
        .join(Unit, col(Unit.id) == col(Cadre.unit_id))
        .where(col(Pairing.household_id).in_(household), col(Pairing.valid).contains(today))
        .order_by(col(Pairing.household_id), col(Pairing.kind))
    )
    seal = request.app.state.seal
    return [
        Answering(
            household_id=pairing.household_id,
            kind=pairing.kind,
            name=cadre.name,
            unit=unit.name,
            mobile=seal.open(cadre.sealed_mobile, MOBILE.place(cadre.id)),
        )
        for pairing, cadre, unit in session.execute(wanted)
    ]
