"""Alerts as people and systems read them: which rule holds for whom, since when, and why in plain words."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import Select, select
from sqlmodel import col

from services.alerts.models.watch import Alert, Finding, Rule
from services.alerts.policy import allow
from services.alerts.reach import ALERTS
from services.alerts.rules.rules import PLACEHOLDER, read_rule
from services.kit.store.db import SessionDep
from services.kit.store.scope import scoped
from services.kit.web.errors import found, language_of
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


class AlertOut(BaseModel):
    """`as_of` is the day the explanation was true; the facts behind it have not changed since."""

    id: UUID
    about: str
    rule_key: str
    rule_version: int
    title: str
    severity: str
    subject: UUID
    division: str
    opened_at: datetime
    closed_at: datetime | None
    as_of: date
    explanation: str
    evidence: dict[str, Any]


@router.get("", dependencies=[allow("alert:read")])
def list_alerts(
    request: Request,
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    rule: Annotated[str | None, Query(max_length=80)] = None,
    subject: UUID | None = None,
    closed: bool = False,
) -> Page[AlertOut]:
    """Open ones unless `closed` is asked for; by id."""
    state = col(Alert.closed_at).is_not(None) if closed else col(Alert.closed_at).is_(None)
    wanted = scoped(session, whole_alerts(), ALERTS).where(state, col(Alert.division).startswith(division))
    if rule:
        wanted = wanted.where(col(Alert.rule_key) == rule)
    if subject:
        wanted = wanted.where(col(Alert.subject) == subject)
    language = language_of(request)
    rows, following = paging.read(session, wanted, col(Alert.id))
    return Page(rows=[shown(alert, finding, rule, language) for alert, finding, rule in rows], next=following)


@router.get("/{alert_id}", dependencies=[allow("alert:read")])
def get_alert(alert_id: UUID, request: Request, session: SessionDep) -> AlertOut:
    wanted = scoped(session, whole_alerts(), ALERTS).where(col(Alert.id) == alert_id)
    alert, finding, rule = found(session.execute(wanted).first())
    return shown(alert, finding, rule, language_of(request))


def whole_alerts() -> Select[Alert, Finding, Rule]:
    """An alert with its latest finding and the version of the rule that found it."""
    return (
        select(Alert, Finding, Rule)
        .join(Finding, col(Finding.id) == col(Alert.finding_id))
        .join(Rule, (col(Rule.key) == col(Alert.rule_key)) & (col(Rule.version) == col(Alert.rule_version)))
    )


def shown(alert: Alert, finding: Finding, rule: Rule, language: str) -> AlertOut:
    return AlertOut(
        **alert.model_dump(include=set(AlertOut.model_fields)),
        as_of=finding.as_of,
        title=rule.title_en if language == "en" else rule.title_zh,
        explanation=explain(rule, finding.evidence["shown"], language),
        evidence=finding.evidence["basis"],
    )


def explain(rule: Rule, values: Mapping[str, Any], language: str) -> str:
    """The rule's sentence with the values the database worked out when it judged."""
    types = {asked: tree.type for asked, tree in read_rule(rule).shown}
    sentence = rule.explain_en if language == "en" else rule.explain_zh
    return PLACEHOLDER.sub(lambda place: written(values[place[1]], types[place[1]]), sentence)


def written(value: Any, kind: str) -> str:
    """Money in yuan with two decimals; it was rounded down to the fen before."""
    if value is None:
        return "—"
    if kind == "money":
        return f"{Decimal(value).scaleb(-2).quantize(Decimal('0.01'), ROUND_FLOOR):,}"
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)
