"""How many issues were raised, put right at once or later, and still wait: restricted ones too, in one statement."""

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Label, String, cast, func, literal, select
from sqlmodel import col

from services.households.issues.issues import ISSUES, Division
from services.households.issues.kinds import Kind, Source
from services.households.models.issues import Issue
from services.households.policy import allow
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/issue-counts", tags=["issues"])

By: TypeAlias = Literal["division", "kind", "source", "month"]
GROUPS: dict[str | None, Any] = {
    None: literal(None, String),
    "division": col(Issue.division),
    "kind": col(Issue.kind),
    "source": col(Issue.source),
    "month": func.substr(cast(col(Issue.raised_on), String), 1, 7),
}


class IssueCount(BaseModel):
    """`closed` counts those put right on the spot too. What was raised is closed, open, withdrawn or merged."""

    key: str | None
    raised: int
    closed: int
    closed_on_the_spot: int
    satisfied: int
    open: int
    overdue: int
    withdrawn: int
    merged: int


class IssueCounts(BaseModel):
    counts: list[IssueCount]


def those(name: str, *which: ColumnElement[bool]) -> Label[int]:
    return func.count().filter(*which).label(name)


@router.get("", dependencies=[allow("issue:read")])
def get_issue_counts(
    session: SessionDep,
    today: Today,
    division: Division,
    by: By | None = None,
    kind: Kind | None = None,
    source: Source | None = None,
    raised_from: Annotated[WrittenDay | None, Query(title="起始日")] = None,
    raised_to: Annotated[WrittenDay | None, Query(title="截止日")] = None,
) -> IssueCounts:
    """Of those raised in the period, how they stand now."""
    key, state = GROUPS[by], col(Issue.state)
    wanted = select(
        key.label("key"),
        func.count().label("raised"),
        those("closed_on_the_spot", col(Issue.on_the_spot).is_(True)),
        those("satisfied", col(Issue.satisfaction) == "satisfied"),
        those("overdue", state == "open", col(Issue.due_on) < today),
        *(those(name, state == name) for name in ("closed", "open", "withdrawn", "merged")),
    ).where(col(Issue.division).startswith(division))
    same: list[tuple[Any, Any]] = [(Issue.kind, kind), (Issue.source, source)]
    wanted = wanted.where(*(column == value for column, value in same if value))
    if raised_from:
        wanted = wanted.where(col(Issue.raised_on) >= raised_from)
    if raised_to:
        wanted = wanted.where(col(Issue.raised_on) <= raised_to)
    counted = scoped(session, wanted, ISSUES).group_by("key").order_by("key")
    return IssueCounts(counts=[IssueCount.model_validate(dict(row)) for row in session.execute(counted).mappings()])
