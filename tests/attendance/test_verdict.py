"""Whether a check-in was made in the village."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.coordinates import METRES_A_DEGREE, Point
from services.attendance.presence.verdict import verdict_of
from tests.attendance.conftest import RADIUS, STATION, VILLAGE, station_in
from tests.callers import HERE


def north_of_the_station(metres: float) -> Point:
    return Point(STATION[0] + metres / METRES_A_DEGREE, STATION[1])


def verdict(metres: float, accuracy: float | None, **late: float) -> str:
    at = HERE + timedelta(**late)
    return verdict_of(station_in(VILLAGE), north_of_the_station(metres), accuracy, at=at, now=HERE)


@pytest.mark.parametrize(
    ("metres", "accuracy", "expected"),
    [
        (0, 10, "inside"),
        (480, 19, "inside"),
        (480, 21, "uncertain"),
        (519, 20, "uncertain"),
        (521, 20, "outside"),
        (5000, 10, "outside"),
        (0, 3000, "uncertain"),
        (0, None, "uncertain"),
        (5000, None, "uncertain"),
        (0, -1, "uncertain"),
    ],
)
def test_only_what_the_accuracy_leaves_no_doubt_of_is_said(
    metres: float, accuracy: float | None, expected: str
) -> None:
    assert verdict(metres, accuracy) == expected


def test_without_a_point_or_a_station_it_cannot_be_told() -> None:
    assert verdict_of(station_in(VILLAGE), None, 10, at=HERE, now=HERE) == "uncertain"
    assert verdict_of(None, north_of_the_station(0), 10, at=HERE, now=HERE) == "uncertain"


def test_a_time_still_to_come_proves_nothing_but_a_slightly_fast_clock_does_no_harm() -> None:
    assert verdict(0, 10, minutes=14) == "inside"
    assert verdict(0, 10, minutes=16) == "uncertain"
    assert verdict(0, 10, days=-300) == "inside"


def test_the_boundary_of_the_village_counts_beside_the_station() -> None:
    station = station_in(VILLAGE)
    far, beyond = north_of_the_station(2000), north_of_the_station(9000)
    corners = [(27.69, 108.80), (27.69, 108.88), (27.74, 108.88), (27.74, 108.80)]
    assert verdict_of(station, far, 20, at=HERE, now=HERE) == "outside"
    station.boundary = [list(corner) for corner in corners]
    assert verdict_of(station, far, 20, at=HERE, now=HERE) == "inside"
    assert verdict_of(station, beyond, 20, at=HERE, now=HERE) == "outside"


@given(st.floats(0, 20_000), st.floats(0, 5000), st.floats(0, 1))
def test_wherever_the_cadre_really_was_a_certain_verdict_is_true(metres: float, accuracy: float, error: float) -> None:
    """The device is off by no more than its accuracy, here along the line to the station."""
    seen = verdict(metres, accuracy)
    for truly in (metres + error * accuracy, abs(metres - error * accuracy)):
        assert seen != "inside" or truly <= RADIUS + 0.01
        assert seen != "outside" or truly >= RADIUS - 0.01
