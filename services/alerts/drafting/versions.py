"""Every version of a rule that was ever to judge, what changed between two, and what those found that tell nobody."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import and_, case, exists, func, or_, select
from sqlmodel import Session, col

from services.alerts.models.rules import ShadowFinding
from services.alerts.models.sweep import Sweep
from services.alerts.models.watch import Alert, Rule
from services.alerts.policy import allow
from services.alerts.reach import SHADOWS, reachable_rules, reachable_sweeps
from services.alerts.rules.rules import RuleOut, read_rule
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of, within
from services.kit.web.errors import found
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/rules", tags=["rules"])

Key = Annotated[str, Path(max_length=80, title="规则代码")]
Version = Annotated[int, Query(ge=1, le=1_000_000, title="版本")]
Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]

COMPARED = ("division", "mode", "since", "severity", "condition", "title_zh", "title_en", "explain_zh", "explain_en")


class RuleVersionOut(RuleOut):
    """Who has written it and who else agreed; both empty where it came with a release. `retired_at`: a release no
    longer has it."""

    mode: str
    draft_id: UUID | None
    written_by: str | None
    approved_by: str | None
    created_at: Moment
    retired_at: Moment | None


class ChangedField(BaseModel):
    field: str
    older: str
    newer: str


class RuleComparisonOut(BaseModel):
    """Empty where nothing differs. Facts and standards are those of condition and explanation."""

    key: str
    older: int
    newer: int
    changed: list[ChangedField]
    facts_added: list[str]
    facts_removed: list[str]
    standards_added: list[str]
    standards_removed: list[str]


class ShadowSweepOut(BaseModel):
    """`held`: for how many the shadow held in that sweep. `alerted`: for how many of them the version in effect had an
    alert open when the sweep was done."""

    sweep_id: UUID
    period: date
    held: Annotated[int, Field(title="试运行成立")]
    alerted: Annotated[int, Field(title="其中现行版本已预警")]


@router.get("/{key}/versions", dependencies=[allow("rule:read")])
def list_rule_versions(key: Key, session: SessionDep, paging: PagingDep) -> Page[RuleVersionOut]:
    """Of the product, and of the places above, at and below the caller's; the newest first."""
    wanted = select(Rule).where(col(Rule.key) == key, reachable_rules(scope_of(session)))
    rows, following = paging.read(session, wanted, col(Rule.version), descending=True)
    return Page(rows=[RuleVersionOut(**rule.model_dump()) for (rule,) in rows], next=following)


@router.get("/{key}/comparison", dependencies=[allow("rule:read")])
def get_rule_comparison(key: Key, session: SessionDep, older: Version, newer: Version) -> RuleComparisonOut:
    """Two versions, of one place or of two: what a county has made of the province's rule."""
    before, after = version_of(session, key, older), version_of(session, key, newer)
    was, is_now = read_rule(before), read_rule(after)
    return RuleComparisonOut(
        key=key,
        older=older,
        newer=newer,
        changed=changed_fields(before, after),
        facts_added=sorted(set(is_now.facts) - set(was.facts)),
        facts_removed=sorted(set(was.facts) - set(is_now.facts)),
        standards_added=sorted(set(is_now.standards) - set(was.standards)),
        standards_removed=sorted(set(was.standards) - set(is_now.standards)),
    )


def changed_fields(before: Rule, after: Rule) -> list[ChangedField]:
    pairs = ((name, str(getattr(before, name)), str(getattr(after, name))) for name in COMPARED)
    return [ChangedField(field=name, older=one, newer=other) for name, one, other in pairs if one != other]


@router.get("/{key}/shadow-sweeps", dependencies=[allow("rule:read")])
def list_shadow_sweeps(key: Key, session: SessionDep, paging: PagingDep, version: Version) -> Page[ShadowSweepOut]:
    """Of a version in the shadow: each sweep it has judged in, the newest first, counted within the caller's reach."""
    version_of(session, key, version)
    scope = scope_of(session)
    alerted = exists().where(
        col(Alert.rule_key) == col(ShadowFinding.rule_key),
        col(Alert.subject) == col(ShadowFinding.subject),
        col(Alert.opened_at) <= col(Sweep.done_at),
        or_(col(Alert.closed_at).is_(None), col(Alert.closed_at) > col(Sweep.done_at)),
    )
    found_in = and_(
        col(ShadowFinding.sweep_id) == col(Sweep.id),
        col(ShadowFinding.rule_key) == key,
        col(ShadowFinding.rule_version) == version,
        within(scope, SHADOWS),
    )
    held: Any = select(
        col(Sweep.period),
        col(Sweep.id).label("sweep_id"),
        func.count().label("held"),
        func.sum(case((alerted, 1), else_=0)).label("alerted"),
    ).join(ShadowFinding, found_in)
    wanted = held.where(reachable_sweeps(scope), col(Sweep.done_at).is_not(None)).group_by(col(Sweep.id))
    rows, following = paging.read(session, wanted, col(Sweep.period), col(Sweep.id), descending=True)
    names = ("period", "sweep_id", "held", "alerted")
    return Page(rows=[ShadowSweepOut(**dict(zip(names, row, strict=True))) for row in rows], next=following)


def version_of(session: Session, key: str, version: int) -> Rule:
    wanted = select(Rule).where(col(Rule.key) == key, col(Rule.version) == version)
    return found(session.scalar(wanted.where(reachable_rules(scope_of(session)))))
