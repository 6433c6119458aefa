"""What a county has made of the rules it inherits: its own version beside the wider place's, and what differs."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlmodel import col

from services.alerts.drafting.versions import ChangedField, changed_fields
from services.alerts.models.watch import Rule
from services.alerts.policy import allow
from services.alerts.rules.catalogue import SUBJECTS
from services.alerts.rules.rules import INHERITED, SHADOW, newest_of_places
from services.kit.store.db import SessionDep, Today

router = APIRouter(prefix="/v1/rule-overrides", tags=["rules"])


class OverrideOut(BaseModel):
    """`division` and `mode` of the version that has the say there (`retired`: the county is not watched by that rule);
    `inherited_*` of the one it stands before, empty where no wider place has any: a rule of the place's own."""

    key: str
    about: str
    division: str
    version: int
    mode: str
    inherited_division: str | None
    inherited_version: int | None
    changed: list[ChangedField]


@router.get("", dependencies=[allow("rule:read")])
def list_rule_overrides(
    session: SessionDep,
    today: Today,
    county: Annotated[str, Query(pattern=r"^[0-9]{6}$", title="县级区划代码")],
) -> list[OverrideOut]:
    """Today's, by key. What the county has given up or never changed is left out."""
    told = []
    for about in SUBJECTS:
        by_key: dict[str, list[Rule]] = {}
        for rule in newest_of_places(session, about, county, today, col(Rule.mode) != SHADOW):
            if rule.mode != INHERITED:
                by_key.setdefault(rule.key, []).append(rule)
        told += [override_of(*rules[:2]) for rules in by_key.values() if rules[0].division]
    return told


def override_of(here: Rule, wider: Rule | None = None) -> OverrideOut:
    return OverrideOut(
        **here.model_dump(include={"key", "about", "division", "version", "mode"}),
        inherited_division=wider.division if wider else None,
        inherited_version=wider.version if wider else None,
        changed=changed_fields(wider, here) if wider else [],
    )
