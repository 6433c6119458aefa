"""Who does not meet an item: by the newest answer in a mode, or by what the register says."""

from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, case, exists, null, select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.households.checklists.answers import ANSWERS, Division, who_of
from services.households.checklists.contents import ChecklistKey, NoSuchChecklist, NoSuchItem
from services.households.checklists.definitions import ItemKey, checklists_of
from services.households.checklists.facts import FACTS, answered
from services.households.models.checklists import ChecklistAnswer, ChecklistVerdict
from services.households.models.facts import HouseholdFacts
from services.households.policy import allow
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.store.tables import CalendarDate
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/checklist-gaps", tags=["checklists"])

By: TypeAlias = Literal["facts", "self", "cross", "inspection"]
Wanted: TypeAlias = Select[*tuple[Any, ...]]
Keys: TypeAlias = tuple[Any, Any]


class ChecklistGap(BaseModel):
    """`verdict`: not_met or unknown. What was found tells its answer, its day and its note."""

    division: str
    household_id: UUID | None
    person_id: UUID | None
    label: str | None
    verdict: Literal["not_met", "unknown"]
    answer_id: UUID | None = None
    day: CalendarDate | None = None
    note: str | None = None


TOLD = tuple(ChecklistGap.model_fields)


@router.get("", dependencies=[allow("checklist:read")])
def list_checklist_gaps(
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    division: Division,
    checklist: Annotated[ChecklistKey, Query(title="检查表代码")],
    item: Annotated[ItemKey, Query(title="检查项代码")],
    mode: Annotated[By, Query(title="依据（登记册、自查、交叉检查、督查）")],
) -> Page[ChecklistGap]:
    """What is not met before what nobody knows is for the reader to sort: by place, in no order of merit."""
    asked = checklists_of(session).get(checklist)
    if asked is None:
        raise NoSuchChecklist
    facts = {one.key: one.fact for one in asked.items}
    if item not in facts or (mode == "facts" and facts[item] is None):
        raise NoSuchItem(item)
    if mode == "facts":
        wanted, keys = by_facts(division, answered(today)[str(facts[item])])
        wanted = scoped(session, wanted, FACTS)
    else:
        wanted, keys = by_answers(checklist, item, mode, division)
        wanted = scoped(session, wanted, ANSWERS)
    rows, following = paging.read(session, wanted, *keys)
    return Page(rows=[ChecklistGap(**dict(zip(TOLD, row, strict=True))) for row in rows], next=following)


def by_facts(division: str, met: ColumnElement[Any]) -> tuple[Wanted, Keys]:
    """Of households, by what the register knows of them now."""
    home, nothing = HouseholdFacts, null()
    verdict = case((met.is_(False), "not_met"), else_="unknown")
    columns = (col(home.division), col(home.subject), nothing, nothing, verdict, nothing, nothing, nothing)
    wanted = select(*columns).where(col(home.division).startswith(division), met.is_not(True))
    return wanted, (col(home.division), col(home.subject))


def by_answers(checklist: str, item: str, mode: str, division: str) -> tuple[Wanted, Keys]:
    """Of those whose newest answer says so."""
    answer, verdict, newer = ChecklistAnswer, ChecklistVerdict, aliased(ChecklistAnswer)
    same = [col(newer.checklist) == checklist, col(newer.mode) == mode, who_of(newer) == who_of(answer)]
    later = tuple_(col(newer.day), col(newer.recorded_at), col(newer.id)) > tuple_(
        col(answer.day), col(answer.recorded_at), col(answer.id)
    )
    columns = (
        col(answer.division), col(answer.household_id), col(answer.person_id), col(answer.label), col(verdict.verdict),
        col(answer.id), col(answer.day), col(verdict.note),
    )  # fmt: skip
    wanted = (
        select(*columns)
        .join(verdict, col(verdict.answer_id) == col(answer.id))
        .where(
            col(answer.checklist) == checklist, col(answer.mode) == mode, col(answer.division).startswith(division),
            col(verdict.item) == item, col(verdict.verdict).in_(("not_met", "unknown")),
            ~exists().where(*same, later),
        )
    )  # fmt: skip
    return wanted, (col(answer.division), col(answer.id))
