"""Where a cadre was posted on a day, and what stands there."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from services.kit.web.errors import NotThere

# Of cadre `c`: each posting with its team's village and the station there, the latest first.
POSTINGS = """
    SELECT jsonb_agg(jsonb_build_array(p.team_id, t.village, lower(p.valid), upper(p.valid),
                     s.latitude, s.longitude, s.radius, s.boundary) ORDER BY p.valid DESC)
    FROM posting p JOIN team t ON t.id = p.team_id LEFT JOIN station s ON s.village = t.village
    WHERE p.cadre_id = c.id
"""


class Station(NamedTuple):
    latitude: float
    longitude: float
    radius: float
    boundary: list[list[float]] | None


class Home(NamedTuple):
    """`holds` is false where no posting held on the day asked about, and this is the cadre's latest instead."""

    team_id: UUID
    village: str
    holds: bool
    station: Station | None = None


class Posted(NamedTuple):
    """On the days [since, until)."""

    team_id: UUID
    village: str
    since: date
    until: date
    station: Station | None

    @classmethod
    def read(cls, row: Sequence[Any]) -> "Posted":
        team, village, since, until, *station = row
        return cls(
            UUID(team),
            village,
            date.fromisoformat(since) if since else date.min,
            date.fromisoformat(until) if until else date.max,
            Station(*station) if station[0] is not None else None,
        )


def home_on(postings: Sequence[Posted], day: date) -> Home:
    """Every cadre has one: an import makes both or neither."""
    for one in postings:
        if one.since <= day < one.until:
            return Home(one.team_id, one.village, True, one.station)
    if not postings:
        raise NotThere
    return Home(postings[0].team_id, postings[0].village, False, postings[0].station)
