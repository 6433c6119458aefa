"""What the database answers to a condition is what the condition says: held against an exact reading in Python."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from services.alerts.facts.learn import FACTS, Told, learn
from services.alerts.judging.stage import Compiler, stage_of
from services.alerts.rules.catalogue import HOUSEHOLD, STANDARDS, SUBJECTS
from services.alerts.rules.conditions import LARGEST_MONEY, Tree, facts_in, parse, parse_condition
from services.alerts.rules.rules import MOST, ReadRule
from services.kit.post.facts import table_of
from services.kit.store.reference import StandardRow
from tests.alerts.conftest import COUNTY, VILLAGE
from tests.alerts.oracle import World, answer
from tests.alerts.written import NAMES, ORDER, conditions, in_full, modest, sparingly
from tests.conftest import TODAY

ELSEWHERE = "520621002001"
LINE = 632_000
HELD: Mapping[str, Mapping[str, int | Fraction]] = {
    "monitoring_line": {"52": 600_000, COUNTY: LINE, VILLAGE[:9]: 700_000},
    "medical_burden": {COUNTY: 2_000_000},
    "medical_burden_formerly_poor": {COUNTY: 500_000, ELSEWHERE[:9]: 450_000, ELSEWHERE: 400_000},
    "schooling_burden": {COUNTY: 1_000_000},
    "expense_gap": {COUNTY: 1_500_000},
    "income_fall": {COUNTY: 30, VILLAGE[:9]: Fraction(51, 2)},
    "income_age": {COUNTY: 20},
    "income_floor": {COUNTY: 50_000},
    "income_ceiling": {COUNTY: 3_000_000},
    "transfer_share": {"52": 80},
    "low_income_line": {COUNTY: 948_000},
    "team_strength": {"52": Fraction(5, 2)},
    "presence_gap": {VILLAGE: 2},  # unknown elsewhere
    "leader_absence": {COUNTY: 5},
    "member_absence": {COUNTY: 10},
    "posting_term": {COUNTY: 600},
}
FIRST = date(2026, 10, 1)
HOLIDAYS = {date(2026, 10, day) for day in range(1, 8)}
CALENDAR = {day: day.weekday() < 5 and day not in HOLIDAYS for day in (FIRST + timedelta(days=n) for n in range(75))}
WORLD = World(HELD, CALENDAR, TODAY)
ANSWERS = {0: False, 1: True, 2: None}

Facts = Mapping[str, Any]


@pytest.fixture
def judging(alerts: Session) -> Iterator[Session]:
    rows = [
        {"date": day, "working": works, "ordinal": sum(CALENDAR[d] for d in CALENDAR if d <= day)}
        for day, works in CALENDAR.items()
    ]
    alerts.execute(text("INSERT INTO day VALUES (:date, :working, :ordinal, false, 'test', 1)"), rows)
    alerts.commit()
    yield alerts
    alerts.rollback()


def money() -> st.SearchStrategy[int | None]:
    near = st.tuples(st.sampled_from([0, LINE, 700_000, 2_000_000, 500_000, 10**12]), st.sampled_from([-1, 0, 1]))
    per_person = st.tuples(near, st.integers(1, 4)).map(lambda one: sum(one[0]) * one[1])
    return st.none() | near.map(sum) | per_person | st.integers(-(10**7), 10**7)


KINDS: Mapping[str, st.SearchStrategy[Any]] = {
    "money": money(),
    "number": st.none() | st.integers(0, 4) | st.sampled_from([99_999, 100_000]),
    "date": st.none()
    | st.sampled_from([date(2025, 1, 1), FIRST, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=3)])
    | st.dates(FIRST, TODAY),
    "flag": st.none() | st.booleans(),
}
FACT = {fact.key: KINDS[fact.type] for fact in SUBJECTS[HOUSEHOLD].facts}
VILLAGES = st.sampled_from([VILLAGE, ELSEWHERE])


def judged(
    session: Session, trees: Sequence[Tree], batch: Sequence[tuple[str, Facts]], *, quoted: bool
) -> list[list[bool | None]]:
    """What the database answers, a list a household. `quoted` is the sweep's way, values written into the text."""
    told = [Told(UUID(int=place), village, 1, facts) for place, (village, facts) in enumerate(batch)]
    subjects = learn(session, HOUSEHOLD, [Told(t.subject, t.division, 1, in_json(t.facts)) for t in told])
    rules = [ReadRule(f"rule-{place}", 1, "high", tree, ()) for place, tree in enumerate(trees)]
    staged = stage_of(rules, Compiler(table_of(FACTS[HOUSEHOLD]), rows_of_standards(), TODAY), COUNTY, None)
    if quoted:
        query = staged.compile(dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True}).string
        rows = session.connection().exec_driver_sql(query, ()).all()
    else:
        rows = session.execute(staged).all()
    session.rollback()
    masks = {row.subject: row.mask for row in rows}
    return [[ANSWERS[masks.get(one, 0) >> 2 * place & 3] for place in range(len(trees))] for one in sorted(subjects)]


def in_json(facts: Facts) -> Facts:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in facts.items()}


def rows_of_standards() -> dict[str, list[StandardRow]]:
    """Nearest place first, as standards_on gives them."""
    return {
        key: [StandardRow(place, "", decimal_of(held[place]), key) for place in sorted(held, key=len, reverse=True)]
        for key, held in HELD.items()
    }


