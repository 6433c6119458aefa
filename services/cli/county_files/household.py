"""The households of a county, one after the other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from random import Random

from services.cli.county_files.family import Member, draw_answer, draw_family
from services.cli.county_files.identity import household_phone
from services.cli.county_files.places import County, Village, villages_of
from services.cli.county_files.report_family import report_members, report_statement
from services.cli.county_files.statement import (
    WRITTEN_WRONG,
    Statement,
    draw_statement,
    draw_year_before,
    written_wrong,
)

LIFTED = 0.22
MONITORED = 0.04
WITHOUT_STATEMENT = 0.02
STALE = 0.004  # the last statement is a year old
STATED_BEFORE = 0.3
UNSAFE_HOUSE, UNSAFE_WATER = 0.004, 0.005
BLANK = 0.003
UNUSUAL_NAMES = {2: "示例·甲子", 3: "例𠮷一"}  # the second head's has a dot, the third's a character of plane 2


@dataclass(frozen=True)
class Household:
    """Lifted (脱贫户) or ordinary (一般农户); an answer is 是, 否 or blank."""

    number: str
    village: str
    group: str
    phone: str
    lifted: bool
    monitored: bool
    house_grade: str
    safe_water: str
    members: list[Member]
    statement: Statement | None
    stale: bool = False
    before: Statement | None = None


def county_households(county: County, how_many: int, rng: Random, as_of: date) -> Iterator[Household]:
    """Numbered from 1, village by village; in the county of the report its family comes first."""
    serials = count(1)
    for serial, village in enumerate(village_of_each(villages_of(county), how_many, rng), start=1):
        number = f"{county.prefix}{serial:06d}"
        if village.code == county.report_village and serial == 1:
            yield report_household(number, village, report_members(serials, as_of))
        else:
            members = draw_family(rng, serials, as_of)
            if serial in UNUSUAL_NAMES:
                members[0] = replace(members[0], name=UNUSUAL_NAMES[serial])
            yield draw_household(rng, number, village, household_phone(serial), members)


def village_of_each(villages: list[Village], how_many: int, rng: Random) -> Iterator[Village]:
    """One household each as far as they go round, the others by lot; villages are of unequal size."""
    sizes = Counter(villages[:how_many])
    weights = [rng.uniform(0.5, 1.5) for _ in villages]
    sizes.update(rng.choices(villages, weights, k=max(0, how_many - len(villages))))
    return sizes.elements()


def draw_household(rng: Random, number: str, village: Village, phone: str, members: list[Member]) -> Household:
    lifted = rng.random() < LIFTED
    monitored = rng.random() < MONITORED
    stated = rng.random() >= WITHOUT_STATEMENT
    household = Household(
        number=number,
        village=village.code,
        group=f"{rng.randint(1, 8)}组",
        phone=phone,
        lifted=lifted,
        monitored=monitored,
        house_grade=draw_house_grade(rng),
        safe_water=draw_answer(rng, no=UNSAFE_WATER, blank=BLANK),
        members=members,
        statement=draw_statement(rng, members, lifted=lifted, monitored=monitored) if stated else None,
    )
    return with_its_past(rng, household)


def with_its_past(rng: Random, household: Household) -> Household:
    """What is wrong with a statement, and what was stated a year ago."""
    statement = household.statement
    if statement is None:
        return household
    if rng.random() < WRITTEN_WRONG:
        return replace(household, statement=written_wrong(statement))
    if rng.random() < STALE:
        return replace(household, stale=True)
    if rng.random() < STATED_BEFORE:
        return replace(household, before=draw_year_before(rng, statement))
    return household


def draw_house_grade(rng: Random) -> str:
    """A and B are safe, C wants repair, D wants rebuilding."""
    others = 1 - UNSAFE_HOUSE - BLANK
    shares = (others * 0.7, others * 0.3, UNSAFE_HOUSE * 0.6, UNSAFE_HOUSE * 0.4, BLANK)
    return rng.choices(("A", "B", "C", "D", ""), shares)[0]


def report_household(number: str, village: Village, members: list[Member]) -> Household:
    """Nothing but its income is wrong, so that one alert alone names it."""
    return Household(
        number=number,
        village=village.code,
        group="2组",
        phone=household_phone(1),
        lifted=False,
        monitored=False,
        house_grade="B",
        safe_water="是",
        members=members,
        statement=report_statement(),
    )
