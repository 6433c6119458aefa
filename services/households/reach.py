"""Which households a request may touch: every query of this service goes through here."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.households.models.register import Household
from services.kit.store.scope import Placed, scoped
from services.kit.web.errors import DomainError, found

HOUSEHOLDS = Placed(division=col(Household.village), subject=col(Household.id))


class HouseholdEnded(DomainError):
    status = 409
    zh = "这户已经终止，只能查阅，不能再作修改。"
    en = "The household has ended. It can be read, and changed no more."


def reachable(session: Session, household_id: UUID, *, lock: bool = False) -> Household:
    """Outside the scope it is not there. Locked before the first write to any part of it: its facts are then computed
    by one writer at a time; nothing is written to one that has ended."""
    wanted = scoped(session, select(Household).where(col(Household.id) == household_id), HOUSEHOLDS)
    household = found(session.scalar(wanted.with_for_update() if lock else wanted))
    if lock and household.ended_on:
        raise HouseholdEnded
    return household


def those_within(session: Session, ids: Iterable[UUID | None]) -> set[UUID]:
    """Of households that are spoken of beside another one: those that the reader may know of."""
    named = {one for one in ids if one}
    wanted = scoped(session, select(col(Household.id)).where(col(Household.id).in_(named)), HOUSEHOLDS)
    return set(session.scalars(wanted)) if named else set()
