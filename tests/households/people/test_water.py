"""Water by its four indicators, with both sides of each threshold."""

from itertools import product
from typing import Any

import pytest
from sqlmodel import Session

from services.households.register.water import all_hold, any_holds
from tests.households.conftest import facts_of
from tests.households.people.conftest import Put

DAY = "2026-03-01"
SOUND: dict[str, Any] = {"litres": 20, "quality": True, "quality_basis": "report", "piped": True, "outage_days": 36}


@pytest.mark.parametrize(
    ("changed", "safe"),
    [
        ({}, True),
        ({"litres": 19}, False),
        ({"litres": None}, None),
        ({"quality": False}, False),
        ({"quality": None}, None),
        ({"outage_days": 37}, False),
        ({"outage_days": None}, None),
        ({"piped": False, "fetch_minutes": 20}, True),
        ({"piped": False, "fetch_metres": 800}, True),
        ({"piped": False, "fetch_climb": 80}, True),
        ({"piped": False, "fetch_minutes": 21, "fetch_metres": 801, "fetch_climb": 81}, False),
        ({"piped": False, "fetch_minutes": 21}, None),
        ({"litres": None, "quality": False}, False),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
@pytest.mark.usefixtures("water_standards")
def test_water_is_safe_by_four_indicators_and_unknown_stays_unknown(
    households: Session, family: str, put: Put, changed: dict[str, Any], safe: bool | None
) -> None:
    answer = put(f"{family}/water", {"since": DAY, **SOUND, **changed})
    assert (answer.status_code, answer.json()["safe"]) == (200, safe)
    households.rollback()
    assert facts_of(households, "JK1").safe_water is safe


def test_a_threshold_nobody_has_set_is_asked_for_by_name(family: str, put: Put) -> None:
    answer = put(f"{family}/water", {"since": DAY, "litres": 20})
    assert (answer.status_code, answer.json()["code"]) == (409, "standard-missing")
    assert "water_litres" in answer.json()["detail"]
    assert put(f"{family}/water", {"since": DAY, "quality": False}).json()["safe"] is False


@pytest.mark.parametrize("verdicts", list(product((True, False, None), repeat=3)), ids=str)
def test_what_is_unknown_decides_nothing_that_could_still_turn_out_otherwise(verdicts: tuple[bool | None, ...]) -> None:
    ways = [[one] if one is not None else [True, False] for one in verdicts]
    every = {all(way) for way in product(*ways)}
    some = {any(way) for way in product(*ways)}
    assert all_hold(verdicts) is (every.pop() if len(every) == 1 else None)
    assert any_holds(verdicts) is (some.pop() if len(some) == 1 else None)
