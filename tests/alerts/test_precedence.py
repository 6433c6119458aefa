"""A condition without parentheses means what it means in SQL, or it is refused. PostgreSQL itself is asked."""

from itertools import product
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from services.alerts.rules.conditions import ConditionRefused, Tree, parse_condition
from tests.alerts.oracle import World, answer
from tests.alerts.written import NAMES
from tests.conftest import TODAY

FLAGS = [None, True, False]
NUMBERS = [None, 0, 1, 2]
ROWS: list[dict[str, Any]] = [
    {"monitored": monitored, "safe_house": house, "persons": persons, "dropped_out_members": dropped}
    for monitored, house, persons, dropped in product(FLAGS, FLAGS, NUMBERS, NUMBERS)
]
VALUES = ", ".join(
    f"({row['monitored']}, {row['safe_house']}, {row['persons']}, {row['dropped_out_members']})".replace("None", "NULL")
    for row in ROWS
)
FROM = f"FROM (VALUES {VALUES}) AS facts (monitored, safe_house, persons, dropped_out_members)"
NOWHERE = World({}, {}, TODAY)

FLAG_WORDS = ["monitored", "not monitored", "safe_house", "safe_house is null", "not safe_house is not null"]
NUMBER_WORDS = ["persons", "dropped_out_members", "1", "2", "persons is null"]
JOINS = ["and", "or", "=", "<>", "<", ">=", "+", "-", "*", "and not", "or not"]


def as_postgresql_reads(session: Session, condition: str) -> list[bool | None]:
    """The only place where a condition's own text is run, and one that was made of the words above."""
    return list(session.scalars(text(f"SELECT {condition} {FROM}")))


def as_we_read(tree: Tree) -> list[Any]:
    return [answer(tree, row, "", NOWHERE) for row in ROWS]


def sentence(chance: Random) -> str:
    words = FLAG_WORDS + NUMBER_WORDS + NUMBER_WORDS
    rest = [f"{chance.choice(JOINS)} {chance.choice(words)}" for _ in range(chance.randint(1, 4))]
    return " ".join([chance.choice(words), *rest])


def accepted(condition: str) -> Tree | None:
    try:
        return parse_condition(condition, NAMES)
    except ConditionRefused:
        return None


def test_what_is_accepted_without_parentheses_means_the_same_in_postgresql(alerts: Session) -> None:
    chance = Random(20261121)
    tried = {condition: accepted(condition) for condition in (sentence(chance) for _ in range(2_000))}
    read = {condition: tree for condition, tree in tried.items() if tree}
    assert len(read) > 100
    for condition, tree in read.items():
        assert (condition, as_postgresql_reads(alerts, condition)) == (condition, as_we_read(tree))


@pytest.mark.parametrize(
    "condition",
    [
        "monitored or safe_house and persons > 1",
        "not monitored and safe_house",
        "not monitored = safe_house",
        "not persons > 1 or monitored",
        "not not monitored",
        "persons - 1 - dropped_out_members > 0",
        "persons - 1 * 2 > dropped_out_members",
        "persons + 1 <> dropped_out_members and not safe_house is null",
        "persons is null or dropped_out_members is not null and monitored",
        "persons*2-1>=dropped_out_members",
        "(monitored = safe_house) = (persons = 1)",
    ],
)
def test_precedence_is_that_of_sql(alerts: Session, condition: str) -> None:
    assert as_we_read(parse_condition(condition, NAMES)) == as_postgresql_reads(alerts, condition)


@pytest.mark.parametrize("condition", ["monitored = persons < 1", "persons = 1 = monitored", "persons < 1 = monitored"])
def test_comparisons_beside_each_other_need_parentheses_as_in_sql(condition: str) -> None:
    with pytest.raises(ConditionRefused, match="parenthes"):
        parse_condition(condition, NAMES)
