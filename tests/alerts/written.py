"""Conditions nobody thought of: random trees of the language, and the ways to write one down."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.rules.conditions import BIGINT, RESULTS, Literal, Name, Operation, Tree, facts_in, size_of
from services.alerts.rules.rules import names_for

Trees = st.SearchStrategy[Tree]

NAMES = names_for(HOUSEHOLD)

# How tightly an operation binds, as in SQL. Comparisons do not chain: beside each other they need parentheses.
BINDS = {"or": 1, "and": 2, "not": 3, "unknown": 4, "+": 6, "-": 6, "*": 7, "/": 7, "working_days_since": 9}
COMPARISON = 5
LEAF = 9

modest = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def named(kind: str) -> Trees:
    return st.sampled_from([name for name in NAMES.values() if name.type == kind])


def literals() -> Trees:
    ordinary = st.integers(0, 12).map(Decimal)
    fine = st.sampled_from(["0", "0.0001", "0.5", "1.25", "2.5", "99999.9999", "100000"]).map(Decimal)
    return (ordinary | fine).map(lambda value: Literal(value, "number"))


def counted(kind: str, depth: int) -> Trees:
    """Money, numbers and dates. What could pass bigint is refused by the parser, so it is not made here."""
    leaves: Trees = named(kind) | literals() if kind == "number" else named(kind)
    if depth == 0 or kind == "date":
        return leaves
    meaningful = [(op, left, right) for (op, left, right), made in RESULTS.items() if made == kind]
    deeper = st.sampled_from(meaningful).flatmap(lambda pair: arithmetic(*pair, kind, depth - 1))
    since: Trees = named("date").map(lambda day: Operation("working_days_since", (day,), "number"))
    return st.one_of(leaves, deeper, since) if kind == "number" else leaves | deeper


def arithmetic(op: str, left: str, right: str, made: str, depth: int) -> Trees:
    pairs = st.tuples(counted(left, depth), counted(right, depth))
    return pairs.map(lambda parts: Operation(op, parts, made)).filter(lambda tree: size_of(tree) <= BIGINT)


def comparisons(depth: int) -> Trees:
    def of(kind: str) -> Trees:
        sides = st.tuples(counted(kind, depth), counted(kind, depth))
        return sides.flatmap(lambda parts: st.sampled_from(ORDER).map(lambda op: Operation(op, parts, "flag")))

    other = flags(0) | st.booleans().map(said) | (comparisons(0) if depth else st.nothing())
    equal = st.tuples(st.sampled_from(["=", "<>"]), named("flag"), other)
    alike: Trees = equal.map(lambda one: Operation(one[0], (one[1], one[2]), "flag"))
    ordered = st.sampled_from(["money", "money", "number", "date"]).flatmap(of).filter(facts_in)
    return ordered | alike


ORDER = ["=", "<>", "<", "<=", ">", ">="]


def said(value: bool) -> Tree:
    return Literal(value, "flag")


def flags(depth: int) -> Trees:
    unknown: Trees = st.sampled_from([name for name in NAMES.values() if name.is_fact]).map(
        lambda fact: Operation("unknown", (fact,), "flag")
    )
    if depth == 0:
        return named("flag") | unknown
    below = flags(depth - 1)
    both = st.tuples(st.sampled_from(["and", "or"]), st.tuples(below, below))
    joined: Trees = both.map(lambda one: Operation(one[0], one[1], "flag"))
    negated: Trees = below.map(lambda part: Operation("not", (part,), "flag"))
    return st.one_of(comparisons(2), comparisons(2), joined, negated, named("flag"), unknown)


def conditions() -> Trees:
    return flags(3)


def in_full(tree: Tree) -> str:
    """With parentheses around every part, so that nothing rests on precedence."""
    return written(tree, lambda part, _: f"({part})")


def sparingly(tree: Tree) -> str:
    """With parentheses only where SQL's own precedence asks for them."""
    return written(tree, lambda part, needed: f"({part})" if needed else part)


def written(tree: Tree, wrap: Callable[[str, bool], str]) -> str:
    if isinstance(tree, Name):
        return tree.key
    if isinstance(tree, Literal):
        return format(tree.value, "f") if isinstance(tree.value, Decimal) else str(tree.value).lower()
    if tree.op == "unknown":
        return f"{written(tree.parts[0], wrap)} is null"
    own = binding(tree)
    parts = [
        wrap(written(part, wrap), binding(part) < own or (place > 0 and binding(part) == own) or chained(tree, part))
        for place, part in enumerate(tree.parts)
    ]
    if tree.op == "working_days_since":
        return f"working_days_since({parts[0]})"
    if tree.op == "not":
        return parts[0].removesuffix("null") + "not null" if parts[0].endswith("is null") else f"not {parts[0]}"
    return f" {tree.op} ".join(parts)


def chained(tree: Operation, part: Tree) -> bool:
    return binding(tree) == binding(part) == COMPARISON


def binding(tree: Tree) -> int:
    return BINDS.get(tree.op, COMPARISON) if isinstance(tree, Operation) else LEAF
