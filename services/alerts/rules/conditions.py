"""The language of rules: a condition is parsed, every token checked against a list, and each part given a type.

sqlglot reads the text; nothing it read reaches the database. What is on the list becomes a small tree of our own, which
stage.py writes as SQL. Anything else is refused by name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from services.kit.web.errors import DomainError

LONGEST = 2_000  # characters of a condition
DEEPEST = 40
LARGEST_MONEY = 10**13  # fen in one fact; sums and products are refused where they could pass bigint
LARGEST_NUMBER = 10**5
BIGINT = 2**63 - 1


class ConditionRefused(DomainError):
    zh = "规则条件无法使用。"
    en = "The condition cannot be used."


@dataclass(frozen=True)
class Name:
    """A fact or a standard."""

    key: str
    type: str
    is_fact: bool


@dataclass(frozen=True)
class Literal:
    value: Decimal | bool | str
    type: str


@dataclass(frozen=True)
class Operation:
    """`op` is one of and, or, not, unknown, working_days_since, = <> < <= > >= + - * /."""

    op: str
    parts: tuple["Tree", ...]
    type: str


Tree: TypeAlias = Name | Literal | Operation

COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
ARITHMETIC: Mapping[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
CONNECTIVES: Mapping[type[exp.Expr], str] = {exp.And: "and", exp.Or: "or"}

# What an operation makes of its operands' types. A pair that is not here has no meaning (money times money).
RESULTS: Mapping[tuple[str, str, str], str] = {
    ("+", "money", "money"): "money",
    ("-", "money", "money"): "money",
    ("*", "money", "number"): "money",
    ("*", "number", "money"): "money",
    ("/", "money", "number"): "money",
    ("/", "money", "money"): "number",
    ("+", "number", "number"): "number",
    ("-", "number", "number"): "number",
    ("*", "number", "number"): "number",
    ("/", "number", "number"): "number",
    ("-", "date", "date"): "number",
}
ORDERED = {"money", "number", "date"}

# All that may be written. The parser reads far more than this language: comments, statements, the digits and spaces of
# every script.
WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
TOKEN = re.compile(
    rf"\s+|{WORD.pattern}|\d{{1,20}}(\.\d{{1,4}})?(?![\w.])|'\w*'|[<>!]=|<>|=(?!=)|-(?!-)|/(?!\*)|[+*()<>]", re.ASCII
)
WORDS = {"and", "or", "not", "is", "null", "true", "false", "working_days_since"}
SAID = {"this", "expression", "expressions", "typed", "safe", "negate"}  # of a node; more is a meaning we would miss


def parse_condition(text: str, names: Mapping[str, Name]) -> Tree:
    """A condition that holds or not. Every comparison must speak of a fact: `1 = 1` watches nobody."""
    tree = parse(text, names)
    if tree.type != "flag":
        raise ConditionRefused(f"not a condition: {tree.type}")
    if not facts_in(tree):
        raise ConditionRefused("no fact in it")
    return tree


def parse(text: str, names: Mapping[str, Name]) -> Tree:
    """Any expression of the language, as placeholders of an explanation are too."""
    if len(text) > LONGEST:
        raise ConditionRefused(f"> {LONGEST}")
    check_writing(text, names)
    try:
        read = sqlglot.parse(text, dialect="postgres")
    except (SqlglotError, RecursionError) as error:
        raise ConditionRefused(f"cannot be parsed: {at_fault(error, text)!a}") from error
    if len(read) != 1 or read[0] is None:
        raise ConditionRefused("not one expression")
    return Reader(names).read(read[0], 0)


def at_fault(error: Exception, text: str) -> str:
    """The words at which the parser gave up, as far as it says; else the end, or how it all begins."""
    told = getattr(error, "errors", None) or [{}]
    return str(told[0].get("highlight") or text.strip() or text)[-60:]


def check_writing(text: str, names: Mapping[str, Name]) -> None:
    foreign = TOKEN.sub("", text)
    if foreign:
        raise ConditionRefused(f"not part of the language: {foreign[:60]!a}")
    for word in WORD.findall(text):
        if word not in names and word.lower() not in WORDS:
            raise ConditionRefused(f"unknown name: {word[:60]}; known: {', '.join(sorted(names))}")


class Reader:
    """Walks what was parsed. Each method knows one kind of node; a node nobody knows is refused by its name."""

    def __init__(self, names: Mapping[str, Name]) -> None:
        self._names = names

    def read(self, node: exp.Expr, depth: int) -> Tree:
        if depth > DEEPEST:
            raise ConditionRefused("nested too deeply")
        if isinstance(node, exp.Paren):
            return self.read(node.this, depth + 1)
        if isinstance(node, exp.Column):
            return self.name(node)
        if isinstance(node, exp.Literal | exp.Boolean):
            return self.literal(node)
        return bounded(self.operation(node, depth + 1))

    def name(self, node: exp.Column) -> Name:
        known = self._names.get(node.name)
        if known is None or len(node.parts) != 1 or node.this.args.get("quoted"):
            raise ConditionRefused(f"unknown name: {node.sql()[:60]}; known: {', '.join(sorted(self._names))}")
        return known

    def literal(self, node: exp.Literal | exp.Boolean) -> Literal:
        if isinstance(node, exp.Boolean):
            return Literal(bool(node.this), "flag")
        if node.is_string:
            return Literal(str(node.this), "code")
        value = Decimal(node.this)
        if not value.is_finite() or value > LARGEST_NUMBER or -int(value.as_tuple().exponent) > 4:
            raise ConditionRefused(f"number out of bounds: {node.this[:30]}")
        return Literal(value, "number")

    def operation(self, node: exp.Expr, depth: int) -> Operation:
        kind = type(node)
        if any(node.args[said] for said in node.args.keys() - SAID):
            raise ConditionRefused(f"not part of the language: {node.sql()[:60]}")
        if kind in CONNECTIVES:
            return Operation(CONNECTIVES[kind], self.flags(node, depth), "flag")
        if kind is exp.Not:
            return self.negation(node, depth)
        if kind is exp.Is and isinstance(node.expression, exp.Null):
            unknown = Operation("unknown", (self.fact(node.this),), "flag")
            return Operation("not", (unknown,), "flag") if node.args.get("negate") else unknown
        if kind in COMPARISONS:
            return self.comparison(COMPARISONS[kind], node, depth)
        if kind in ARITHMETIC:
            return self.arithmetic(ARITHMETIC[kind], node, depth)
        if kind is exp.Anonymous and str(node.this).lower() == "working_days_since" and len(node.expressions) == 1:
            return self.working_days(node, depth)
        raise ConditionRefused(f"not part of the language: {kind.__name__} ({node.sql()[:60]})")

    def negation(self, node: exp.Expr, depth: int) -> Operation:
        part = self.read(node.this, depth)
        if part.type != "flag" or isinstance(part, Literal):
            raise ConditionRefused(f"not does not go with {part.type}: {node.sql()[:60]}")
        return Operation("not", (part,), "flag")

    def flags(self, node: exp.Expr, depth: int) -> tuple[Tree, ...]:
        parts = self.read(node.this, depth), self.read(node.expression, depth)
        if any(part.type != "flag" or isinstance(part, Literal) for part in parts):
            raise ConditionRefused(f"and, or join conditions: {node.sql()[:60]}")
        return parts

    def fact(self, node: exp.Expr) -> Name:
        if not isinstance(node, exp.Column) or not self.name(node).is_fact:
            raise ConditionRefused(f"only a fact can be unknown: {node.sql()[:60]}")
        return self.name(node)

    def comparison(self, op: str, node: exp.Expr, depth: int) -> Operation:
        if any(type(part) in COMPARISONS for part in (node.this, node.expression)):
            raise ConditionRefused(f"comparisons beside each other need parentheses: {node.sql()[:60]}")
        left, right = self.read(node.this, depth), self.read(node.expression, depth)
        if left.type != right.type or (op not in ("=", "<>") and left.type not in ORDERED):
            raise ConditionRefused(f"{left.type} {op} {right.type}: {node.sql()[:60]}")
        compared = Operation(op, (left, right), "flag")
        if not facts_in(compared):
            raise ConditionRefused(f"a comparison without a fact: {node.sql()[:60]}")
        return compared

    def arithmetic(self, op: str, node: exp.Expr, depth: int) -> Operation:
        left, right = self.read(node.this, depth), self.read(node.expression, depth)
        if (op, left.type, right.type) not in RESULTS:
            raise ConditionRefused(f"{left.type} {op} {right.type}: {node.sql()[:60]}")
        return Operation(op, (left, right), RESULTS[op, left.type, right.type])

    def working_days(self, node: exp.Expr, depth: int) -> Operation:
        part = self.read(node.expressions[0], depth)
        if part.type != "date":
            raise ConditionRefused(f"working_days_since asks for a date, not {part.type}")
        return Operation("working_days_since", (part,), "number")


def bounded(tree: Operation) -> Operation:
    """Refuse what could pass bigint on some household: one overflow would stop a whole sweep."""
    if size_of(tree) > BIGINT:
        raise ConditionRefused("could become too large to compute")
    return tree


def size_of(tree: Tree) -> int:
    """The largest absolute value an expression can take. Division is exact and never grows what was bounded before."""
    if isinstance(tree, Literal):
        return int(tree.value) + 1 if isinstance(tree.value, Decimal) else 1
    if isinstance(tree, Name):
        return LARGEST_MONEY if tree.type == "money" else LARGEST_NUMBER
    sizes = [size_of(part) for part in tree.parts]
    if tree.op == "*":
        return sizes[0] * sizes[1]
    if tree.op == "/":
        return sizes[0] * 10_000  # the smallest divisor that can be written is 0.0001
    return sum(sizes)


def names_in(tree: Tree) -> Iterator[Name]:
    if isinstance(tree, Name):
        yield tree
    elif isinstance(tree, Operation):
        for part in tree.parts:
            yield from names_in(part)


def facts_in(tree: Tree) -> list[str]:
    return sorted({name.key for name in names_in(tree) if name.is_fact})


def standards_in(tree: Tree) -> list[str]:
    return sorted({name.key for name in names_in(tree) if not name.is_fact})
