"""Points of Chinese maps, and places they lie in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.coordinates import (
    Point,
    depth_in_circle,
    depth_in_polygon,
    gcj02_to_bd09,
    metres_between,
    to_wgs84,
    wgs84_to_gcj02,
)

# Published with github.com/googollee/eviltransform: WGS-84 and the GCJ-02 of the same spot.
SHANGHAI = (Point(31.1774276, 121.5272106), Point(31.17530398364597, 121.531541859215))
SHENZHEN = (Point(22.543847, 113.912316), Point(22.540796131694766, 113.9171764808363))
BEIJING = (Point(39.911954, 116.377817), Point(39.91334545536069, 116.38404722455657))

in_china = st.builds(Point, st.floats(18, 53), st.floats(74, 134.7))
SQUARE = [Point(27.70, 108.84), Point(27.70, 108.85), Point(27.71, 108.85), Point(27.71, 108.84)]


@pytest.mark.parametrize(("real", "shown"), [SHANGHAI, SHENZHEN, BEIJING])
def test_the_shift_is_the_published_one(real: Point, shown: Point) -> None:
    assert metres_between(wgs84_to_gcj02(real), shown) < 0.001
    assert metres_between(to_wgs84(shown, "gcj02"), real) < 0.001


@given(in_china)
def test_a_shift_of_gcj02_is_some_hundred_metres(point: Point) -> None:
    assert 20 < metres_between(wgs84_to_gcj02(point), point) < 1000


@pytest.mark.parametrize("point", [SHANGHAI[0], SHENZHEN[0], BEIJING[0], Point(27.70, 108.84), Point(35.84, 104.11)])
def test_where_people_live_a_shift_is_between_250_and_700_metres(point: Point) -> None:
    assert 250 < metres_between(wgs84_to_gcj02(point), point) < 700


@given(in_china)
def test_gcj02_comes_back_to_the_same_point(point: Point) -> None:
    assert metres_between(to_wgs84(wgs84_to_gcj02(point), "gcj02"), point) < 0.01


@given(in_china)
def test_bd09_comes_back_to_the_same_point(point: Point) -> None:
    assert metres_between(to_wgs84(gcj02_to_bd09(wgs84_to_gcj02(point)), "bd09"), point) < 0.01


def test_bd09_lies_about_a_kilometre_beyond_gcj02() -> None:
    point = Point(27.70, 108.84)
    assert 500 < metres_between(gcj02_to_bd09(point), point) < 1200


def test_wgs84_and_places_abroad_are_left_alone() -> None:
    assert to_wgs84(Point(27.70, 108.84), "wgs84") == Point(27.70, 108.84)
    assert to_wgs84(Point(48.85, 2.35), "gcj02") == Point(48.85, 2.35)


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert metres_between(Point(27, 108), Point(28, 108)) == pytest.approx(111_195, abs=1)
    assert metres_between(Point(0, 0), Point(0, 180)) == pytest.approx(20_015_115, abs=10)


def test_depth_in_a_circle_is_what_is_left_to_its_rim() -> None:
    centre = Point(27.70, 108.84)
    assert depth_in_circle(centre, centre, 500) == 500
    assert depth_in_circle(Point(27.71, 108.84), centre, 500) == pytest.approx(500 - 1112, abs=1)


def test_depth_in_a_village_is_the_way_to_its_nearest_edge() -> None:
    assert depth_in_polygon(Point(27.7001, 108.845), SQUARE) == pytest.approx(11.1, abs=0.1)
    assert depth_in_polygon(Point(27.705, 108.8499), SQUARE) == pytest.approx(9.85, abs=0.1)
    assert depth_in_polygon(Point(27.6999, 108.845), SQUARE) == pytest.approx(-11.1, abs=0.1)
    assert depth_in_polygon(Point(27.72, 108.84), SQUARE) == pytest.approx(-1112, abs=1)


def test_a_notch_in_the_boundary_is_outside() -> None:
    notched = [*SQUARE[:3], Point(27.705, 108.845), SQUARE[3]]
    assert depth_in_polygon(Point(27.708, 108.845), notched) < 0 < depth_in_polygon(Point(27.702, 108.845), notched)


@given(in_china, st.integers(0, 3))
def test_where_a_boundary_begins_does_not_matter(offset: Point, start: int) -> None:
    corners = [Point(c.latitude - 27.7 + offset.latitude, c.longitude - 108.84 + offset.longitude) for c in SQUARE]
    asked = Point(offset.latitude + 0.004, offset.longitude + 0.003)
    turned = [*corners[start:], *corners[:start]]
    assert depth_in_polygon(asked, turned) == pytest.approx(depth_in_polygon(asked, corners))
    assert depth_in_polygon(asked, turned[::-1]) > 0
