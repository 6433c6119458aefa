"""What came of the reasons that people were sent out for, by rule and by village: so that rules can be mended. Of
nobody by name, and unranked."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Date, Select, cast, exists, false, func, or_, select, union_all
from sqlmodel import Session, col

from services.alerts.clues.kinds import EVERYWHERE, kinds_of
from services.alerts.counts import newest_rules
from services.alerts.models.tasks import Task, TaskCase, TaskPurge, TaskReason, TaskStep, TaskVisit
from services.alerts.policy import allow
from services.alerts.reach import TASKS, counties_of
from services.alerts.tasks.explaining import words
from services.alerts.tasks.reasons import ALERT, CLUE, VISIT_CLUE
from services.kit.post.facts import COUNTY
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of, scoped
from services.kit.web.errors import language_of
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/task-yield", tags=["tasks"])

MET = ("home", "elsewhere")


class YieldOut(BaseModel):
    """Each number is part of the one before it: sent out for, gone to, found to be so, taken in as monitored. The days
    are those from a reason to the first visit after it; empty where there was none."""

    sent: Annotated[int, Field(title="下发")]
    visited: Annotated[int, Field(title="已入户")]
    confirmed: Annotated[int, Field(title="核实属实")]
    included: Annotated[int, Field(title="纳入监测")]
    days_to_visit: Annotated[float | None, Field(title="入户天数中位数")]


class YieldOfARule(YieldOut):
    source: str
    key: str
    title: str


class YieldOfAVillage(YieldOut):
    division: str


class TaskYieldOut(YieldOut):
    """`saved`: visits that folding has saved, one for each reason beyond the first of a task. `gone_until`: tasks that
    were closed by that day may have been kept their days; those are not counted."""

    tasks: Annotated[int, Field(title="任务数")]
    saved: Annotated[int, Field(title="合并减少的入户")]
    gone_until: Annotated[date | None, Field(title="已按保存期限删除的任务最晚办结日")]
    rules: list[YieldOfARule]
    villages: list[YieldOfAVillage]


@router.get("", dependencies=[allow("task-yield:read")])
def get_task_yield(
    request: Request,
    session: SessionDep,
    division: Annotated[str, Query(pattern=r"^([0-9]{6}([0-9]{3}([0-9]{3})?)?)?$", title="区划代码")] = "",
    since: Annotated[WrittenDay | None, Query(title="事由起算日不早于")] = None,
    until: Annotated[WrittenDay | None, Query(title="事由起算日不晚于")] = None,
) -> TaskYieldOut:
    """Of the tasks within the caller's reach. Rules by key and villages by code: an order that says nothing of
    anybody."""
    place = (col(Task.division).startswith(division),)
    days = [col(TaskReason.since) >= since] if since else []
    days += [col(TaskReason.since) <= until] if until else []

    def counted(*by: Any) -> Sequence[Any]:
        wanted = scoped(session, figures(*by).where(*place, *days), TASKS)
        return session.execute(wanted.group_by(*by).order_by(*by) if by else wanted).mappings().all()

    (whole,) = counted()
    titles, language = titles_of(session), language_of(request)
    rules = [
        YieldOfARule(**of_one(row), source=row["source"], key=row["key"], title=title_of(row, titles, language))
        for row in counted(col(TaskReason.source), col(TaskReason.key))
    ]
    villages = [YieldOfAVillage(**of_one(row), division=row["division"]) for row in counted(col(Task.division))]
    tasks = whole["tasks"]
    counts = {"tasks": tasks, "saved": whole["sent"] - tasks, "gone_until": gone_until(session, division)}
    return TaskYieldOut(**of_one(whole), **counts, rules=rules, villages=villages)


def gone_until(session: Session, division: str) -> date | None:
    county = col(TaskPurge.county)
    mine = or_(false(), *(county.startswith(place) for place in counties_of(scope_of(session))))
    newest = select(func.max(col(TaskPurge.closed_until)))
    return session.scalar(newest.where(mine, county.startswith(division[:COUNTY])))


def figures(*by: Any) -> Select[*tuple[Any, ...]]:
    """A visit counts from the day of the reason; an outcome tells of one where attendance has not. Confirmed and
    included count of those that were gone to."""
    gone = first_visit()
    confirmed = gone.is_not(None) & (col(TaskReason.ended_as) == "confirmed")
    included = confirmed & exists().where(
        col(TaskCase.task_id) == col(TaskReason.task_id), col(TaskCase.included_at).is_not(None)
    )
    waited = func.percentile_cont(0.5).within_group(gone - col(TaskReason.since))
    return (
        select(
            *by,
            func.count().label("sent"),
            func.count(gone).label("visited"),
            func.count().filter(confirmed).label("confirmed"),
            func.count().filter(included).label("included"),
            waited.label("days_to_visit"),
            func.count(col(Task.id).distinct()).label("tasks"),
        )
        .select_from(TaskReason)
        .join(Task, col(Task.id) == col(TaskReason.task_id))
    )


def first_visit() -> Any:
    visits: Select[Any] = select(col(TaskVisit.day).label("day")).where(
        col(TaskVisit.task_id) == col(TaskReason.task_id), col(TaskVisit.made), col(TaskVisit.contact).in_(MET),
        col(TaskVisit.day) >= col(TaskReason.since),
    )  # fmt: skip
    told = select(cast(col(TaskStep.done_on), Date).label("day")).where(
        col(TaskStep.id) == col(TaskReason.ended_by), col(TaskStep.done_on) >= col(TaskReason.since)
    )
    been = union_all(visits.correlate(TaskReason), told.correlate(TaskReason)).subquery("been")
    return select(func.min(been.c.day)).correlate(TaskReason).scalar_subquery()


def of_one(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in YieldOut.model_fields}


def titles_of(session: Session) -> Mapping[tuple[str, str], Sequence[str]]:
    """By source and key; of kinds of clues as the product ships them."""
    rules = {(ALERT, key): (rule.title_zh, rule.title_en) for key, rule in newest_rules(session).items()}
    kinds = {(CLUE, key): (kind.zh, kind.en) for key, kind in kinds_of(session, EVERYWHERE).items()}
    return rules | kinds | {(VISIT_CLUE, key): said for key, said in words().items()}


def title_of(row: Any, titles: Mapping[tuple[str, str], Sequence[str]], language: str) -> str:
    said = titles.get((row["source"], row["key"]))
    return said[language == "en"] if said else str(row["key"])
