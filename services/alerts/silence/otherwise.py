"""What a fact would have to be for one comparison to be otherwise. Worked out backwards from the values of its parts;
whether the rule then holds, PostgreSQL is asked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from services.alerts.rules.conditions import LARGEST_MONEY, LARGEST_NUMBER, Name, Operation, Tree, facts_in
from services.alerts.silence.keeping import YES, Values

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
NEAREST: Mapping[str, Callable[[Fraction], int]] = {
    "<": lambda bound: ceil(bound) - 1,
    "<=": floor,
    ">": lambda bound: floor(bound) + 1,
    ">=": ceil,
    "<>": lambda bound: floor(bound) + 1,
}


@dataclass(frozen=True)
class Otherwise:
    """A fact and the value it would have; of working days, how many it would lie back."""

    fact: str
    value: int | bool | None
    days_back: bool = False


def otherwise(leaf: Tree, wanted: str, values: Values) -> Iterator[Otherwise]:
    """Each fact of the leaf by which it could be as wanted, in the order they are written."""
    if isinstance(leaf, Name):
        yield Otherwise(leaf.key, wanted == YES)
    elif isinstance(leaf, Operation) and leaf.op == "unknown":
        if wanted == YES:
            yield Otherwise(facts_in(leaf)[0], None)
    elif isinstance(leaf, Operation) and all(values[part] is not None for part in leaf.parts):
        op = leaf.op if wanted == YES else NEGATED[leaf.op]
        yield from of_flags(leaf, op, values) if leaf.parts[0].type == "flag" else of_numbers(leaf, op, values)


def of_flags(leaf: Operation, op: str, values: Values) -> Iterator[Otherwise]:
    for side, other in (leaf.parts, leaf.parts[::-1]):
        if isinstance(side, Name):
            yield Otherwise(side.key, (values[other] == YES) == (op == "="))


def of_numbers(leaf: Operation, op: str, values: Values) -> Iterator[Otherwise]:
    """A fact that stands there twice is left alone: it has no one bound."""
    left, right = leaf.parts
    for fact in dict.fromkeys(written_facts(leaf)):
        if list(written_facts(leaf)).count(fact) > 1 or left.type == "date":
            continue
        inside, outside, asked = (left, right, op) if fact in facts_in(left) else (right, left, MIRRORED[op])
        found = solved(inside, asked, Fraction(str(values[outside])), fact, values)
        if found and bounded(found, inside):
            yield found


def written_facts(tree: Tree) -> Iterator[str]:
    if isinstance(tree, Name) and tree.is_fact:
        yield tree.key
    elif isinstance(tree, Operation):
        for part in tree.parts:
            yield from written_facts(part)


def solved(tree: Tree, op: str, bound: Fraction, fact: str, values: Values) -> Otherwise | None:
    """The value nearest to the bound at which `tree op bound` holds. None where no value does, or none is told."""
    if isinstance(tree, Name):
        return nearest(fact, op, bound)
    if not isinstance(tree, Operation):
        return None
    if tree.op == "working_days_since":
        found = nearest(fact, op, bound)
        return Otherwise(fact, found.value, days_back=True) if found else None
    place = next(n for n, part in enumerate(tree.parts) if fact in facts_in(part))
    other = values[tree.parts[1 - place]]
    if other is None or tree.type == "date" or tree.parts[place].type == "date":
        return None
    turned = step_back(tree.op, place, bound, Fraction(other))
    if turned is None:
        return None
    bound, mirrored = turned
    return solved(tree.parts[place], MIRRORED[op] if mirrored else op, bound, fact, values)


def step_back(op: str, place: int, bound: Fraction, other: Fraction) -> tuple[Fraction, bool] | None:
    """The bound of the part, and whether the comparison turns round."""
    if op == "+":
        return bound - other, False
    if op == "-":
        return (bound + other, False) if place == 0 else (other - bound, True)
    if other == 0 or (op == "/" and place == 1):
        return None
    return (bound / other if op == "*" else bound * other), other < 0


def nearest(fact: str, op: str, bound: Fraction) -> Otherwise | None:
    if op == "=":
        return Otherwise(fact, int(bound)) if bound.denominator == 1 else None
    return Otherwise(fact, NEAREST[op](bound))


def bounded(found: Otherwise, tree: Tree) -> bool:
    """As facts are: counts are not negative."""
    kinds = {part.type for part in leaves(tree) if isinstance(part, Name) and part.key == found.fact}
    value = found.value or 0
    return found.days_back or (abs(value) <= LARGEST_MONEY if "money" in kinds else 0 <= value <= LARGEST_NUMBER)


def leaves(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, Operation):
        for part in tree.parts:
            yield from leaves(part)
    else:
        yield tree
