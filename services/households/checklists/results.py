"""What a checklist comes to in a place, item by item: what was found in each mode, what the register says, and where
self-checks and cross-checks differ."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import CTE, and_, func, select
from sqlmodel import Session, col

from services.households.checklists.answers import ANSWERS, Division, who_of
from services.households.checklists.contents import ChecklistKey, Mode, NoSuchChecklist
from services.households.checklists.definitions import ChecklistOut, checklists_of
from services.households.checklists.facts import FACTS, answered
from services.households.models.checklists import ChecklistAnswer, ChecklistVerdict
from services.households.models.facts import HouseholdFacts
from services.households.policy import allow
from services.households.register.past import AsOf, KnownAt
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.store.tables import CalendarDate

router = APIRouter(prefix="/v1/checklist-results", tags=["checklists"])


class Found(BaseModel):
    """How many subjects, by the newest answer of each."""

    mode: Mode
    met: int
    not_met: int
    not_applicable: int
    unknown: int


class Computed(BaseModel):
    """Of the households of the place, by what the register knows of them now."""

    met: int
    not_met: int
    unknown: int


class ItemResult(BaseModel):
    """`differ`: of how many subjects the newest self-check and the newest cross-check do not say the same. `computed`
    is empty where no fact of the register answers, and of a day that is past."""

    item: str
    zh: str
    en: str
    found: list[Found]
    computed: Computed | None
    differ: int


class ChecklistResults(BaseModel):
    """`checked`: how many different subjects have an answer."""

    checklist: str
    division: str
    as_of: CalendarDate
    known_at: datetime | None
    checked: int
    items: list[ItemResult]


@router.get("", dependencies=[allow("checklist:read")])
def get_checklist_results(
    session: SessionDep,
    today: Today,
    division: Division,
    checklist: Annotated[ChecklistKey, Query(title="检查表代码")],
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> ChecklistResults:
    """As far as the caller sees the place: four statements for any number."""
    asked = checklists_of(session).get(checklist)
    if asked is None:
        raise NoSuchChecklist
    day = as_of or today
    newest = newest_answers(session, checklist, division, day, known_at)
    found, differ = found_of(session, newest), differing(session, newest)
    now = day == today and known_at is None
    computed = computed_of(session, asked, division, day) if now else {}
    items = [
        ItemResult(
            **item.model_dump(include={"zh", "en"}), item=item.key, found=found[item.key],
            computed=computed.get(item.key), differ=differ.get(item.key, 0),
        )
        for item in asked.items
    ]  # fmt: skip
    checked = session.scalar(select(func.count(newest.c.who.distinct()))) or 0
    return ChecklistResults(
        checklist=checklist, division=division, as_of=day, known_at=known_at, checked=checked, items=items
    )


def newest_answers(session: Session, checklist: str, division: str, day: date, known_at: datetime | None) -> CTE:
    """The newest of each subject and mode: of one day, what was recorded last."""
    answer = ChecklistAnswer
    who = who_of(answer)
    order = (col(answer.day).desc(), col(answer.recorded_at).desc(), col(answer.id).desc())
    ranked = select(
        col(answer.id), col(answer.mode), who.label("who"),
        func.row_number().over(partition_by=[who, col(answer.mode)], order_by=order).label("place"),
    ).where(
        col(answer.checklist) == checklist, col(answer.division).startswith(division), col(answer.day) <= day,
    )  # fmt: skip
    if known_at:
        ranked = ranked.where(col(answer.recorded_at) <= known_at)
    each = scoped(session, ranked, ANSWERS).subquery()
    said = (
        select(each.c.who, each.c.mode, col(ChecklistVerdict.item), col(ChecklistVerdict.verdict))
        .join(ChecklistVerdict, col(ChecklistVerdict.answer_id) == each.c.id)
        .where(each.c.place == 1)
    )
    return said.cte("newest")


def found_of(session: Session, newest: CTE) -> Mapping[str, list[Found]]:
    keys = ("met", "not_met", "not_applicable", "unknown")
    counted = select(
        newest.c.item, newest.c.mode, *(func.count().filter(newest.c.verdict == key).label(key) for key in keys)
    )
    grouped = counted.group_by(newest.c.item, newest.c.mode).order_by(newest.c.item, newest.c.mode)
    found: dict[str, list[Found]] = defaultdict(list)
    for row in session.execute(grouped).mappings():
        found[row["item"]].append(Found.model_validate({name: row[name] for name in ("mode", *keys)}))
    return found


def differing(session: Session, newest: CTE) -> Mapping[str, int]:
    mine, theirs = newest.alias("mine"), newest.alias("theirs")
    both = and_(mine.c.who == theirs.c.who, mine.c.item == theirs.c.item, theirs.c.mode == "cross")
    counted = select(mine.c.item, func.count().label("number")).join(theirs, both).where(mine.c.mode == "self")
    counted = counted.where(mine.c.verdict != theirs.c.verdict).group_by(mine.c.item)
    return {row.item: row.number for row in session.execute(counted)}


def computed_of(session: Session, asked: ChecklistOut, division: str, day: date) -> Mapping[str, Computed]:
    """In one pass over the facts of the place."""
    met = answered(day)
    asking = {item.key: met[item.fact] for item in asked.items if item.fact}
    if not asking:
        return {}
    columns: list[Any] = [func.count()]
    for verdict in asking.values():
        columns += [func.count().filter(verdict.is_(True)), func.count().filter(verdict.is_(False))]
    wanted = select(*columns).select_from(HouseholdFacts).where(col(HouseholdFacts.division).startswith(division))
    total, *told = session.execute(scoped(session, wanted, FACTS)).one()
    pairs = zip(asking, told[::2], told[1::2], strict=True)
    return {key: Computed(met=yes, not_met=no, unknown=total - yes - no) for key, yes, no in pairs}
