"""Whether a check-in was made in the village. Doubt is said, and never counted against anybody."""

from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from services.attendance.coordinates import Point, depth_in_circle, depth_in_polygon

Verdict: TypeAlias = Literal["inside", "outside", "uncertain"]

CLOCK_AHEAD = timedelta(minutes=15)  # a device may be this much fast; beyond it, its day proves nothing


class Ground(Protocol):
    """Where a team is to be found: degrees, metres, and corners where somebody has drawn the village's boundary."""

    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...
    @property
    def radius(self) -> float: ...
    @property
    def boundary(self) -> list[list[float]] | None: ...


def verdict_of(
    station: Ground | None, point: Point | None, accuracy: float | None, *, at: datetime, now: datetime
) -> Verdict:
    """Inside or outside only where the accuracy (metres) leaves no doubt: the whole circle of error on one side.

    Without a point, an accuracy (a negative one is a device's "invalid"), a station, or with a time still to come:
    uncertain.
    """
    if station is None or point is None or accuracy is None or accuracy < 0 or at > now + CLOCK_AHEAD:
        return "uncertain"
    depth = depth_in(station, point)
    if depth >= accuracy:
        return "inside"
    return "outside" if depth < -accuracy else "uncertain"


def depth_in(station: Ground, point: Point) -> float:
    """Metres. The village's boundary widens the circle around the station and never narrows it."""
    circle = depth_in_circle(point, Point(station.latitude, station.longitude), station.radius)
    if not station.boundary:
        return circle
    return max(circle, depth_in_polygon(point, [Point(*corner) for corner in station.boundary]))
