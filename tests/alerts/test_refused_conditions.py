"""What is not of the rules' language is refused by name: no other error, and never a silent yes."""

import pytest

from services.alerts.rules.conditions import ConditionRefused, parse, parse_condition
from tests.alerts.written import NAMES

STATEMENTS = [
    "select persons > 3",
    "persons > (select 1)",
    "exists (select 1)",
    "persons > all (select persons)",
    "persons > any (array[1])",
    "with x as (select 1) select true from x",
    "persons > 1 union select 1",
    "persons > 1 limit 1",
    "persons > 1 order by 1",
    "persons > 3; drop table alert",
    "persons > 3;",
    "drop table alert",
    "set role postgres",
    "copy alert to program 'sh'",
    "explain select 1",
    "do $$ begin end $$",
    "values (1)",
]
CALLS = [
    "pg_sleep(10) > persons",
    "coalesce(persons, 0) > 1",
    "now() > income_until",
    "current_date > income_until",
    "version() = 'x'",
    "working_days_since() > 3",
    "working_days_since(persons) > 3",
    "working_days_since(income_until, income_until) > 3",
    "working_days_since(distinct income_until) > 3",
    "working_days_since(all income_until) > 3",
    "working_days_since(income_until,) > 3",
    "working_days_since(income_until order by persons) > 3",
    "working_days_since(income_until) over () > 3",
    "working_days_since(income_until) filter (where monitored) > 3",
    '"working_days_since"(income_until) > 3',
    "pg_catalog.working_days_since(income_until) > 3",
    "{fn working_days_since(income_until)} > 3",
    "row_number() over (order by persons) > 3",
    "case when persons > 1 then true end",
    "if(persons > 1, true, false)",
    "row(persons) = row(1)",
]
OPERATORS = [
    "persons::text = 'a'",
    "cast(persons as int) > 1",
    "try_cast(persons as int) > 1",
    "persons between 1 and 2",
    "persons in (1, 2)",
    "persons like 'a'",
    "persons similar to 'a'",
    "persons ~ 'a'",
    "persons || 'x' = 'y'",
    "'x' || 'y' = 'xy' and monitored",
    "persons -> 'a' = 1",
    "persons ->> 'a' = '1'",
    "persons @> persons",
    "persons ? 'a'",
    "persons #> '{a}' = 1",
    "persons[1] > 3",
    "persons operator(pg_catalog.+) 3 > 1",
    "persons % 2 = 1",
    "persons ^ 2 > 3",
    "persons & 1 = 1",
    "persons << 1 > 3",
    "|/ persons > 3",
    "@ persons > 3",
    "- persons < 3",
    "persons > -3",
    "persons == 3",
    "persons := 3",
    "persons <=> 3",
    "persons is not distinct from 3",
    "persons collate \"C\" = persons",
    "monitored at time zone 'x'",
    "not monitored isnull",
    "monitored is unknown",
    "monitored is true",
    "monitored is not false",
]  # fmt: skip
NAMES_AND_MARKS = [
    "income > 3",
    "PERSONS > 3",
    '"persons" > 3',
    "household_facts.persons > 3",
    "public.household_facts.persons > 3",
    "persons.* > 3",
    "* > 3",
    "persons > :x",
    "persons > %s",
    "persons > %(x)s",
    "persons > $1",
    "persons > ?",
    "persons > {x}",
    "persons > {{ x }}",
    "persons > @x",
    "persons > 3 -- and monitored",
    "persons > 3 /* and monitored */",
    "/*+ parallel */ persons > 3",
    "persons > 3 # and monitored",
    "persons > 3 x",
    "persons > 3 as x",
    "persons > \\3",
    "`persons` > 3",
]
LOOK_ALIKES = [
    "реrsons > 3",  # Cyrillic
    "ｐersons > 3",
    "persons ＞ 3",
    "persons > ３",
    "persons > ٣",
    "persons\u3000> 3",
    "persons\u00a0> 3",
    "persons > 3\u200b",
    "persons > 3\u202e",
    "persons ≥ 3",
    "monitored ａnd safe_house",
    "persons > 3\x00",
    "persons > 3\ud800",
    "人口 > 3",
]
NUMBERS = [
    "persons > 100001",
    "persons > 99999999999999999999999999",
    "persons > " + "9" * 1_900,
    "persons > " + "9" * 1_000 + "e" + "9" * 50,
    "persons > 1e",
    "persons > 1e2",
    "persons > 1e400000",
    "persons > 1e-400000",
    "persons > 0.00001",
    "persons > 0." + "0" * 1_900,
    "persons > 1.2.3",
    "persons > .5",
    "persons > 5.",
    "persons > 1_000",
    "persons > 0x10",
    "persons > 1d",
    "persons > nan",
    "persons > 'NaN'",
    "persons > infinity",
    "persons > b'1'",
]
MEANINGLESS = [
    "",
    " ",
    "()",
    "not",
    "and",
    "persons",
    "persons >",
    "persons > ()",
    "(persons > 3",
    "persons > 3)",
    "persons > 3 and",
    "monitored monitored",
    "true",
    "not true",
    "1 = 1",
    "1 = 1 and monitored",
    "persons > 3 or 1 = 1",
    "monitored and true",
    "'a' = 'a' and monitored",
    "monitoring_line > medical_burden",
    "monitoring_line = monitoring_line and monitored",
    "monitoring_line is null and monitored",
    "persons = null",
    "null = null",
    "null",
    "3 is null and monitored",
    "(persons + 1) is null",
    "persons is null is null",
    "net_income * net_income > net_income",
    "net_income + persons > net_income",
    "net_income > persons",
    "net_income > 5",
    "persons / net_income > 1",
    "income_until > persons",
    "income_until > '2026-01-01'",
    "income_until + 1 > income_until",
    "income_until + income_until > income_until",
    "monitored > safe_house",
    "monitored + 1 = 2",
    "monitored = 1",
    "monitored = 'true'",
    "not persons",
    "persons and monitored",
    "persons * persons * persons * persons > 1",
    "net_income * 100000 * 100000 > net_income",
]
DEEP = [
    "(" * 10_000 + "persons" + ")" * 10_000 + " > 3",
    "(" * 900 + "persons" + ")" * 900 + " > 3",
    "(" * 60 + "persons" + ")" * 60 + " > 3",
    "(" * 1_900,
    "not " * 400 + "monitored",
    "persons" + " + 1" * 400 + " > 3",
    "persons" + "+1" * 900 + " > 3",
    "working_days_since(" * 100 + "income_until" + ")" * 100 + " > 3",
    "monitored" + " and monitored" * 120,
    "persons > " + "- " * 900 + "1",
    "persons > " + "-" * 1_800 + "1",
    "case when " * 190,
    "persons > 3" + " or persons > 3" * 1_000,
]
HOSTILE = STATEMENTS + CALLS + OPERATORS + NAMES_AND_MARKS + LOOK_ALIKES + NUMBERS + MEANINGLESS + DEEP


@pytest.mark.parametrize("condition", HOSTILE, ids=lambda condition: ascii(condition[:40]))
def test_it_is_refused_by_name(condition: str) -> None:
    with pytest.raises(ConditionRefused) as refused:
        parse_condition(condition, NAMES)
    assert refused.value.detail
    assert len(refused.value.detail) < 600


@pytest.mark.parametrize("placeholder", ["now()", "persons; 1", "persons -- x", "1e", '"persons"', "(select 1)", ""])
def test_a_placeholder_of_an_explanation_is_held_to_the_same_language(placeholder: str) -> None:
    with pytest.raises(ConditionRefused):
        parse(placeholder, NAMES)


def test_a_refusal_names_what_was_not_known_and_what_is() -> None:
    with pytest.raises(ConditionRefused, match="income; known: cash_gap, "):
        parse_condition("income > 3", NAMES)


def test_an_ordinary_condition_is_read_at_once_however_it_is_spaced() -> None:
    tidy = parse_condition("net_income < monitoring_line * persons and not monitored", NAMES)
    assert parse_condition(" net_income<monitoring_line*persons\n\tAND  NOT(monitored) ", NAMES) == tidy
