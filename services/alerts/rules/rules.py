"""The rules that judge: shipped ones taken over at start, each version kept, conditions read once per version."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Engine, func, select, text
from sqlmodel import Session, col

from services.alerts.models.watch import Rule
from services.alerts.policy import allow
from services.alerts.rules.catalogue import STANDARDS, SUBJECTS
from services.alerts.rules.conditions import Name, Tree, facts_in, parse, parse_condition, standards_in
from services.kit.store.db import SessionDep, open_session

router = APIRouter(prefix="/v1/rules", tags=["rules"])

SHIPPED = Path(__file__).parent / "shipped_rules.toml"
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
MOST = 31  # rules about one kind of subject: two bits each in a bigint


class RuleOut(BaseModel):
    key: str
    version: int
    about: str
    severity: str
    since: date
    condition: str
    title_zh: str
    title_en: str
    explain_zh: str
    explain_en: str


class TooManyRules(Exception):
    """More than the bits of a mask: a rule left out in silence would be a household left out."""


@dataclass(frozen=True)
class ReadRule:
    """A rule with its condition understood. `shown` are the expressions its explanations ask for."""

    key: str
    version: int
    severity: str
    condition: Tree
    shown: tuple[tuple[str, Tree], ...]

    @property
    def condition_facts(self) -> list[str]:
        return facts_in(self.condition)

    @property
    def facts(self) -> list[str]:
        return sorted({key for tree in self.trees for key in facts_in(tree)})

    @property
    def standards(self) -> list[str]:
        return sorted({key for tree in self.trees for key in standards_in(tree)})

    @property
    def trees(self) -> list[Tree]:
        return [self.condition, *(tree for _, tree in self.shown)]


@router.get("", dependencies=[allow("alert:read")])
def list_rules(session: SessionDep) -> list[RuleOut]:
    """The rules that judge today, one version each."""
    return [RuleOut(**rule.model_dump()) for about in SUBJECTS for rule in newest_rules(session, about)]


def newest_rules(session: Session, about: str, day: date = date.max) -> Sequence[Rule]:
    """Of each key the newest version that holds on a day; without a day, the newest there is."""
    begun = select(col(Rule.key), func.max(col(Rule.version)).label("version")).where(col(Rule.since) <= day)
    newest = begun.group_by(col(Rule.key)).subquery()
    wanted = (
        select(Rule)
        .join(newest, (col(Rule.key) == newest.c.key) & (col(Rule.version) == newest.c.version))
        .where(col(Rule.about) == about, col(Rule.retired_at).is_(None))
        .order_by(col(Rule.key))
    )
    return session.scalars(wanted).all()


def rules_on(session: Session, about: str, day: date) -> list[ReadRule]:
    return [read_rule(rule) for rule in newest_rules(session, about, day)]


def read_rule(rule: Rule) -> ReadRule:
    return understand(
        rule.key, rule.version, rule.about, rule.severity, rule.condition, rule.explain_zh + rule.explain_en
    )


@lru_cache(maxsize=500)
def understand(key: str, version: int, about: str, severity: str, condition: str, explanation: str) -> ReadRule:
    names = names_for(about)
    asked = sorted(set(PLACEHOLDER.findall(explanation)))
    shown = tuple((text_of, parse(text_of, names)) for text_of in asked)
    return ReadRule(key, version, severity, parse_condition(condition, names), shown)


def names_for(about: str) -> dict[str, Name]:
    facts = {fact.key: Name(fact.key, fact.type, True) for fact in SUBJECTS[about].facts}
    return facts | {key: Name(key, standard.type, False) for key, standard in STANDARDS.items()}


def ship(engine: Engine, now: datetime, path: Path = SHIPPED) -> int:
    """Take over the shipped rules: a new version where anything of one has changed. How many versions were written."""
    with open_session(engine) as session, session.begin():
        session.execute(text("LOCK TABLE rule IN SHARE ROW EXCLUSIVE MODE"))  # two processes start together
        held = {rule.key: rule for about in SUBJECTS for rule in newest_rules(session, about)}
        shipped = read_shipped(path)
        for gone in held.keys() - {rule["key"] for rule in shipped}:
            held[gone].retired_at = now
        return sum(take_over(session, rule, held.get(rule["key"]), now) for rule in shipped)


def read_shipped(path: Path) -> list[dict[str, Any]]:
    rules = list(tomllib.loads(path.read_text())["rule"])
    for about in SUBJECTS:
        if sum(rule["about"] == about for rule in rules) > MOST:
            raise TooManyRules(about)
    return rules


def take_over(session: Session, shipped: dict[str, Any], held: Rule | None, now: datetime) -> bool:
    if held and all(getattr(held, name) == value for name, value in shipped.items()):
        return False
    rule = Rule(**shipped, version=held.version + 1 if held else 1, created_at=now)
    read_rule(rule)  # a shipped rule that cannot be read stops the start, not the sweep
    session.add(rule)
    return True
