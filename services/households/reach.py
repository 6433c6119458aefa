"""Which households a request may touch: every query of this service goes through here."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.households.models.register import Household
from services.kit.store.scope import Placed, scoped
from services.kit.web.errors import found

HOUSEHOLDS = Placed(division=col(Household.village), subject=col(Household.id))


def reachable(session: Session, household_id: UUID, *, lock: bool = False) -> Household:
    """Outside the scope it is not there. Locked before the first write to any part of it: its facts are then computed
    by one writer at a time."""
    wanted = scoped(session, select(Household).where(col(Household.id) == household_id), HOUSEHOLDS)
    return found(session.scalar(wanted.with_for_update() if lock else wanted))
