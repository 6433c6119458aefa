"""Points of Chinese maps brought to WGS-84, metres between points, and how deep a point lies in a place.

Maps published in China are shifted by a few hundred metres: GCJ-02 (高德, 腾讯), and BD-09 (百度) once more on top of
it. The shifts are no official text; they are the functions in general use, as in github.com/googollee/eviltransform,
whose published pairs are our tests. CGCS2000, the national datum, equals WGS-84 to the centimetre.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Literal, NamedTuple, TypeAlias

Datum: TypeAlias = Literal["wgs84", "gcj02", "bd09"]

EARTH = 6_371_008.8  # metres, mean radius
METRES_A_DEGREE = EARTH * pi / 180
KRASOVSKY_AXIS, KRASOVSKY_E2 = 6_378_245.0, 0.006_693_421_622_965_943  # the ellipsoid the shift is reckoned on
ROUNDS = 12  # of the inverse: each shrinks the error a thousandfold, so the last ones change nothing


class Point(NamedTuple):
    """Degrees."""

    latitude: float
    longitude: float


def to_wgs84(point: Point, datum: Datum) -> Point:
    if datum == "bd09":
        point = undone(gcj02_to_bd09, point)
    return undone(wgs84_to_gcj02, point) if datum != "wgs84" else point


def undone(shift: Callable[[Point], Point], shifted: Point) -> Point:
    """The point that `shift` moves to `shifted`: there is no formula for it, but the shift hardly varies nearby."""
    point = shifted
    for _ in range(ROUNDS):
        there = shift(point)
        point = Point(
            point.latitude + shifted.latitude - there.latitude, point.longitude + shifted.longitude - there.longitude
        )
    return point


def wgs84_to_gcj02(point: Point) -> Point:
    """Only within the box around China; elsewhere maps are not shifted."""
    if not (0.8293 <= point.latitude <= 55.8271 and 72.004 <= point.longitude <= 137.8347):
        return point
    x, y = point.longitude - 105.0, point.latitude - 35.0
    wave = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (2 / 3) * (
        wave + 20 * sin(y * pi) + 40 * sin(y / 3 * pi) + 160 * sin(y / 12 * pi) + 320 * sin(y / 30 * pi)
    )
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (2 / 3) * (wave + 20 * sin(x * pi) + 40 * sin(x / 3 * pi) + 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi))
    latitude = radians(point.latitude)
    bulge = 1 - KRASOVSKY_E2 * sin(latitude) ** 2
    metres_north = KRASOVSKY_AXIS * (1 - KRASOVSKY_E2) / bulge**1.5 * pi / 180
    metres_east = KRASOVSKY_AXIS / sqrt(bulge) * cos(latitude) * pi / 180
    return Point(point.latitude + north / metres_north, point.longitude + east / metres_east)


def gcj02_to_bd09(point: Point) -> Point:
    y, x = point
    turn = pi * 3000 / 180
    length = hypot(x, y) + 0.00002 * sin(y * turn)
    angle = atan2(y, x) + 0.000003 * cos(x * turn)
    return Point(length * sin(angle) + 0.006, length * cos(angle) + 0.0065)


def metres_between(here: Point, there: Point) -> float:
    """Along the great circle (haversine)."""
    south, north = radians(here.latitude), radians(there.latitude)
    across = sin(radians(there.longitude - here.longitude) / 2) ** 2
    chord = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * across
    return 2 * EARTH * asin(min(1.0, sqrt(chord)))


def depth_in_circle(point: Point, centre: Point, radius: float) -> float:
    """Metres to the rim, less than zero outside."""
    return radius - metres_between(point, centre)


def depth_in_polygon(point: Point, corners: Sequence[Point]) -> float:
    """Metres to the nearest edge, less than zero outside. The earth is flat over the width of a village."""
    shrink = cos(radians(point.latitude))
    flat = [((c.longitude - point.longitude) * shrink, c.latitude - point.latitude) for c in corners]
    edges = list(pairwise([*flat, flat[0]]))
    inside = sum(crosses(*edge) for edge in edges) % 2 == 1
    return min(distance_to(*edge) for edge in edges) * METRES_A_DEGREE * (1 if inside else -1)


Flat: TypeAlias = tuple[float, float]  # east, north of the point that is asked about


def crosses(start: Flat, end: Flat) -> bool:
    """Whether a ray from the origin to the east meets the edge."""
    (x1, y1), (x2, y2) = start, end
    return (y1 > 0) != (y2 > 0) and x1 - y1 * (x2 - x1) / (y2 - y1) > 0


def distance_to(start: Flat, end: Flat) -> float:
    """From the origin to the nearest point of the edge."""
    (x1, y1), (x2, y2) = start, end
    long = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = max(0.0, min(1.0, -(x1 * (x2 - x1) + y1 * (y2 - y1)) / long)) if long else 0.0
    return hypot(x1 + along * (x2 - x1), y1 + along * (y2 - y1))
