"""The rules that judge: shipped ones taken over at start, each version kept, conditions read once per version."""

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Date, Engine, cast, func, or_, select, text
from sqlmodel import Session, col

from services.alerts.models.watch import Rule
from services.alerts.policy import allow
from services.alerts.rules.catalogue import STANDARDS, SUBJECTS
from services.alerts.rules.conditions import (
    ConditionRefused,
    Name,
    Tree,
    facts_in,
    parse,
    parse_condition,
    standards_in,
)
from services.kit.post.facts import PLACE_LENGTHS
from services.kit.store.db import SessionDep, Today, open_session

router = APIRouter(prefix="/v1/rules", tags=["rules"])

SHIPPED = Path(__file__).parent / "shipped_rules.toml"
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
EFFECTIVE, SHADOW, RETIRED, INHERITED = "effective", "shadow", "retired", "inherited"  # modes of a version
MOST = 31  # rules about one kind of subject: two bits each in a bigint
MOST_SHOWN = 40  # expressions of an explanation: PostgreSQL passes a function a hundred arguments, two for each


class RuleOut(BaseModel):
    """`division` is whose version it is: empty, the product's."""

    key: str
    version: int
    division: str
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
def list_rules(
    session: SessionDep,
    today: Today,
    county: Annotated[str, Query(pattern=r"^([0-9]{6})?$", title="县级区划代码")] = "",
) -> list[RuleOut]:
    """The rules that judge in a county today, one version each; without a county, those of the product."""
    held = (rule for about in SUBJECTS for rule in newest_rules(session, about, county, today))
    return [RuleOut(**rule.model_dump()) for rule in held]


def newest_rules(session: Session, about: str, county: str = "", day: date = date.max) -> Sequence[Rule]:
    """Of each key the version that judges in a county on a day: the newest of the nearest place that has one. Without a
    county, the product's; without a day, the newest there is."""
    chosen = of_the_nearest(session, about, county, day, col(Rule.mode) != SHADOW)
    return [rule for rule in chosen if rule.mode == EFFECTIVE]


def shadows_on(session: Session, about: str, county: str, day: date) -> list[Rule]:
    """Those that judge beside them in sweeps. The next version of the place ends one."""
    return [rule for rule in of_the_nearest(session, about, county, day) if rule.mode == SHADOW]


def of_the_nearest(
    session: Session, about: str, county: str, day: date, *also: ColumnElement[bool]
) -> Collection[Rule]:
    """Of each key that of the nearest place which does not leave it to a wider one. By key."""
    chosen: dict[str, Rule] = {}
    for rule in newest_of_places(session, about, county, day, *also):
        if rule.mode != INHERITED:
            chosen.setdefault(rule.key, rule)
    return chosen.values()


def newest_of_places(
    session: Session, about: str, county: str, day: date, *also: ColumnElement[bool]
) -> Sequence[Rule]:
    """Of each key and place the newest version that has begun on a day: by key, the county's own first."""
    places = {county[:length] for length in PLACE_LENGTHS}
    begun = select(col(Rule.key), col(Rule.division), func.max(col(Rule.version)).label("version")).where(
        col(Rule.since) <= day, col(Rule.division).in_(places), *also
    )
    newest = begun.group_by(col(Rule.key), col(Rule.division)).subquery()
    wanted = (
        select(Rule)
        .join(newest, (col(Rule.key) == newest.c.key) & (col(Rule.version) == newest.c.version))
        .where(col(Rule.about) == about, or_(col(Rule.retired_at).is_(None), cast(col(Rule.retired_at), Date) > day))
        .order_by(col(Rule.key), func.length(col(Rule.division)).desc())
    )
    return session.scalars(wanted).all()


def rules_on(session: Session, about: str, day: date, county: str = "") -> list[ReadRule]:
    return [read_rule(rule) for rule in newest_rules(session, about, county, day)]


def next_version(session: Session, key: str) -> int:
    """Numbered over all places, so that a finding's version is one text."""
    return (session.scalar(select(func.max(col(Rule.version))).where(col(Rule.key) == key)) or 0) + 1


def read_rule(rule: Rule) -> ReadRule:
    return understand(
        rule.key, rule.version, rule.about, rule.severity, rule.condition, rule.explain_zh + rule.explain_en
    )


@lru_cache(maxsize=500)
def understand(key: str, version: int, about: str, severity: str, condition: str, explanation: str) -> ReadRule:
    names = names_for(about)
    asked = sorted(set(PLACEHOLDER.findall(explanation)))
    if len(asked) > MOST_SHOWN:
        raise ConditionRefused(f"more than {MOST_SHOWN} expressions in the explanation")
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
        written = sum(take_over(session, rule, held.get(rule["key"]), now) for rule in shipped)
        session.flush()
        refuse_too_many(session)
    return written


def refuse_too_many(session: Session) -> None:
    """With what places have put in force themselves. Better told at the start than by a sweep."""
    for division in session.scalars(select(col(Rule.division)).group_by(col(Rule.division))):
        for about in SUBJECTS:
            if len(newest_rules(session, about, division)) > MOST:
                raise TooManyRules(f"{about} {division}")


def read_shipped(path: Path) -> list[dict[str, Any]]:
    rules = list(tomllib.loads(path.read_text())["rule"])
    for about in SUBJECTS:
        if sum(rule["about"] == about for rule in rules) > MOST:
            raise TooManyRules(about)
    return rules


def take_over(session: Session, shipped: dict[str, Any], held: Rule | None, now: datetime) -> bool:
    if held and all(getattr(held, name) == value for name, value in shipped.items()):
        return False
    rule = Rule(**shipped, version=next_version(session, shipped["key"]), created_at=now)
    read_rule(rule)  # a shipped rule that cannot be read stops the start, not the sweep
    session.add(rule)
    return True
