"""From rules to one SELECT: who has an answer other than FALSE, to which rules, and on what evidence."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, overload
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array

from services.alerts.rules.catalogue import STANDARDS
from services.alerts.rules.conditions import Literal, Name, Operation, Tree, names_in
from services.alerts.rules.rules import ReadRule
from services.kit.post.facts import COUNTY
from services.kit.store.reference import StandardRow
from services.kit.store.tables import Day

Sql = ColumnElement[Any]

BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "and": and_,
    "or": or_,
}
ARITHMETIC = frozenset("+-*/")
COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
UNKNOWN = 2
DAYS: Any = Day.__table__  # type: ignore[attr-defined]


class Compiler:
    """Writes trees as SQL. Facts are columns; a standard is the value that holds at the subject's place."""

    def __init__(self, facts: Any, standards: Mapping[str, Sequence[StandardRow]], today: date) -> None:
        self.facts = facts
        self.standards = standards
        self._today = today
        self._calendars: dict[str, Any] = {}

    def sql(self, tree: Tree) -> Sql:
        if isinstance(tree, Name):
            return self.name(tree)
        if isinstance(tree, Literal):
            return self.literal(tree)
        return self.operation(tree)

    def name(self, name: Name) -> Sql:
        if not name.is_fact:
            return self.value_of(name.key)
        column: Sql = self.facts.c[name.key]
        return cast(column, BigInteger) if name.type == "number" else column

    def value_of(self, key: str) -> Sql:
        """Money as whole fen, so that comparing it stays in integers."""
        whole = STANDARDS[key].type == "money"
        return self.nearest(key, lambda row: whole_number(int(row.value)) if whole else literal(row.value, Numeric))

    def document_of(self, key: str) -> Sql:
        return self.nearest(key, lambda row: literal(row.document_no, Text))

    def nearest(self, key: str, shown: Callable[[StandardRow], Sql]) -> Sql:
        """Rows come longest code first, so the first that fits is the nearest place's. The county's or a wider one fits
        all: with none below it a standard is a constant, and a million households are not asked where they live."""
        below = [row for row in self.standards[key] if len(row.division) > COUNTY]
        wider = self.standards[key][len(below) :]
        everywhere = shown(wider[0]) if wider else null()
        fits = [(self.facts.c.division.startswith(row.division), shown(row)) for row in below]
        return case(*fits, else_=everywhere) if fits else everywhere

    def literal(self, tree: Literal) -> Sql:
        value = tree.value
        if isinstance(value, Decimal):
            return whole_number(int(value)) if value == int(value) else literal(value, Numeric)
        return literal(value)

    def operation(self, tree: Operation) -> Sql:
        if tree.op in ARITHMETIC:
            total, divisor = self.quotient(tree)
            return total if divisor is None else cast(total, Numeric) / divisor
        if tree.op in COMPARISONS:
            return self.comparison(tree)
        if tree.op == "working_days_since":
            return self.working_days_since(tree.parts[0])
        parts = [self.sql(part) for part in tree.parts]
        if tree.op == "not":
            return not_(parts[0])
        if tree.op == "unknown":
            return parts[0].is_(None)
        result: Sql = BINARY[tree.op](*parts)
        return result

    def comparison(self, tree: Operation) -> Sql:
        """Quotients are compared by their totals: a rounded third, three times, would not be the whole."""
        (left, under_left), (right, under_right) = (self.quotient(part) for part in tree.parts)
        divisor = times(under_left, under_right)
        if divisor is not None:
            left, right = times(left, under_right) * func.sign(divisor), times(right, under_left) * func.sign(divisor)
        result: Sql = BINARY[tree.op](left, right)
        return result

    def quotient(self, tree: Tree) -> tuple[Sql, Sql | None]:
        """A total and what it is to be divided by: nothing, or a number that is not zero. Zero is unknown."""
        if not isinstance(tree, Operation) or tree.op not in ARITHMETIC:
            return self.sql(tree), None
        (left, under_left), (right, under_right) = (self.quotient(part) for part in tree.parts)
        if tree.op == "*":
            return left * right, times(under_left, under_right)
        if tree.op == "/":
            whole = func.nullif(cast(right, Numeric), 0, type_=Numeric)
            return times(left, under_right), times(whole, under_left)
        combined: Sql = BINARY[tree.op](times(left, under_right), times(right, under_left))
        return combined, times(under_left, under_right)

    def working_days_since(self, day: Tree) -> Sql:
        """Unknown where the calendar does not hold the day. The calendar is joined and not asked in a sub-select: that
        would be done anew for each household and each mention."""
        key = next(names_in(day)).key  # of days there are facts alone, and nothing is computed of them
        start = self._calendars.setdefault(key, DAYS.alias(f"day_of_{key}"))
        last = select(DAYS.c.ordinal).where(DAYS.c.date == self._today).scalar_subquery()
        return cast(last - start.c.ordinal, BigInteger)

    def source(self) -> Any:
        """The facts, each with the calendar's day of what has been asked so far."""
        joined = self.facts
        for key, start in self._calendars.items():
            joined = joined.outerjoin(start, start.c.date == self.facts.c[key])
        return joined


