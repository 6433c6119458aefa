"""What a draft would change, before it judges anybody: how many, where, some examples, against what judges today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_, func, literal, not_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import Session

from services.alerts.alerts import explain
from services.alerts.drafting.drafts import as_rule, reachable_draft
from services.alerts.judging.judge import bench_of
from services.alerts.judging.stage import Compiler, evidence_of
from services.alerts.models.rules import RuleDraft
from services.alerts.models.watch import Rule
from services.alerts.policy import allow
from services.alerts.rules.rules import INHERITED, RETIRED, newest_rules, read_rule
from services.kit.post.facts import COUNTY
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import Placed, scoped
from services.kit.store.sets import among
from services.kit.web.errors import DomainError, language_of

router = APIRouter(prefix="/v1/rule-drafts", tags=["rules"])

SHOWN = 10  # examples of each change

Change = Literal["newly_flagged", "no_longer_flagged"]


class Counts(BaseModel):
    """`flagged` and `flagged_today`: for whom the draft holds, and today's version. `newly_flagged` and
    `no_longer_flagged` are the difference; for whom the draft is `unknown` nothing changes."""

    subjects: Annotated[int, Field(title="对象数")] = 0
    flagged: Annotated[int, Field(title="草稿成立")] = 0
    flagged_today: Annotated[int, Field(title="现行版本成立")] = 0
    newly_flagged: Annotated[int, Field(title="新增")] = 0
    no_longer_flagged: Annotated[int, Field(title="不再成立")] = 0
    unknown: Annotated[int, Field(title="缺少事实、无法判断")] = 0


class CountsOfAVillage(Counts):
    division: str


class Example(BaseModel):
    """Explained by the draft where it newly holds, by today's version where it no longer would."""

    subject: UUID
    division: str
    change: Change
    explanation: str


class PreviewOut(Counts):
    """`today` is the version that the draft is held against; empty where none of that key judges today. Villages by
    code: an order that says nothing of anybody."""

    division: str
    about: str
    today: int | None
    villages: list[CountsOfAVillage]
    examples: list[Example]


class DraftOfAnotherPlace(DomainError):
    """`detail` is the draft's place."""

    zh = "草稿不适用于该地，或跨县查询；请按县或县以下区划查询。"
    en = "The draft would not judge there, or the place is wider than a county."


@dataclass(frozen=True)
class Held:
    """Two versions side by side, either of which may be none."""

    draft: Rule | None
    today: Rule | None
    compiler: Compiler

    def holds(self, rule: Rule | None) -> ColumnElement[bool]:
        return self.compiler.sql(read_rule(rule).condition) if rule else literal(False)

    @property
    def newly(self) -> ColumnElement[bool]:
        """NULL counts for nothing in a filter."""
        return and_(self.holds(self.draft), self.holds(self.today).is_not(True))

    @property
    def no_longer(self) -> ColumnElement[bool]:
        return and_(not_(self.holds(self.draft)), self.holds(self.today))


@router.get("/{draft_id}/preview", dependencies=[allow("rule:read")])
def get_rule_preview(
    draft_id: UUID,
    request: Request,
    session: SessionDep,
    now: Now,
    division: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
) -> PreviewOut:
    """Of a county, or a place in it, as far as the caller reaches it: by what is known now and the standards of today.
    Each subject is judged once, in one statement; a second one explains the examples."""
    draft = reachable_draft(session, draft_id)
    if not division.startswith(draft.division):
        raise DraftOfAnotherPlace(draft.division)
    held = side_by_side(session, draft, division[:COUNTY], now)
    rows = session.execute(scoped(session, counted(held, division, examples=True), placed(held))).mappings().all()
    whole = PreviewOut(
        **total(rows).model_dump(),
        division=division,
        about=draft.about,
        today=held.today.version if held.today else None,
        villages=[CountsOfAVillage.model_validate(dict(row)) for row in rows],
        examples=[],
    )
    asked: dict[Change, Sequence[UUID]] = {
        change: chosen(rows, change) for change in ("newly_flagged", "no_longer_flagged")
    }
    language = language_of(request)
    whole.examples = [one for change, ids in asked.items() for one in examples(session, held, change, ids, language)]
    return whole


def side_by_side(session: Session, draft: RuleDraft, county: str, now: datetime) -> Held:
    """In one county: what the draft would have judge there, and what judges there today."""
    judging = {rule.key: rule for rule in newest_rules(session, draft.about, county, now.date())}
    today = judging.get(draft.key)
    ours: Rule | None = as_rule(draft, 0)
    if draft.mode == RETIRED:
        ours = None
    elif draft.mode == INHERITED:
        wider = newest_rules(session, draft.about, draft.division[:-2], now.date())
        ours = next((rule for rule in wider if rule.key == draft.key), None)
    both = [read_rule(rule) for rule in (ours, today) if rule]
    return Held(ours, today, bench_of(session, draft.about, county, both, now.date(), now).compiler)


def placed(held: Held) -> Placed:
    facts = held.compiler.facts
    return Placed(division=facts.c.division, subject=facts.c.subject)


def counted(held: Held, division: str, *, examples: bool = False) -> Select[Any]:
    """Village by village, in one pass over the facts."""
    facts, draft = held.compiler.facts, held.holds(held.draft)
    figures = {
        "subjects": func.count(),
        "flagged": func.count().filter(draft),
        "flagged_today": func.count().filter(held.holds(held.today)),
        "newly_flagged": func.count().filter(held.newly),
        "no_longer_flagged": func.count().filter(held.no_longer),
        "unknown": func.count().filter(draft.is_(None)),
    }
    if examples:
        in_order = func.array_agg(aggregate_order_by(facts.c.subject, facts.c.subject))
        for change, condition in (("newly_flagged", held.newly), ("no_longer_flagged", held.no_longer)):
            figures[f"{change}_ids"] = in_order.filter(condition)[1:SHOWN]
    asked = select(facts.c.division, *(figure.label(name) for name, figure in figures.items()))
    here = and_(facts.c.county == division[:COUNTY], facts.c.division.startswith(division))
    return asked.select_from(held.compiler.source()).where(here).group_by(facts.c.division).order_by(facts.c.division)


def total(rows: Sequence[Mapping[Any, Any]]) -> Counts:
    return Counts(**{name: sum(row[name] for row in rows) for name in Counts.model_fields})


def chosen(rows: Sequence[Mapping[Any, Any]], change: Change) -> list[UUID]:
    """One of each village before a second of any."""
    lists = [row[f"{change}_ids"] or [] for row in rows]
    by_turns = [ids[turn] for turn in range(SHOWN) for ids in lists if turn < len(ids)]
    return by_turns[:SHOWN]


def examples(session: Session, held: Held, change: Change, ids: Sequence[UUID], language: str) -> list[Example]:
    rule = held.draft if change == "newly_flagged" else held.today
    if rule is None or not ids:
        return []
    facts, compiler = held.compiler.facts, held.compiler
    evidence = evidence_of(compiler, read_rule(rule)).label("evidence")
    wanted = select(facts.c.subject, facts.c.division, evidence).select_from(compiler.source())
    rows = session.execute(wanted.where(among(facts.c.subject, ids)).order_by(facts.c.division, facts.c.subject))
    return [
        Example(subject=subject, division=place, change=change, explanation=explain(rule, shown["shown"], language))
        for subject, place, shown in rows
    ]
