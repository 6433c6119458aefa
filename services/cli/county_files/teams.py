"""The teams stationed in the villages, and the place where each is to be found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from math import cos, radians, sin, sqrt, tau
from pathlib import Path
from random import Random

from services.cli.county_files.identity import cadre_phone, person_name
from services.cli.county_files.places import County, Village, villages_of
from services.cli.county_files.sheets import csv_file, text_workbook

TEAM_COLUMNS = ("工作队", "村代码", "派出单位", "姓名", "手机号", "职务", "到任日期", "登录账号")
STATION_COLUMNS = ("村代码", "名称", "纬度", "经度", "坐标系", "半径(米)")
UNITS = tuple(
    f"示例{unit}"
    for unit in (
        "县农技推广站",
        "县水务管理所",
        "县第一中学",
        "县中医院",
        "县公路管理段",
        "县图书馆",
        "市供电公司",
        "市税务所",
        "市职业学院",
        "农商银行",
    )
)
POSTS = ("第一书记", "队长", "队员")
LEADING = POSTS[:2]
FULL_STRENGTH = len(POSTS)
ACCOUNTS = {cadre_phone(3): "cadre"}  # the third of the first team, a 队员
BELOW_STRENGTH = (-1, -2)  # which of the teams, from the last
NEVER_PRESENT = (-3, -4)
WITHOUT_CAPTAIN = (-5,)
OVERSTAYED = (-6,)
RADIUS_OF_COUNTY = 22_000  # metres
METRES_A_DEGREE = 111_320


@dataclass(frozen=True)
class Cadre:
    name: str
    mobile: str
    post: str
    arrived: date

    @property
    def leads(self) -> bool:
        return self.post in LEADING


@dataclass(frozen=True)
class Station:
    """WGS-84; whoever checks in within the radius, in metres, is there."""

    latitude: float
    longitude: float
    radius: int


@dataclass(frozen=True)
class Team:
    village: Village
    unit: str
    cadres: tuple[Cadre, ...]
    station: Station
    never_present: bool
    overstayed: bool

    @property
    def name(self) -> str:
        return f"{self.village.township}{self.village.short_name}驻村工作队"


def county_teams(county: County, how_many: int, rng: Random, as_of: date) -> list[Team]:
    """The village of the report comes first: with seven teams or more, its own is whole and on duty."""
    first, *others = villages_of(county)
    elsewhere = sorted(rng.sample(others, how_many - 1), key=lambda village: village.code)
    phones = (cadre_phone(serial) for serial in count(1))
    return [
        Team(
            village=village,
            unit=rng.choice(UNITS),
            cadres=draw_cadres(rng, phones, came_on(rng, as_of, place), posts_of(place)),
            station=draw_station(rng, county),
            never_present=place in NEVER_PRESENT,
            overstayed=place in OVERSTAYED,
        )
        for place, village in enumerate([first, *elsewhere], start=-how_many)
    ]


def came_on(rng: Random, as_of: date, place: int) -> date:
    """One to two years ago, or about three."""
    return as_of - timedelta(days=rng.randint(1_000, 1_100) if place in OVERSTAYED else rng.randint(300, 700))


def posts_of(place: int) -> Sequence[str]:
    if place in WITHOUT_CAPTAIN:
        return ("队员",) * FULL_STRENGTH
    return POSTS[:2] if place in BELOW_STRENGTH else POSTS


def draw_cadres(rng: Random, phones: Iterator[str], arrived: date, posts: Sequence[str]) -> tuple[Cadre, ...]:
    """They came together."""
    return tuple(Cadre(person_name(rng), next(phones), post, arrived) for post in posts)


def draw_station(rng: Random, county: County) -> Station:
    """The root spreads the points evenly over the disc."""
    here = moved(county.centre, metres=RADIUS_OF_COUNTY * sqrt(rng.random()), direction=rng.uniform(0, tau))
    return Station(*here, radius=rng.choice((300, 500, 800)))


def moved(point: tuple[float, float], *, metres: float, direction: float) -> tuple[float, float]:
    """Direction in radians from north, clockwise. Flat earth is true enough over the width of a county."""
    latitude, longitude = point
    north, east = metres * cos(direction), metres * sin(direction)
    return (
        round(latitude + north / METRES_A_DEGREE, 6),
        round(longitude + east / (METRES_A_DEGREE * cos(radians(latitude))), 6),
    )


def write_teams(folder: Path, teams: Sequence[Team], as_of: date) -> None:
    """A row per cadre."""
    with text_workbook(folder / "teams.xlsx", TEAM_COLUMNS, as_of=as_of) as write_row:
        for team in teams:
            for cadre in team.cadres:
                write_row(cadre_row(team, cadre))


def cadre_row(team: Team, cadre: Cadre) -> tuple[str, ...]:
    return (
        team.name,
        team.village.code,
        team.unit,
        cadre.name,
        cadre.mobile,
        cadre.post,
        cadre.arrived.isoformat(),
        ACCOUNTS.get(cadre.mobile, ""),
    )


def write_stations(folder: Path, teams: Sequence[Team]) -> None:
    with csv_file(folder / "stations.csv", STATION_COLUMNS, encoding="utf-8") as write_row:
        for team in teams:
            write_row(station_row(team.village, team.station))


def station_row(village: Village, station: Station) -> tuple[str, ...]:
    return (
        village.code,
        f"{village.short_name}便民服务中心",
        f"{station.latitude:.6f}",
        f"{station.longitude:.6f}",
        "WGS-84",
        str(station.radius),
    )
