"""The villages as points: what the list names, what only a station knows, and no more than the caller reaches."""

from datetime import timedelta

from sqlmodel import Session
from starlette.testclient import TestClient

from services.kit.store.tables import Division
from tests.attendance.conftest import STATION, VILLAGE, Stationed, station_in
from tests.attendance.test_teams import check_in
from tests.callers import HERE, Office
from tests.conftest import TODAY

OTHER, UNLISTED, FOREIGN = "520621001006", "520621002001", "520622001001"


def list_divisions(attendance: Session) -> None:
    named = {VILLAGE[:9]: "示例街道", VILLAGE: "示例村", OTHER: "邻村", FOREIGN: "外县村"}
    level = {9: "township", 12: "village"}
    attendance.add_all(
        Division(code=code, name=name, level=level[len(code)], parent_code=code[:9], version=1)
        for code, name in named.items()
    )
    attendance.add(station_in(UNLISTED))
    attendance.commit()


def test_a_village_without_a_station_and_a_station_of_an_unlisted_code_are_both_shown(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    list_divisions(attendance)
    latitude, longitude = STATION
    told = http.get("/v1/villages", headers=office("officer", "county")).json()
    assert [tuple(one.values()) for one in told] == [
        (VILLAGE, "示例村", "示例街道", latitude, longitude),
        (OTHER, "邻村", "示例街道", None, None),
        (UNLISTED, None, None, latitude, longitude),
    ]


def test_a_place_may_be_named_and_nobody_is_shown_another(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    list_divisions(attendance)
    township = office("clerk", "township", place=VILLAGE[:9])
    assert [one["code"] for one in http.get("/v1/villages", headers=township).json()] == [VILLAGE, OTHER]
    asked = {"village_prefix": OTHER}
    assert [one["code"] for one in http.get("/v1/villages", params=asked, headers=township).json()] == [OTHER]
    assert http.get("/v1/villages", params={"village_prefix": UNLISTED}, headers=township).json() == []


def test_a_team_day_without_a_place_is_today_everywhere_the_caller_reaches(
    http: TestClient, office: Office, village: Stationed
) -> None:
    officer = office("officer", "county")
    check_in(http, officer, village.first, latitude=STATION[0] + 1)
    told = http.get("/v1/team-days", headers=officer).json()
    (team,) = told["teams"]
    assert told["day"] == TODAY.isoformat()
    assert (team["members"], team["present"], team["uncertain"], team["outside"]) == (2, 0, 0, 1)
    before = (HERE - timedelta(days=1)).date().isoformat()
    assert http.get("/v1/team-days", params={"day": before}, headers=officer).json()["teams"][0]["outside"] == 0
