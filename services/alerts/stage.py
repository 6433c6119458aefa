"""From rules to one SELECT: who has an answer other than FALSE, to which rules, and on what evidence."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
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
)
from sqlalchemy.dialects.postgresql import array

from services.alerts.catalogue import STANDARDS
from services.alerts.conditions import Literal, Name, Operation, Tree
from services.alerts.rules import ReadRule
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
UNKNOWN = 2


class Compiler:
    """Writes trees as SQL. Facts are columns; a standard is the value that holds at the subject's place."""

    def __init__(self, facts: Any, standards: Mapping[str, Sequence[StandardRow]], today: date) -> None:
        self.facts = facts
        self._standards = standards
        self._today = today

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
        """Rows come longest code first, so the first that fits is the nearest place's."""
        rows = self._standards[key]
        return case(*((self.facts.c.division.startswith(row.division), shown(row)) for row in rows), else_=null())

    def literal(self, tree: Literal) -> Sql:
        value = tree.value
        if isinstance(value, Decimal):
            return whole_number(int(value)) if value == int(value) else literal(value, Numeric)
        return literal(value)

    def operation(self, tree: Operation) -> Sql:
        parts = [self.sql(part) for part in tree.parts]
        if tree.op == "not":
            return not_(parts[0])
        if tree.op == "unknown":
            return parts[0].is_(None)
        if tree.op == "working_days_since":
            return self.working_days_since(parts[0])
        if tree.op == "/":
            return cast(parts[0], Numeric) / func.nullif(cast(parts[1], Numeric), 0)
        result: Sql = BINARY[tree.op](*parts)
        return result

    def working_days_since(self, day: Sql) -> Sql:
        """Unknown where the calendar does not hold the day."""
        table: Any = Day.__table__  # type: ignore[attr-defined]
        start, end = table.alias(), table.alias()
        first = select(start.c.ordinal).where(start.c.date == day).scalar_subquery()
        last = select(end.c.ordinal).where(end.c.date == self._today).scalar_subquery()
        return cast(last - first, BigInteger)


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
    return select(
        facts.c.subject,
        facts.c.division,
        facts.c.version,
        mask.label("mask"),
        evidence.label("evidence"),
        missing_facts(compiler, rules).label("missing"),
    ).where(wanted, mask != 0)


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
    return cast(func.floor(value), BigInteger) if kind == "money" else value


def whole_number(value: int) -> Sql:
    return literal(value, BigInteger)