def decimal_of(value: int | Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def said(trees: Sequence[Tree], batch: Sequence[tuple[str, Facts]]) -> list[list[Any]]:
    return [[answer(tree, facts, village, WORLD) for tree in trees] for village, facts in batch]


A_THIRD = parse_condition("net_income / persons * 3 = net_income", NAMES)
BATCHES = st.lists(st.tuples(VILLAGES, st.fixed_dictionaries(FACT)), min_size=8, max_size=25)


@settings(modest, max_examples=20)
@example([A_THIRD], [(VILLAGE, {"net_income": LINE + 1, "persons": 3})], True)
@given(st.lists(conditions(), min_size=4, max_size=8), BATCHES, st.booleans())
def test_the_database_answers_what_the_condition_says(
    judging: Session, trees: list[Tree], batch: list[tuple[str, Facts]], quoted: bool
) -> None:
    read = [parse_condition(sparingly(tree), NAMES) for tree in trees]
    assert judged(judging, read, batch, quoted=quoted) == said(trees, batch)


@modest
@given(conditions())
def test_a_condition_reads_the_same_with_every_parenthesis_and_with_the_few_it_needs(tree: Tree) -> None:
    assert parse_condition(in_full(tree), NAMES) == parse_condition(sparingly(tree), NAMES) == tree


@pytest.mark.parametrize("quoted", [True, False])
def test_division_by_zero_is_unknown_and_stops_nobody_elses_judgement(judging: Session, quoted: bool) -> None:
    tree = parse_condition("net_income / persons < monitoring_line", NAMES)
    batch = [(VILLAGE, {"net_income": 0, "persons": persons}) for persons in (0, 1, None)]
    assert judged(judging, [tree], batch, quoted=quoted) == [[None], [True], [None]]


def test_a_third_taken_three_times_is_the_whole(judging: Session) -> None:
    batch = [(VILLAGE, {"net_income": income, "persons": 3}) for income in (1, LINE + 1, -1)]
    assert judged(judging, [A_THIRD], batch, quoted=False) == [[True]] * 3


def test_a_negative_divisor_turns_no_comparison_around(judging: Session) -> None:
    trees = [parse_condition(f"net_income / cash_gap {op} persons", NAMES) for op in ("<", ">=")]
    batch = [(VILLAGE, {"net_income": 3, "cash_gap": gap, "persons": 2}) for gap in (-1, 1)]
    assert judged(judging, trees, batch, quoted=False) == [[True, False], [False, True]]


@pytest.mark.parametrize("op", ORDER)
@pytest.mark.parametrize("kind", ["money", "number"])
def test_every_fact_is_held_against_every_name_on_both_sides_of_the_boundary(
    judging: Session, kind: str, op: str
) -> None:
    sides = [key for key, name in NAMES.items() if name.type == kind]
    sides += ["working_days_since(income_until)", "income_until - income_until"] if kind == "number" else []
    trees = [parse_condition(f"{key} {op} {side}", NAMES) for key in FACT if NAMES[key].type == kind for side in sides]
    chance = Random(op)
    batch = [(village, near(chance)) for village in (VILLAGE, ELSEWHERE) for _ in range(20)]
    answers = [judged(judging, trees[start : start + 31], batch, quoted=True) for start in range(0, len(trees), 31)]
    assert [list(chain(*row)) for row in zip(*answers, strict=True)] == said(trees, batch)


def near(chance: Random) -> Facts:
    """Facts on a standard of some place, or one beside it."""
    lines = [int(line) for held in HELD.values() for line in held.values()]
    whole = [line + by for line in lines for by in (-1, 0, 1)]
    some: Mapping[str, Sequence[Any]] = {
        "money": [line for line in whole if line > 1_000],
        "number": [*range(9), None],
        "date": [TODAY - timedelta(days=days) for days in range(9)],
        "flag": [None, True, False],
    }
    return {fact.key: chance.choice(some[fact.type]) for fact in SUBJECTS[HOUSEHOLD].facts}


def test_every_fact_and_standard_that_is_named_can_be_judged(judging: Session) -> None:
    keys = [*FACT, *STANDARDS]
    asked = [parse_condition(f"{key} = {key} or persons is null", NAMES) for key in keys if NAMES[key].is_fact]
    asked += [parse_condition(f"persons is null or persons * {key} = {key}", NAMES) for key in keys if key in STANDARDS]
    batch: list[tuple[str, Facts]] = [(VILLAGE, dict.fromkeys(FACT)), (VILLAGE, {"persons": 1})]
    for some in (asked[:MOST], asked[MOST:]):
        assert judged(judging, some, batch, quoted=True) == said(some, batch)
    assert {key for tree in asked for key in facts_in(tree)} == set(FACT)


def test_what_an_explanation_shows_may_pass_bigint_and_stops_nobody(judging: Session) -> None:
    shown = (("huge", parse("net_income / (0.0001 * 0.0001)", NAMES)),)
    rule = ReadRule("rule", 1, "high", parse_condition("net_income > monitoring_line", NAMES), shown)
    learn(judging, HOUSEHOLD, [Told(UUID(int=1), VILLAGE, 1, {"net_income": LARGEST_MONEY})])
    compiler = Compiler(table_of(FACTS[HOUSEHOLD]), rows_of_standards(), TODAY)
    row = judging.execute(stage_of([rule], compiler, COUNTY, None)).one()
    assert row.evidence[0]["shown"]["huge"] == LARGEST_MONEY * 10**8
