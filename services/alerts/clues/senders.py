"""Who sends clues: a client system that holds the grant of one department, and of one county where its people live."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlmodel import Session, col

from services.alerts.models.clues import ClueBatch
from services.kit.post.facts import COUNTY
from services.kit.store.scope import scope_of
from services.kit.web.errors import DomainError, found


class NotADepartment(DomainError):
    """Said before anything is looked up."""

    status = 403
    zh = "该系统须恰有一个部门和一个县的授权，才能报送线索。请联系县级管理员。"
    en = "Clues are sent by a system that holds one department and one county. Please ask the county's administrator."


@dataclass(frozen=True)
class Sender:
    department: str
    county: str

    def owns(self, table: type[ClueBatch]) -> ColumnElement[bool]:
        return and_(col(table.department) == self.department, col(table.county) == self.county)


def sender_of(session: Session) -> Sender:
    scope = scope_of(session)
    counties = {place for place in scope.divisions if len(place) == COUNTY}
    departments = set(scope.departments)
    if len(departments) != 1 or len(counties) != 1 or len(counties) != len(set(scope.divisions)):
        raise NotADepartment
    return Sender(departments.pop(), counties.pop())


def own_batch(session: Session, batch_id: UUID, *, lock: bool = False) -> ClueBatch:
    """Of another department's the answer is 404."""
    mine = select(ClueBatch).where(col(ClueBatch.id) == batch_id, sender_of(session).owns(ClueBatch))
    return found(session.scalar(mine.with_for_update() if lock else mine))