def stage_of(
    rules: Sequence[ReadRule], compiler: Compiler, county: str, subjects: Sequence[UUID] | None
) -> Select[Any]:
    """Rows where every rule is FALSE are left out; evidence and missing facts are worked out for the others alone."""
    facts = compiler.facts
    conditions = [compiler.sql(rule.condition) for rule in rules]
    mask = mask_of(conditions)
    evidence = func.jsonb_build_array(
        *(case((holds, evidence_of(compiler, rule))) for holds, rule in zip(conditions, rules, strict=True))
    )
    wanted = facts.c.county == literal(county, Text)
    if subjects is not None:
        wanted = and_(wanted, facts.c.subject == any_(bindparam("subjects", type_=ARRAY(Uuid))))
    columns = (mask.label("mask"), evidence.label("evidence"), missing_facts(compiler, rules).label("missing"))
    staged = select(facts.c.subject, facts.c.division, facts.c.version, *columns).select_from(compiler.source())
    return staged.where(wanted, func.coalesce(or_(*conditions), true()))


def mask_of(conditions: Sequence[Sql]) -> Sql:
    """Two bits a rule, 0 FALSE, 1 TRUE, 2 unknown: each condition is evaluated once."""
    mask: Any = whole_number(0)
    for place, holds in enumerate(conditions):
        answer = func.coalesce(cast(holds, Integer), UNKNOWN)
        mask = mask + cast(answer, BigInteger) * whole_number(1 << 2 * place)
    return mask  # type: ignore[no-any-return]


def evidence_of(compiler: Compiler, rule: ReadRule) -> Sql:
    """`basis`: the facts and standards the answer rests on. `shown`: what the explanation says, rounded for the eye."""
    standards = (
        (key, func.jsonb_build_object("value", compiler.value_of(key), "document_no", compiler.document_of(key)))
        for key in rule.standards
    )
    basis = {"facts": pairs((key, compiler.facts.c[key]) for key in rule.facts), "standards": pairs(standards)}
    shown = pairs((asked, rounded_down(compiler.sql(tree), tree.type)) for asked, tree in rule.shown)
    return pairs((("basis", pairs(basis.items())), ("shown", shown)))


def missing_facts(compiler: Compiler, rules: Sequence[ReadRule]) -> Sql:
    asked = sorted({key for rule in rules for key in rule.condition_facts})
    named: list[Sql] = [case((compiler.facts.c[key].is_(None), literal(key, Text))) for key in asked]
    return func.array_remove(array(named), null())


def pairs(items: Iterable[tuple[str, Any]]) -> Sql:
    return func.jsonb_build_object(*(part for key, value in items for part in (literal(key, Text), value)))


def rounded_down(value: Sql, kind: str) -> Sql:
    """To the fen: 6,319.9975 yuan a person is below a line of 6,320 and must not read as if it reached it."""
    return func.floor(cast(value, Numeric)) if kind == "money" else value


@overload
def times(value: Sql, factor: Sql | None) -> Sql: ...
@overload
def times(value: Sql | None, factor: Sql | None) -> Sql | None: ...
def times(value: Sql | None, factor: Sql | None) -> Sql | None:
    """None stands for one."""
    if value is None or factor is None:
        return factor if value is None else value
    return value * factor


def whole_number(value: int) -> Sql:
    """Cast, because the sweep writes numbers out, and two small ones would be multiplied in 32 bits."""
    return cast(literal(value, BigInteger), BigInteger)
