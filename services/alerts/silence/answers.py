"""Why a household was not flagged on a day: what each rule of that day answered, and the facts that kept it silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator, BaseModel
from sqlalchemy import select
from sqlmodel import Session, col

from services.alerts.alerts import written
from services.alerts.facts.history import last_known
from services.alerts.judging.judge import bench_of
from services.alerts.models.facts import FactHistory
from services.alerts.policy import allow
from services.alerts.rules.catalogue import SUBJECTS, Fact, Subject
from services.alerts.rules.conditions import facts_in
from services.alerts.rules.rules import newest_rules, read_rule
from services.alerts.silence.verdicts import Court, Verdict, verdicts
from services.kit.post.facts import COUNTY
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.scope import Placed, scoped
from services.kit.web.errors import DomainError, found, language_of
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/rule-answers", tags=["rules"])

Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
Answer = Literal["flagged", "silent", "unknown"]

LOOKED_BACK = 1_000  # versions of one subject's facts, to say since when one has been as it is


class FactThen(BaseModel):
    """`known_since`: since when it has been known here as it was; `owner`: the service that told it. Money in fen;
    empty where nobody had told it."""

    key: str
    label: str
    value: int | bool | date | str | None
    known_since: Moment | None
    owner: str


class ChangedFact(BaseModel):
    key: str
    label: str
    value: int | bool | date | str | None


class RuleAnswerOut(BaseModel):
    """`facts`: of a silent rule those that kept it silent, of one that is unknown those that were wanting, of one that
    held all of its condition's. `would_hold`: with these facts otherwise, and all others as they were, the silent rule
    would have held; it was asked. Empty where no such facts were found."""

    rule_key: str
    version: int
    division: str
    title: str
    severity: str
    condition: str
    answer: Answer
    facts: list[FactThen]
    would_hold: list[ChangedFact]
    explanation: str


class RuleAnswersOut(BaseModel):
    """`learned_at`: since when the version of the facts was known that this rests on."""

    about: str
    subject: UUID
    division: str
    on: date
    facts_version: int
    learned_at: Moment
    answers: list[RuleAnswerOut]


class DayStillToCome(DomainError):
    zh = "只能查询今天或以前的日子。"
    en = "Only of today and of days that have gone is there anything to tell."


@dataclass(frozen=True)
class Telling:
    """What is needed to say an answer in words."""

    subject: Subject
    facts: Mapping[str, Any]
    since: Mapping[str, datetime]
    language: str

    @property
    def english(self) -> bool:
        return self.language == "en"

    def label(self, fact: Fact) -> str:
        return fact.en if self.english else fact.zh

    def value(self, fact: Fact, value: Any) -> str:
        if value is None:
            return "unknown" if self.english else "未知"
        if isinstance(value, bool) and self.english:
            return "yes" if value else "no"
        unit = {"money": " yuan" if self.english else " 元"}.get(fact.type, "")
        return written(value, fact.type) + unit


@router.get("/{about}/{subject}", dependencies=[allow("alert:read")])
def get_rule_answers(
    about: Annotated[str, Path(max_length=40)],
    subject: UUID,
    request: Request,
    session: UnboundSessionDep,
    now: Now,
    on: Annotated[WrittenDay | None, Query(title="哪一天")] = None,
) -> RuleAnswersOut:
    """By what was known at the end of that day (of today: now), by its rules, standards and calendar. Where the subject
    lay then must be within reach; what the rules say is asked of PostgreSQL alone."""
    day = on or now.date()
    if day > now.date():
        raise DayStillToCome
    kind = found(SUBJECTS.get(about))
    ended = datetime.combine(day, time.max, tzinfo=now.tzinfo) if day < now.date() else None
    last = last_known(about, ended, subject)
    placed = Placed(division=last.c.division, subject=last.c.subject)
    row = found(session.execute(scoped(session, select(last), placed)).mappings().first())
    county = row["division"][:COUNTY]
    rules = newest_rules(session, about, county, day)
    bench = bench_of(session, about, county, [read_rule(rule) for rule in rules], day, now)
    court = Court(about, row["division"], bench.compiler.standards, day)
    since = {key: at.astimezone(now.tzinfo) for key, at in known_since(session, about, subject, row).items()}
    telling = Telling(kind, row["facts"], since, language_of(request))
    answered = verdicts(session, court, rules, row["facts"])
    return RuleAnswersOut(
        about=about,
        subject=subject,
        division=row["division"],
        on=day,
        facts_version=row["version"],
        learned_at=row["learned_at"],
        answers=[said(verdict, telling) for verdict in answered],
    )


def known_since(session: Session, about: str, subject: UUID, row: Mapping[Any, Any]) -> dict[str, datetime]:
    """Of each fact, since when every version until that one has said the same of it."""
    told = select(col(FactHistory.learned_at), col(FactHistory.facts)).where(
        col(FactHistory.about) == about,
        col(FactHistory.subject) == subject,
        col(FactHistory.learned_at) <= row["learned_at"],
    )
    since: dict[str, datetime] = {}
    unchanged = {fact.key for fact in SUBJECTS[about].facts}
    for at, facts in session.execute(told.order_by(col(FactHistory.learned_at).desc()).limit(LOOKED_BACK)):
        unchanged = {key for key in unchanged if facts.get(key) == row["facts"].get(key)}
        since |= dict.fromkeys(unchanged, at)
    return since


def said(verdict: Verdict, telling: Telling) -> RuleAnswerOut:
    rule, holds = verdict.rule, verdict.holds
    answer: Answer = "unknown" if holds is None else "flagged" if holds else "silent"
    shown = shown_facts(verdict, telling)
    changed = [fact for fact in telling.subject.facts if fact.key in verdict.changes]
    return RuleAnswerOut(
        rule_key=rule.key,
        title=rule.title_en if telling.english else rule.title_zh,
        answer=answer,
        facts=[
            FactThen(
                key=fact.key,
                label=telling.label(fact),
                value=telling.facts.get(fact.key),
                known_since=telling.since.get(fact.key),
                owner=telling.subject.owner,
            )
            for fact in shown
        ],
        would_hold=[
            ChangedFact(key=fact.key, label=telling.label(fact), value=verdict.changes[fact.key]) for fact in changed
        ],
        explanation=in_words(answer, shown, changed, verdict, telling),
        **rule.model_dump(include={"version", "division", "severity", "condition"}),
    )


def shown_facts(verdict: Verdict, telling: Telling) -> list[Fact]:
    """Of what is unknown, the facts nobody had told; where all were told (a divisor of zero, a day the calendar does
    not hold) those it hangs on."""
    keys = {key for leaf in verdict.kept_by for key in facts_in(leaf)}
    wanting = {key for key in keys if telling.facts.get(key) is None}
    chosen = wanting if verdict.holds is None and wanting else keys
    return [fact for fact in telling.subject.facts if fact.key in chosen]


def in_words(answer: Answer, shown: Sequence[Fact], changed: Sequence[Fact], verdict: Verdict, telling: Telling) -> str:
    one, several = ("; ", ", ") if telling.english else ("；", "，")
    facts = one.join(of_a_fact(fact, telling) for fact in shown)
    lead, end = LEADS[answer][telling.english], "." if telling.english else "。"
    sentence = f"{lead}{facts}{end}"
    if changed:
        otherwise = [(telling.label(fact), telling.value(fact, verdict.changes[fact.key])) for fact in changed]
        if telling.english:
            sentence += (
                " It would have held with " + several.join(f"{label}: {value}" for label, value in otherwise) + end
            )
        else:
            sentence += "若" + several.join(f"{label}为 {value}" for label, value in otherwise) + "，本规则即成立" + end
    return sentence


def of_a_fact(fact: Fact, telling: Telling) -> str:
    said_of, at = telling.value(fact, telling.facts.get(fact.key)), telling.since.get(fact.key)
    if at is None:
        return f"{telling.label(fact)}: {said_of}" if telling.english else f"{telling.label(fact)}：{said_of}"
    if telling.english:
        return f"{telling.label(fact)}: {said_of} (since {at.date()})"
    return f"{telling.label(fact)}：{said_of}（{at.date()} 起）"


LEADS: Mapping[Answer, tuple[str, str]] = {
    "flagged": ("规则成立：", "It held: "),
    "silent": ("规则不成立：", "It did not hold: "),
    "unknown": ("缺少事实，无法判断：", "It could not be judged: "),
}
