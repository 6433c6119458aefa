"""Each check finds what it says and nothing beside it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.models.living import HouseholdConditions
from services.households.models.people import PersonInsurance, WorkMonth
from services.households.quality.checks import checks
from services.households.quality.ground import STANDARDS
from services.kit.store.tables import Standard
from tests.clock import TODAY
from tests.households.quality.families import BOUNDS, NEXT, TOLD, Family, years_ago

Odd = Callable[[Family], Any]


def bigger(family: Family, **said: Any) -> None:
    family.add(HouseholdConditions(household_id=family.id, since=TODAY, **said, **TOLD))


def nobody(family: Family) -> None:
    family.session.execute(text("DELETE FROM membership"))


def helpless(family: Family) -> Family:
    return family.told(family.head, labour_capacity="lost")


def insured_twice(family: Family) -> None:
    said: dict[str, Any] = {"person_id": family.head, "year": TODAY.year, "enrolled": True}
    family.add(*(PersonInsurance(kind=kind, **said, **TOLD) for kind in ("resident", "employee")))


def pupil(family: Family) -> None:
    child = family.member("20", years_ago(12), schooling="in_school")
    family.add(WorkMonth(person_id=child, month=date(2026, 9, 1), working=True, **TOLD))


def twice_numbered(family: Family) -> None:
    other = Family(family.session, NEXT)
    for one in (family, other):
        one.monitored(national_number="N1")


ODD: dict[str, list[Odd]] = {
    "poor-without-safe-water": [lambda f: (f.tag("formerly_poor"), f.mark(safe_water=False))],
    "unsafe-house-unmonitored": [lambda f: f.mark(housing_grade="C"), lambda f: f.mark(housing_grade="D")],
    "eliminated-house-unsafe": [lambda f: (f.eliminated(), f.tag("monitored"), f.mark(housing_grade="C"))],
    "eliminated-water-unsafe": [lambda f: (f.eliminated(), f.mark(safe_water=False))],
    "eliminated-unreachable": [lambda f: (f.eliminated(), f.mark(sealed_phone=None))],
    "monitored-unreachable": [lambda f: (f.monitored(), f.mark(sealed_phone=None))],
    "farmland-too-large": [lambda f: bigger(f, farmland=1_001)],
    "forest-too-large": [lambda f: bigger(f, forest_land=5_001)],
    "no-members": [nobody],
    "no-head": [lambda f: f.session.execute(text("UPDATE membership SET relation = '20'"))],
    "several-heads": [lambda f: f.member("02", years_ago(41))],
    "head-named-otherwise": [lambda f: f.mark(head_name="示乙")],
    "generations-disordered": [lambda f: f.member("20", years_ago(40)), lambda f: f.member("51", years_ago(40))],
    "several-spouses": [lambda f: (f.member("12", years_ago(39)), f.member("10", years_ago(38)))],
    "dead-and-a-member": [lambda f: f.member("51", years_ago(80), died_on=TODAY)],
    "number-overdue": [lambda f: f.member("20", years_ago(2), number_missing="新生儿", number_due_on=years_ago(1))],
    "too-old": [lambda f: f.member("61", years_ago(111))],
    "school-age-unknown": [lambda f: f.member("20", years_ago(10), schooling=None)],
    "school-age-out-unmonitored": [lambda f: f.member("20", years_ago(10), schooling="dropped_out")],
    "pupil-working": [pupil],
    "labour-of-a-child": [
        lambda f: f.told(f.member("20", years_ago(15), schooling="in_school"), labour_capacity="ordinary")
    ],
    "married-too-young": [lambda f: f.told(f.member("20", years_ago(21)), marital="20")],
    "insured-twice": [insured_twice],
    "nobody-can-work-untagged": [helpless],
    "labour-though-tagged": [lambda f: (f.tag("no_labour"), f.told(f.head, labour_capacity="weak"),
                                        f.told(f.member("20", years_ago(20)), labour_capacity="skilled"))],
    "wages-too-small": [lambda f: f.earned(wage=9_999, transfer=100_000)],
    "income-too-low": [lambda f: f.earned(transfer=50_000)],
    "income-too-high": [lambda f: f.earned(wage=3_000_001)],
    "too-high-at-identification": [lambda f: f.earned("identification", wage=2_000_001)],
    "allowance-left-out": [lambda f: f.tag("subsistence_allowance")],
    "industry-help-without-income": [lambda f: f.receives("100A39")],
    "hardship-help-unlisted": [lambda f: (f.tag("extreme_hardship"), f.earned(wage=2_900_000, transfer=1))],
    "too-old-for-a-post": [lambda f: f.receives("100A42", f.member("51", years_ago(70)))],
    "monitored-incomplete": [
        lambda f: (f.monitored(), f.mark(housing_grade=None)),
        lambda f: f.monitored(identified_on=None),
        lambda f: (f.monitored(), f.member("51", years_ago(70), insured=None)),
    ],
    "monitored-without-measures": [lambda f: f.monitored(identified_on=TODAY - timedelta(days=31))],
    "tagged-without-a-case": [lambda f: f.tag("monitored")],
    "case-without-the-tag": [lambda f: f.case_of()],
    "national-number-twice": [twice_numbered],
    "eliminated-too-early": [lambda f: f.eliminated(identified_on=date(2026, 5, 22))],
    "eliminated-at-once": [lambda f: f.eliminated(identified_on=date(2026, 10, 1))],
    "eliminated-below-line": [lambda f: (f.eliminated(), f.earned(wage=799_999))],
    "eliminated-child-out-of-school": [
        lambda f: (f.eliminated(), f.tag("monitored"), f.member("20", years_ago(10), schooling="dropped_out"))
    ],
    "eliminated-without-labour": [lambda f: (f.eliminated(), f.tag("no_labour"))],
    "work-risk-nobody-can-work": [lambda f: (f.monitored(risks=["07"]), helpless(f))],
    "work-risk-nobody-worked": [lambda f: f.monitored(risks=["07"])],
    "relocated-after-2020": [lambda f: (f.monitored(), f.measure("100A53"))],
}  # fmt: skip
# What cannot be odd alone.
BESIDE = {
    "no-members": {"income-too-low", "income-too-high"},
    "eliminated-house-unsafe": {"tagged-without-a-case"},
    "eliminated-child-out-of-school": {"tagged-without-a-case"},
    "allowance-left-out": set(),
    "work-risk-nobody-can-work": {"work-risk-nobody-worked", "nobody-can-work-untagged"},
    "eliminated-at-once": {"eliminated-too-early"},
}


def test_every_check_is_tried(session: Session) -> None:
    assert set(ODD) == set(checks())
    assert {key for check in checks().values() for key in check.standards} == set(STANDARDS) == set(BOUNDS)


def test_of_a_sound_household_nothing_is_found(session: Session) -> None:
    assert Family(session).found() == set()
    helped = Family(session, NEXT)
    helped.monitored()
    assert helped.found() == set()


@pytest.mark.parametrize(("key", "nth"), [(key, nth) for key, ways in ODD.items() for nth in range(len(ways))])
def test_a_check_finds_what_it_says_and_nothing_beside_it(session: Session, key: str, nth: int) -> None:
    family = Family(session)
    ODD[key][nth](family)
    session.flush()
    found = family.found()
    assert key in found
    assert found - {key} <= BESIDE.get(key, set()), found


def test_school_begins_and_ends_where_the_county_says(session: Session) -> None:
    young = Family(session)
    young.member("20", years_ago(5), schooling=None)
    assert "school-age-unknown" not in young.found()
    session.add(
        Standard(
            key="school_age_from", division="520621", valid=Range(date(2026, 1, 1), None), value=Decimal(5), unit="岁",
            document_no="示例〔2026〕5号", version=1,
        )
    )  # fmt: skip
    session.flush()
    assert "school-age-unknown" in young.found()


def test_work_begins_at_the_age_the_document_says_and_where_none_says_nobody_is_judged(session: Session) -> None:
    family = Family(session)
    pupil(family)
    family.told(family.member("20", years_ago(15), schooling="not_in_school"), labour_capacity="ordinary")
    of_work = {"pupil-working", "labour-of-a-child"}
    assert of_work <= family.found()
    age = session.scalars(select(Standard).where(col(Standard.key) == "labour_age")).one()
    age.value = Decimal(12)
    session.flush()
    assert not of_work & family.found()
    age.value, age.valid = Decimal(16), Range(TODAY + timedelta(days=1), None)
    session.flush()
    assert not of_work & family.found()


def test_an_elimination_is_judged_by_the_line_and_the_income_of_its_day(session: Session) -> None:
    """Poorer afterwards is no fault of the decision; and a line that was higher then is."""
    later = Family(session, NEXT)
    later.eliminated(closed_on=date(2026, 10, 31)).earned(wage=799_999)
    assert "eliminated-below-line" not in later.found()
    standing = session.scalars(select(Standard).where(col(Standard.key) == "monitoring_line")).one()
    decided = Family(session)
    decided.eliminated().earned(wage=800_000)
    assert "eliminated-below-line" not in decided.found()
    standing.valid = Range(standing.valid.lower, TODAY + timedelta(1))
    standing.value = Decimal(800_001)
    session.flush()
    assert "eliminated-below-line" in decided.found()
