"""In which villages some households lie: asked by a service that keeps something of them, with its caller's token."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS
from services.kit.store.db import SessionDep
from services.kit.store.scope import scoped

router = APIRouter(prefix="/v1/household-places", tags=["register"])


class HouseholdPlace(BaseModel):
    household_id: UUID
    village: str


@router.get("", dependencies=[allow("household:read")])
def list_household_places(
    session: SessionDep, household: Annotated[list[UUID], Query(min_length=1, max_length=100, title="农户")]
) -> list[HouseholdPlace]:
    """Of those named, the living ones the caller sees, each once. Who lives there is not told."""
    named = select(col(Household.id), col(Household.village)).where(
        col(Household.id).in_(household), col(Household.ended_on).is_(None)
    )
    rows = session.execute(scoped(session, named, HOUSEHOLDS).order_by(col(Household.id)))
    return [HouseholdPlace(household_id=row.id, village=row.village) for row in rows]
