"""A second reading of the rules' language, in exact fractions, for the tests alone: PostgreSQL is what judges."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, TypeAlias

from services.alerts.rules.conditions import Literal, Name, Operation, Tree

Value: TypeAlias = Fraction | bool | date | str | None  # None is unknown

COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COUNTED: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@dataclass(frozen=True)
class World:
    """What holds beside the facts: values of standards by place, which days are working days, and what day it is."""

    standards: Mapping[str, Mapping[str, int | Fraction]]
    calendar: Mapping[date, bool]
    today: date

    def standard(self, key: str, division: str) -> Value:
        places = [place for place in self.standards[key] if division.startswith(place)]
        return Fraction(self.standards[key][max(places, key=len)]) if places else None

    def working_days_since(self, day: date) -> Value:
        if day not in self.calendar or self.today not in self.calendar:
            return None
        after = sum(works for one, works in self.calendar.items() if day < one <= self.today)
        ahead = sum(works for one, works in self.calendar.items() if self.today < one <= day)
        return Fraction(after - ahead)


def answer(tree: Tree, facts: Mapping[str, Any], division: str, world: World) -> Value:
    if isinstance(tree, Name):
        return exact(facts.get(tree.key)) if tree.is_fact else world.standard(tree.key, division)
    if isinstance(tree, Literal):
        return exact(tree.value)
    values = [answer(part, facts, division, world) for part in tree.parts]
    return connected(tree, values) if tree.op in ("and", "or", "not", "unknown") else computed(tree, values, world)


def exact(value: Any) -> Value:
    plain = value is None or isinstance(value, bool | date | str)
    return value if plain else Fraction(value)


def connected(tree: Operation, values: Sequence[Value]) -> bool | None:
    """Kleene's logic: one FALSE settles an and, one TRUE an or, whatever is unknown."""
    if tree.op == "unknown":
        return values[0] is None
    if tree.op == "not":
        return None if values[0] is None else not values[0]
    settling = tree.op == "or"
    if settling in values:
        return settling
    return None if None in values else not settling


def computed(tree: Operation, values: Sequence[Value], world: World) -> Value:
    """Nothing is computed from what is unknown, and division by zero is unknown."""
    if any(value is None for value in values):
        return None
    left: Any = values[0]
    right: Any = values[-1]
    if tree.op == "working_days_since":
        return world.working_days_since(left)
    if tree.op == "/":
        return left / right if right else None
    if tree.op in COMPARED:
        return COMPARED[tree.op](left, right)
    if isinstance(left, date):
        return Fraction((left - right).days)
    return exact(COUNTED[tree.op](left, right))
