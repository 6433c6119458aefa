"""Rules put to facts that are written out, in one statement: what each part of each condition comes to. The facts are
those of a day, or such as they would have to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Text, cast, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import array
from sqlmodel import Session

from services.alerts.facts.learn import FACTS
from services.alerts.judging.stage import Compiler
from services.alerts.models.watch import Rule
from services.alerts.rules.catalogue import SUBJECTS
from services.alerts.rules.rules import read_rule
from services.alerts.silence.keeping import YES, Values, in_the_way, keeping, parts_of
from services.alerts.silence.otherwise import Otherwise, otherwise
from services.kit.post.facts import COUNTY, table_of
from services.kit.store.reference import StandardRow
from services.kit.store.tables import Day

ROUNDS = 3  # one change may bring another comparison into the way


@dataclass(frozen=True)
class Court:
    """What holds on a day at a place, beside the facts."""

    about: str
    division: str
    standards: Mapping[str, Sequence[StandardRow]]
    day: date


@dataclass(frozen=True)
class Verdict:
    """`values` of each part of the condition, by the facts as they were; `changes`: facts otherwise than they were, by
    which the rule would have held. Empty where it held, was unknown, or none were found."""

    rule: Rule
    values: Values
    changes: Mapping[str, Any]

    @property
    def holds(self) -> bool | None:
        value = self.values[read_rule(self.rule).condition]
        return None if value is None else value == YES

    @property
    def kept_by(self) -> list[Any]:
        return list(dict.fromkeys(keeping(read_rule(self.rule).condition, self.values)))


def verdicts(session: Session, court: Court, rules: Sequence[Rule], facts: Mapping[str, Any]) -> list[Verdict]:
    first = put_to(session, court, [(rule, facts) for rule in rules])
    found = [Verdict(rule, values, {}) for rule, values in zip(rules, first, strict=True)]
    sought = [Search(one.rule, one.values, {}) for one in found if one.holds is False]
    held: dict[str, Mapping[str, Any]] = {}
    for _ in range(ROUNDS):
        sought = [further for one in sought if (further := one.further(session, court, facts))]
        tried = put_to(session, court, [(one.rule, {**facts, **one.changes}) for one in sought])
        sought = [replace(one, values=values) for one, values in zip(sought, tried, strict=True)]
        held |= {one.rule.key: one.changes for one in sought if one.holds}
        sought = [one for one in sought if not one.holds]
    return [replace(one, changes=held.get(one.rule.key, {})) for one in found]


@dataclass(frozen=True)
class Search:
    """For facts by which a rule would have held. A fact that was changed once stays so."""

    rule: Rule
    values: Values
    changes: Mapping[str, Any]

    @property
    def holds(self) -> bool:
        return self.values[read_rule(self.rule).condition] == YES

    def further(self, session: Session, court: Court, facts: Mapping[str, Any]) -> "Search | None":
        changes = dict(self.changes)
        for leaf, wanted in in_the_way(read_rule(self.rule).condition, YES, self.values):
            ways = otherwise(leaf, wanted, self.values)
            fresh = (way for way in ways if way.fact not in changes)
            change = next(((way, value) for way in fresh if (value := told(session, court, way)) != MISSING), None)
            if change is None:
                return None
            changes[change[0].fact] = change[1]
        return replace(self, changes=changes)


MISSING = object()


def told(session: Session, court: Court, way: Otherwise) -> Any:
    """The fact's value as its owner would send it. A day that lies so many working days back, as far as the calendar
    holds one."""
    if not way.days_back:
        return way.value
    last = session.get(Day, court.day)
    wanted = select(func.max(Day.date)).where(Day.ordinal == (last.ordinal if last else 0) - int(way.value or 0))  # type: ignore[arg-type]
    day = session.scalar(wanted) if last else None
    return day.isoformat() if day else MISSING


def put_to(session: Session, court: Court, asked: Sequence[tuple[Rule, Mapping[str, Any]]]) -> list[Values]:
    """In their order. A rule a row, each with facts of its own."""
    if not asked:
        return []
    trees = [list(dict.fromkeys(parts_of(read_rule(rule).condition))) for rule, _ in asked]
    rows = []
    for number, (parts, (_, facts)) in enumerate(zip(trees, asked, strict=True)):
        compiler = Compiler(written_out(court, facts, number), court.standards, court.day)
        values = array([cast(compiler.sql(part), Text) for part in parts])
        rows.append(select(literal(number).label("number"), values.label("told")).select_from(compiler.source()))
    answered = session.execute(union_all(*rows)).all()
    by_number: dict[int, list[str | None]] = {row.number: row.told for row in answered}
    return [dict(zip(parts, by_number[number], strict=True)) for number, parts in enumerate(trees)]


def written_out(court: Court, facts: Mapping[str, Any], number: int) -> Any:
    """A row like those of the table of facts."""
    table = table_of(FACTS[court.about])
    columns = [
        cast(literal(read(fact.type, facts.get(fact.key)), table.c[fact.key].type), table.c[fact.key].type).label(
            fact.key
        )
        for fact in SUBJECTS[court.about].facts
    ]
    place = [literal(court.division, Text).label("division"), literal(court.division[:COUNTY], Text).label("county")]
    return select(*place, *columns).subquery(f"facts_{number}")


def read(kind: str, value: Any) -> Any:
    return date.fromisoformat(value) if kind == "date" and isinstance(value, str) else value
