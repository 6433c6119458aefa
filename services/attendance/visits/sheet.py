"""The sheet of a round: every household counted once, by the best that came of the visits in its period. 不漏一户."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Select, and_, case, func, lateral, or_, select, true, update
from sqlmodel import Session, col

from services.attendance.models.visits import RoundTask, Visit, VisitRound
from services.attendance.policy import allow
from services.attendance.reach import TASKS, reachable_round
from services.attendance.visits.visits import stands
from services.attendance.visits.words import OUTCOMES, Contact
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of, within
from services.kit.store.tables import CalendarDate
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/visit-rounds/{round_id}", tags=["rounds"])

Outcome = Literal["met", "contacted", "away", "not_reached", "not_tried"]
BEST_FIRST = ("met", "contacted", "away", "not_reached")
NOT_TRIED = "not_tried"

Village = Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")]


class SheetLine(BaseModel):
    """`households` is the sum of the five that follow. `unchanged` are those of them where nothing was found."""

    village: str
    households: int
    met: int
    contacted: int
    away: int
    not_reached: int
    not_tried: int
    unchanged: int


class SheetOut(BaseModel):
    """`total` is the sum of the villages, of those within the caller's places."""

    total: SheetLine
    villages: list[SheetLine]


COUNTED = [name for name in SheetLine.model_fields if name != "village"]


class TaskOut(BaseModel):
    """One household of the round. Who lives there is told by the register, to whom it may tell."""

    household_id: UUID
    village: str
    outcome: Outcome
    visit_id: UUID | None
    day: CalendarDate | None
    contact: Contact | None
    cadre_id: UUID | None


@router.get("/sheet", dependencies=[allow("round:read")])
def get_visit_round_sheet(round_id: UUID, session: SessionDep, village_prefix: Village = "") -> SheetOut:
    """By village, in one statement. After the round has closed, as it stood then."""
    reachable_round(session, round_id)
    tasks = seen(session, round_id, village_prefix)
    each = [func.count().filter(tasks.c.outcome == name) for name in (*BEST_FIRST, NOT_TRIED)]
    unchanged = func.count().filter(func.cardinality(tasks.c.findings) == 0, tasks.c.outcome != "not_reached")
    counts = select(tasks.c.village, func.count(), *each, unchanged).group_by(tasks.c.village)
    villages = [line(row) for row in session.execute(counts.order_by(tasks.c.village))]
    sums = (sum(getattr(one, name) for one in villages) for name in COUNTED)
    return SheetOut(total=line((village_prefix, *sums)), villages=villages)


def line(row: Iterable[Any]) -> SheetLine:
    return SheetLine(**dict(zip(SheetLine.model_fields, row, strict=True)))


@router.get("/tasks", dependencies=[allow("round:read")])
def list_visit_round_tasks(
    round_id: UUID,
    session: SessionDep,
    paging: PagingDep,
    outcome: Annotated[Outcome | None, Query(title="结果")] = None,
    village_prefix: Village = "",
) -> Page[TaskOut]:
    """Household by household; with an outcome, who was not reached and who was not tried, by village."""
    reachable_round(session, round_id)
    tasks = seen(session, round_id, village_prefix)
    wanted = select(*(tasks.c[name] for name in TaskOut.model_fields))
    if outcome:
        wanted = wanted.where(tasks.c.outcome == outcome)
    rows, following = paging.read(session, wanted, tasks.c.village, tasks.c.household_id)
    return Page(rows=[TaskOut(**dict(zip(TaskOut.model_fields, row, strict=True))) for row in rows], next=following)


def seen(session: Session, round_id: UUID, village_prefix: str) -> Any:
    here = (within(scope_of(session), TASKS), col(RoundTask.village).startswith(village_prefix))
    return tasks_of(round_id, *here).subquery("tasks")


def tasks_of(round_id: UUID, *where: Any) -> Select[Any]:
    """Each with its outcome: while the round is open the best of its period's visits that stand, then as closed."""
    best, is_open = best_visit(), col(VisitRound.closed_at).is_(None)
    live = func.coalesce(best.c.outcome, NOT_TRIED)
    columns = (best.c.visit_id, best.c.day, best.c.contact, best.c.cadre_id, best.c.findings)
    outcome = case((is_open, live), else_=col(RoundTask.outcome)).label("outcome")
    task = (col(RoundTask.household_id), col(RoundTask.village), outcome)
    joined = select(*task, *columns).select_from(RoundTask).join(VisitRound, its_round())
    return joined.outerjoin(best, true()).where(col(RoundTask.round_id) == round_id, *where)


def its_round() -> Any:
    return col(VisitRound.id) == col(RoundTask.round_id)


def best_visit() -> Any:
    outcome = case(dict(OUTCOMES), value=col(Visit.contact))
    rank = case({name: at for at, name in enumerate(BEST_FIRST)}, value=outcome)
    in_period = and_(
        col(Visit.household_id) == col(RoundTask.household_id),
        col(Visit.day).between(col(VisitRound.first_day), col(VisitRound.last_day)),
        col(VisitRound.closed_at).is_(None),
        stands(),
    )
    columns = (col(Visit.day), col(Visit.contact), col(Visit.cadre_id), col(Visit.findings), outcome.label("outcome"))
    wanted = select(col(Visit.id).label("visit_id"), *columns)
    wanted = wanted.where(or_(in_period, col(Visit.id) == col(RoundTask.visit_id)))
    newest = wanted.order_by(rank, col(Visit.day).desc(), col(Visit.at).desc(), col(Visit.id)).limit(1)
    return lateral(newest.correlate(RoundTask, VisitRound)).alias("best")


def close_tasks(session: Session, round_id: UUID) -> None:
    """All of them in one statement."""
    told = tasks_of(round_id).subquery("told")
    mine = (col(RoundTask.round_id) == round_id, col(RoundTask.household_id) == told.c.household_id)
    written = update(RoundTask).where(*mine).values(outcome=told.c.outcome, visit_id=told.c.visit_id)
    session.execute(written.execution_options(synchronize_session=False))
