"""Who was in the village on the last three days, as check-ins kept on telephones and sent in later."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from math import tau
from pathlib import Path
from random import Random
from typing import Literal
from uuid import UUID

from services.cli.county_files.teams import Cadre, Station, Team, moved

BEIJING = timezone(timedelta(hours=8))
DAYS = 3
PRESENT = 0.9
OUTSIDE, POOR_ACCURACY = 0.03, 0.03

Kind = Literal["inside", "outside", "poor_accuracy"]


@dataclass(frozen=True)
class CheckIn:
    """Accuracy in metres, as the telephone gives it."""

    id: UUID
    team: str
    name: str
    at: datetime
    latitude: float
    longitude: float
    accuracy: int
    kind: Kind


def draw_check_ins(teams: Sequence[Team], rng: Random, as_of: date) -> Iterator[CheckIn]:
    """Nobody of a team that is never present; of the others nine in ten each day, as_of included."""
    for day in (as_of - timedelta(days=ago) for ago in reversed(range(DAYS))):
        for team in teams:
            for cadre in team.cadres:
                if not team.never_present and rng.random() < PRESENT:
                    yield draw_check_in(rng, team, cadre, day)


def draw_check_in(rng: Random, team: Team, cadre: Cadre, day: date) -> CheckIn:
    """Between half past seven and half past nine in the morning."""
    kind = draw_kind(rng)
    latitude, longitude = draw_point(rng, team.station, kind)
    return CheckIn(
        id=UUID(int=rng.getrandbits(128), version=4),
        team=team.name,
        name=cadre.name,
        at=datetime.combine(day, time(7, 30), tzinfo=BEIJING) + timedelta(seconds=rng.randrange(7200)),
        latitude=latitude,
        longitude=longitude,
        accuracy=rng.randint(1_500, 5_000) if kind == "poor_accuracy" else rng.randint(5, 40),
        kind=kind,
    )


def draw_kind(rng: Random) -> Kind:
    chance = rng.random()
    if chance < OUTSIDE:
        return "outside"
    return "poor_accuracy" if chance > 1 - POOR_ACCURACY else "inside"


def draw_point(rng: Random, station: Station, kind: Kind) -> tuple[float, float]:
    """Well within the radius or well beyond it."""
    share = rng.uniform(2, 6) if kind == "outside" else rng.uniform(0, 0.8)
    here = (station.latitude, station.longitude)
    return moved(here, metres=station.radius * share, direction=rng.uniform(0, tau))


def write_check_ins(folder: Path, check_ins: Sequence[CheckIn]) -> Counter[str]:
    """A JSON object a line. Answers how many of each kind."""
    kinds = Counter[str]()
    with (folder / "check_ins.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for check_in in check_ins:
            file.write(json.dumps(line_of(check_in), ensure_ascii=False) + "\n")
            kinds[f"check_ins_{check_in.kind}"] += 1
    return kinds


def line_of(check_in: CheckIn) -> dict[str, object]:
    return {
        "id": str(check_in.id),
        "team": check_in.team,
        "name": check_in.name,
        "at": check_in.at.isoformat(),
        "latitude": check_in.latitude,
        "longitude": check_in.longitude,
        "accuracy": check_in.accuracy,
        "datum": "WGS-84",
    }
