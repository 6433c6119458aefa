"""Which sheets somebody may know of: those of the households within their reach."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session, col

from services.households.models.register import Household
from services.households.models.sheets import Sheet
from services.households.reach import HOUSEHOLDS
from services.kit.store.scope import scoped
from services.kit.web.errors import found


def reachable_sheets(session: Session) -> Select[Sheet]:
    placed = select(Sheet).join(Household, col(Household.id) == col(Sheet.household_id))
    return scoped(session, placed, HOUSEHOLDS)


def sheet_in_reach(session: Session, sheet_id: UUID, *, lock: bool = False) -> Sheet:
    mine = reachable_sheets(session).where(col(Sheet.id) == sheet_id)
    return found(session.scalar(mine.with_for_update(of=col(Sheet.id)) if lock else mine))
