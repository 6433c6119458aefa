"""What came of the reasons that people were sent out for, by rule, village and department: so that rules can be mended.
Of nobody by name, and unranked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Select, false, func, or_, select
from sqlmodel import Session, col

from services.alerts.clues.kinds import EVERYWHERE, kinds_of
from services.alerts.counts import newest_rules
from services.alerts.models.tasks import Task, TaskPurge, TaskReason
from services.alerts.policy import allow
from services.alerts.reach import DEPARTMENT_CLUES, TASKS, counties_of
from services.alerts.tasks.came_of import between, came_of_clues, came_of_reasons, counted, grouped
from services.alerts.tasks.explaining import DECLARED, words
from services.alerts.tasks.reasons import ALERT, CLUE, DECLARATION, VISIT_CLUE
from services.kit.post.facts import COUNTY
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of, scoped
from services.kit.web.errors import language_of
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/task-yield", tags=["tasks"])

Title: TypeAlias = Callable[[str, str], str]  # of a source and a key


class YieldOut(BaseModel):
    """Each number is part of the one before it: sent out for, gone to, found to be so, taken in as monitored. The days
    are those from a reason to the first visit after it; empty where there was none. `saved`: visits that folding has
    saved, one for each reason that was not the first of its task."""

    sent: Annotated[int, Field(title="下发")]
    visited: Annotated[int, Field(title="已入户")]
    confirmed: Annotated[int, Field(title="核实属实")]
    included: Annotated[int, Field(title="纳入监测")]
    days_to_visit: Annotated[float | None, Field(title="入户天数中位数")]
    saved: Annotated[int, Field(title="合并减少的入户")]


class YieldOfARule(YieldOut):
    source: str
    key: str
    title: str


class YieldOfAVillage(YieldOut):
    division: str


class YieldOfClues(YieldOut):
    """`sent`: clues that were received and not withdrawn; `matched` of them are known to be of a household."""

    matched: Annotated[int, Field(title="已匹配到户")]


class YieldOfAKind(YieldOfClues):
    key: str
    title: str


class YieldOfADepartment(YieldOfClues):
    department: Annotated[str, Field(title="部门")]
    kinds: list[YieldOfAKind]


class TaskYieldOut(YieldOut):
    """`gone_until`: tasks that were closed by that day may have been kept their days; those are not counted."""

    tasks: Annotated[int, Field(title="任务数")]
    gone_until: Annotated[date | None, Field(title="已按保存期限删除的任务最晚办结日")]
    rules: list[YieldOfARule]
    villages: list[YieldOfAVillage]
    departments: list[YieldOfADepartment]


@router.get("", dependencies=[allow("task-yield:read")])
def get_task_yield(
    request: Request,
    session: SessionDep,
    now: Now,
    division: Annotated[str, Query(pattern=r"^([0-9]{6}([0-9]{3}([0-9]{3})?)?)?$", title="区划代码")] = "",
    since: Annotated[WrittenDay | None, Query(title="事由起算日（部门线索：收到日）不早于")] = None,
    until: Annotated[WrittenDay | None, Query(title="事由起算日（部门线索：收到日）不晚于")] = None,
) -> TaskYieldOut:
    """Of the tasks within the caller's reach, and of the clues of departments. Rules and departments by key and
    villages by code: an order that says nothing of anybody."""
    place, title = col(Task.division).startswith(division), titles(session, language_of(request))
    of_reasons = came_of_reasons().where(place, *between(col(TaskReason.since), since, until))
    each = scoped(session, of_reasons, TASKS).subquery("each")
    (whole,) = rows_of(session, select(*counted(each), func.count(each.c.task_id.distinct()).label("tasks")))
    rules = rows_of(session, grouped(each, "source", "key"))
    clues = scoped(session, came_of_clues(now, division, since, until), DEPARTMENT_CLUES)
    return TaskYieldOut(
        **whole,
        gone_until=gone_until(session, division),
        rules=[YieldOfARule(**row, title=title(row["source"], row["key"])) for row in rules],
        villages=[YieldOfAVillage(**row) for row in rows_of(session, grouped(each, "division"))],
        departments=of_departments(rows_of(session, clues), title),
    )


def rows_of(session: Session, wanted: Select[*tuple[Any, ...]]) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in session.execute(wanted).mappings()]


def of_departments(rows: Sequence[Mapping[str, Any]], title: Title) -> list[YieldOfADepartment]:
    """A department's own row has no kind, and comes before those of its kinds."""
    told: list[YieldOfADepartment] = []
    for row in rows:
        if row["key"] is None:
            told.append(YieldOfADepartment(**row, kinds=[]))
        else:
            told[-1].kinds.append(YieldOfAKind(**row, title=title(CLUE, row["key"])))
    return told


def gone_until(session: Session, division: str) -> date | None:
    county = col(TaskPurge.county)
    mine = or_(false(), *(county.startswith(place) for place in counties_of(scope_of(session))))
    newest = select(func.max(col(TaskPurge.closed_until)))
    return session.scalar(newest.where(mine, county.startswith(division[:COUNTY])))


def titles(session: Session, language: str) -> Title:
    """By source and key; of kinds of clues as the product ships them."""
    rules = {(ALERT, key): (rule.title_zh, rule.title_en) for key, rule in newest_rules(session).items()}
    kinds = {(CLUE, key): (kind.zh, kind.en) for key, kind in kinds_of(session, EVERYWHERE).items()}
    visits = {(VISIT_CLUE, key): (zh, en) for key, (zh, en) in words().items()}
    known = rules | kinds | visits | {(DECLARATION, "self_declaration"): DECLARED}

    def title(source: str, key: str) -> str:
        return known.get((source, key), (key, key))[language == "en"]

    return title
