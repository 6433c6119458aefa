"""A check-in as it is sent, as it is written down, and as it is known again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from services.attendance.coordinates import Point
from services.attendance.facts import presence_changed
from services.attendance.presence.days import settle_days
from services.attendance.presence.verdict import Verdict
from services.kit.store.lanes import Ask
from services.kit.store.sets import as_array
from services.kit.web.errors import DomainError

RECORDED = "check_in.recorded"


@dataclass(frozen=True)
class Sighting:
    """A check-in as sent, its point in WGS-84. `named`: the cadre, where it is not the sender's own by silence."""

    id: UUID
    at: datetime
    point: Point | None
    accuracy: float | None
    datum: str
    named: UUID | None


@dataclass(frozen=True)
class Entry:
    """A check-in as it is written down."""

    id: UUID
    cadre_id: UUID
    recorded_by: str
    at: datetime
    received_at: datetime
    day: date
    point: Point | None
    accuracy: float | None
    datum: str
    village: str | None
    verdict: Verdict
    near: str = ""  # the village it is told about: that day's, or where the cadre was latest
    team_id: UUID | None = None


@dataclass
class Recorded:
    """`known`: it had been written down before. `status` of its day, as it stands after all of the transaction."""

    entry: Entry
    known: bool
    status: str


Outcome: TypeAlias = Recorded | DomainError


def entry_of(row: Mapping[str, Any]) -> Entry:
    point = Point(row["latitude"], row["longitude"]) if row["latitude"] is not None else None
    names = ("id", "cadre_id", "recorded_by", "at", "received_at", "day", "accuracy", "datum", "village", "verdict")
    return Entry(point=point, **{name: row[name] for name in names})


def write(fresh: Sequence[Entry]) -> list[Ask]:
    """An id that two lanes write for two cadres at once is refused by its key: the second is then run anew."""
    inside = {(one.team_id, one.cadre_id, one.day) for one in fresh if one.team_id and one.verdict == "inside"}
    teams = sorted({team for team, _, _ in inside})
    news = [Ask(LOCK_TEAMS, {"teams": as_array(teams)})] if teams else []
    told = [presence_changed(inside, fresh[0].received_at)] if teams else []
    days = settle_days({(one.cadre_id, one.day) for one in fresh})
    return [*news, Ask(STORE, columns_of(fresh) | {"recorded": RECORDED}), days, *told]


def columns_of(fresh: Sequence[Entry]) -> dict[str, str]:
    """One array for each column."""
    points = [one.point or (None, None) for one in fresh]
    told = {name: as_array(getattr(one, name) for one in fresh) for name in NAMES}
    return told | {
        "latitude": as_array(latitude for latitude, _ in points),
        "longitude": as_array(longitude for _, longitude in points),
    }


NAMES = (
    "id", "cadre_id", "recorded_by", "at", "received_at", "day", "accuracy", "datum", "village", "verdict", "near",
    "team_id",
)  # fmt: skip
# Before the first write to any part of a team: its facts are then computed by one writer at a time.
LOCK_TEAMS = "SELECT id FROM team WHERE id = ANY (%(teams)s::uuid[]) ORDER BY id FOR NO KEY UPDATE"
STORE = """
    WITH sent AS (
        SELECT * FROM unnest(
            %(id)s::uuid[], %(cadre_id)s::uuid[], %(recorded_by)s::text[], %(at)s::timestamptz[],
            %(received_at)s::timestamptz[], %(day)s::date[], %(latitude)s::float8[], %(longitude)s::float8[],
            %(accuracy)s::float8[], %(datum)s::text[], %(village)s::text[], %(verdict)s::text[], %(near)s::text[],
            %(team_id)s::uuid[])
            AS one (id, cadre_id, recorded_by, at, received_at, day, latitude, longitude, accuracy, datum, village,
                    verdict, near, team_id)
    ), stored AS (
        INSERT INTO check_in (id, cadre_id, recorded_by, at, received_at, day, latitude, longitude, accuracy, datum,
                              village, verdict)
        SELECT id, cadre_id, recorded_by, at, received_at, day, latitude, longitude, accuracy, datum, village, verdict
        FROM sent
    ), told AS (
        INSERT INTO event (id, type, subject, division, occurred_at, data)
        SELECT uuid_at(received_at), %(recorded)s, id::text, near, received_at,
               jsonb_build_object('cadre_id', cadre_id, 'team_id', team_id)
        FROM sent
    )
    SELECT count(*) FROM sent
"""
