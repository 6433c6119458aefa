"""The files of the made-up county: the teams, their stations, and who was seen there."""

import csv
import json
from collections import Counter
from datetime import date, datetime, timedelta
from math import cos, hypot, radians
from pathlib import Path
from typing import TypedDict

import pytest
from python_calamine import CalamineWorkbook

from services.cli.county_files import generate

TODAY = date(2026, 11, 21)
XINGLONG = "520621001005"


class CheckIn(TypedDict):
    id: str
    team: str
    name: str
    at: str
    latitude: float
    longitude: float
    accuracy: int
    datum: str


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    generate(folder, as_of=TODAY, households=5)
    return folder


def teams_in(folder: Path) -> list[dict[str, str]]:
    header, *rows = CalamineWorkbook.from_path(folder / "teams.xlsx").get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, header), map(str, row), strict=True)) for row in rows]


def stations_in(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "stations.csv").open(encoding="utf-8", newline="") as file:
        return {row["村代码"]: row for row in csv.DictReader(file)}


def check_ins_in(folder: Path) -> list[CheckIn]:
    return [json.loads(line) for line in (folder / "check_ins.jsonl").read_text(encoding="utf-8").splitlines()]


def metres_between(here: tuple[float, float], there: tuple[float, float]) -> float:
    north, east = there[0] - here[0], (there[1] - here[1]) * cos(radians(here[0]))
    return hypot(north, east) * 111_320


def test_forty_teams_of_three_but_for_two(county: Path) -> None:
    strengths = Counter(row["工作队"] for row in teams_in(county))
    assert Counter(strengths.values()) == {3: 38, 2: 2}
    assert len({row["手机号"] for row in teams_in(county)}) == 118
    assert all(date.fromisoformat(row["到任日期"]) < TODAY for row in teams_in(county))
    assert {row["派出单位"][:2] for row in teams_in(county)} == {"示例"}


def test_one_cadre_of_the_reports_village_has_the_account(county: Path) -> None:
    (cadre,) = [row for row in teams_in(county) if row["登录账号"]]
    assert (cadre["登录账号"], cadre["村代码"], cadre["职务"]) == ("cadre", XINGLONG, "队员")


def test_every_team_has_a_station_in_the_county(county: Path) -> None:
    assert set(stations_in(county)) == {row["村代码"] for row in teams_in(county)}
    for row in stations_in(county).values():
        assert metres_between((27.70, 108.84), (float(row["纬度"]), float(row["经度"]))) < 25_000
        assert row["坐标系"] == "WGS-84"


def test_two_teams_are_seen_nowhere_and_every_other_is_in_its_village(county: Path) -> None:
    villages = {row["工作队"]: row["村代码"] for row in teams_in(county)}
    stations = stations_in(county)
    seen, inside = set(), set()
    for check_in in check_ins_in(county):
        team = check_in["team"]
        seen.add(team)
        station = stations[villages[team]]
        there = (float(station["纬度"]), float(station["经度"]))
        away = metres_between(there, (check_in["latitude"], check_in["longitude"]))
        if away < float(station["半径(米)"]) and check_in["accuracy"] <= 100:
            inside.add(team)
    assert len(set(villages) - seen) == 2
    assert inside == seen


def test_check_ins_are_of_the_last_three_mornings_and_known_cadres(county: Path) -> None:
    check_ins = check_ins_in(county)
    moments = [datetime.fromisoformat(check_in["at"]) for check_in in check_ins]
    assert {moment.date() for moment in moments} == {TODAY - timedelta(days=ago) for ago in range(3)}
    assert {moment.utcoffset() for moment in moments} == {timedelta(hours=8)}
    assert {moment.hour for moment in moments} <= {7, 8, 9}
    assert len({check_in["id"] for check_in in check_ins}) == len(check_ins)
    cadres = {(row["工作队"], row["姓名"]) for row in teams_in(county)}
    assert {(check_in["team"], check_in["name"]) for check_in in check_ins} <= cadres
