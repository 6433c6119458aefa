"""How many alerts are open, by rule and by village: for a first page and its map. Of nobody by name, and unranked."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.alerts.models.watch import Alert, Rule
from services.alerts.policy import allow
from services.alerts.reach import ALERTS
from services.alerts.rules.rules import SHADOW
from services.kit.store.db import SessionDep
from services.kit.store.scope import scoped
from services.kit.web.errors import language_of

router = APIRouter(prefix="/v1/alert-counts", tags=["alerts"])


class OfARule(BaseModel):
    rule_key: str
    title: str
    severity: str
    about: str
    open: int
    oldest: Annotated[datetime, Field(title="最早一条开始于")]


class OfAVillage(BaseModel):
    division: str
    open: int


class AlertCountsOut(BaseModel):
    """Rules by key and villages by code: an order that says nothing of anybody. What has none open is left out."""

    open: int
    rules: list[OfARule]
    villages: list[OfAVillage]


@router.get("", dependencies=[allow("alert:read")])
def get_alert_counts(
    request: Request,
    session: SessionDep,
    division: Annotated[str, Query(pattern=r"^(\d{6}(\d{3}(\d{3})?)?)?$", title="区划代码")] = "",
) -> AlertCountsOut:
    """Of the alerts the caller reaches, in a place or anywhere."""
    still_open = (col(Alert.closed_at).is_(None), col(Alert.division).startswith(division))
    by_rule = select(col(Alert.rule_key), func.count(), func.min(col(Alert.opened_at))).where(*still_open)
    by_place = select(col(Alert.division), func.count()).where(*still_open)
    counted = session.execute(scoped(session, by_rule, ALERTS).group_by(col(Alert.rule_key)))
    placed = session.execute(scoped(session, by_place, ALERTS).group_by(col(Alert.division)))
    newest, language = newest_rules(session), language_of(request)
    rules = [of_a_rule(newest[key], count, oldest, language) for key, count, oldest in counted]
    return AlertCountsOut(
        open=sum(rule.open for rule in rules),
        rules=sorted(rules, key=lambda rule: rule.rule_key),
        villages=[OfAVillage(division=place, open=count) for place, count in sorted(map(tuple, placed))],
    )


def newest_rules(session: Session) -> dict[str, Rule]:
    """The newest version of each, of those that no longer judge too: their alerts may still be open."""
    judging = select(Rule).where(col(Rule.mode) != SHADOW)
    return {rule.key: rule for rule in session.scalars(judging.order_by(col(Rule.version)))}


def of_a_rule(rule: Rule, count: int, oldest: datetime, language: str) -> OfARule:
    title = rule.title_en if language == "en" else rule.title_zh
    known = {"rule_key": rule.key, "severity": rule.severity, "about": rule.about}
    return OfARule(**known, title=title, open=count, oldest=oldest)
