"""Teams and stations as files."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.coordinates import Point, metres_between
from services.attendance.imports.stations import HEADERS as STATION_HEADERS
from services.attendance.imports.teams import HEADERS as TEAM_HEADERS
from services.attendance.models.facts import TeamFacts
from services.attendance.models.teams import Cadre, Posting, Station, Team, Unit
from services.cli.county_files import generate
from services.kit.store.fields import Seal
from services.kit.store.key_ring import Key
from services.kit.store.tables import Event
from tests.callers import SUITE, Headers, Office, Sign, edit, write_key
from tests.conftest import TODAY

FIRST = ("示例队", "520621001005", "示例站", "示甲子", "10001000001", "队长", "2026-03-01", "")
SECOND = ("示例队", "520621001005", "示例站", "例乙丑", "10001000002", "队员", "2026-03-01", "someone")
STATION = ("520621001005", "示例中心", "27.70", "108.84", "WGS-84", "500")

Send: TypeAlias = Callable[..., dict[str, Any]]


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


@pytest.fixture
def send(http: TestClient, county: Headers) -> Send:
    def rows_of(kind: str, *rows: tuple[str, ...]) -> dict[str, Any]:
        headers = TEAM_HEADERS if kind == "teams" else STATION_HEADERS
        content = "\n".join(",".join(row) for row in (headers, *rows)).encode()
        answer = http.post(f"/v1/team-imports/{kind}", files={"file": ("t.csv", content)}, headers=county)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return rows_of


def told(answer: dict[str, Any]) -> tuple[int, int, int]:
    return answer["stored"], answer["unchanged"], answer["refused"]


def faults(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(row["row"], fault["column"], fault["code"]) for row in answer["refusals"] for fault in row["faults"]]


def changed(row: tuple[str, ...], **cells: str) -> tuple[str, ...]:
    return tuple(cells.get(header, cell) for header, cell in zip(TEAM_HEADERS, row, strict=True))


def test_a_cadre_is_known_again_though_the_mobile_was_sealed_with_the_key_before(send: Send, tmp_path: Path) -> None:
    send("teams", FIRST)
    write_key(tmp_path, Key(2, SUITE, b"2" * SUITE.key_length, b"2" * 32))
    assert told(send("teams", FIRST, SECOND)) == (1, 1, 0)
    assert told(send("teams", FIRST, SECOND)) == (0, 2, 0)


def test_the_files_of_the_demo_county_are_taken_whole_and_twice_is_harmless(
    http: TestClient, county: Headers, attendance: Session, tmp_path: Path
) -> None:
    truth = generate(tmp_path / "county", as_of=TODAY, households=1)
    outcomes = []
    for kind, name, rows in 2 * (
        ("teams", "teams.xlsx", truth["cadres"]),
        ("stations", "stations.csv", truth["teams"]),
    ):
        content = (tmp_path / "county" / name).read_bytes()
        answer = http.post(f"/v1/team-imports/{kind}", files={"file": (name, content)}, headers=county).json()
        outcomes.append((kind, answer["rows"] == rows, *told(answer)))
    assert outcomes == [
        ("teams", True, 118, 0, 0),
        ("stations", True, 40, 0, 0),
        ("teams", True, 0, 118, 0),
        ("stations", True, 0, 40, 0),
    ]
    strengths = list(attendance.scalars(select(col(TeamFacts.members))))
    assert (strengths.count(3), strengths.count(2), len(strengths)) == (38, 2, 40)


def test_an_import_announces_its_place_once_and_again_only_when_something_changed(
    send: Send, attendance: Session
) -> None:
    send("teams", FIRST, SECOND)
    send("teams", FIRST, SECOND)
    event = attendance.scalars(select(Event)).one()
    assert (event.type, event.division, event.data["kind"]) == ("facts.changed_in_bulk", "520621001005", "team")


def test_the_place_of_an_import_is_the_smallest_that_holds_all_its_teams(send: Send, attendance: Session) -> None:
    send("teams", FIRST, changed(SECOND, 工作队="另一队", 村代码="520621001006"))
    assert attendance.scalars(select(col(Event.division))).one() == "520621001"


def test_the_mobile_is_sealed_and_finds_the_same_cadre_again(send: Send, attendance: Session, seal: Seal) -> None:
    send("teams", FIRST)
    send("teams", changed(FIRST, 姓名="示甲丑", 派出单位="示例院"))
    cadre = attendance.scalars(select(Cadre)).one()
    assert (cadre.name, seal.open(cadre.sealed_mobile, f"cadre.sealed_mobile:{cadre.id}")) == ("示甲丑", FIRST[4])
    unit = attendance.get(Unit, cadre.unit_id)
    assert unit
    assert unit.name == "示例院"


def test_who_stands_in_another_team_has_moved_there(send: Send, attendance: Session) -> None:
    send("teams", FIRST, SECOND)
    moved = changed(SECOND, 工作队="另一队", 村代码="520621001006", 到任日期="2026-09-01", 职务="队长")
    assert told(send("teams", moved)) == (1, 0, 0)
    assert told(send("teams", moved)) == (0, 1, 0)
    of_second = select(Posting).join(Cadre, col(Cadre.id) == col(Posting.cadre_id)).where(col(Cadre.name) == "例乙丑")
    before, now = attendance.scalars(of_second.order_by(col(Posting.valid)))
    assert before.valid == Range(date(2026, 3, 1), date(2026, 9, 1))
    assert (now.valid, now.role) == (Range(date(2026, 9, 1), None), "captain")
    members = select(col(Team.name), col(TeamFacts.members)).join(TeamFacts, col(TeamFacts.subject) == col(Team.id))
    assert {tuple(row) for row in attendance.execute(members)} == {("示例队", 1), ("另一队", 1)}


def test_another_date_or_role_in_the_same_team_is_a_correction(send: Send, attendance: Session) -> None:
    send("teams", FIRST)
    assert told(send("teams", changed(FIRST, 到任日期="2026-02-01", 职务="第一书记"))) == (1, 0, 0)
    posting = attendance.scalars(select(Posting)).one()
    assert (posting.valid.lower, posting.role) == (date(2026, 2, 1), "first_secretary")


def test_a_wrong_village_of_a_team_can_be_mended(send: Send, attendance: Session) -> None:
    send("teams", FIRST)
    assert told(send("teams", changed(FIRST, 村代码="520621001009"))) == (1, 0, 0)
    assert attendance.scalars(select(col(Team.village))).one() == "520621001009"
    assert attendance.scalars(select(col(TeamFacts.division))).one() == "520621001009"


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"手机号": "12345"}, "手机号", "not-a-mobile"),
        ({"手机号": ""}, "手机号", "blank"),
        ({"村代码": "5206"}, "村代码", "not-a-division-code"),
        ({"职务": "组长"}, "职务", "not-a-choice"),
        ({"到任日期": "2026-11-22"}, "到任日期", "in-the-future"),
        ({"到任日期": "2026.1.1"}, "到任日期", "not-a-date"),
        ({"登录账号": "Admin!"}, "登录账号", "not-a-username"),
        ({"姓名": "示" * 61}, "姓名", "too-long"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(send: Send, cells: dict[str, str], column: str, code: str) -> None:
    answer = send("teams", SECOND, changed(FIRST, **cells))
    assert told(answer) == (1, 0, 1)
    assert faults(answer) == [(3, column, code)]


def test_no_refusal_ever_shows_a_mobile(send: Send) -> None:
    answer = send("teams", changed(FIRST, 手机号="139001390017"), SECOND, changed(SECOND, 职务="组长"))
    assert answer["refused"] == 2
    assert "13900" not in str(answer)
    assert "10001000002" not in str(answer)


def test_a_cadre_stands_once_and_a_team_in_one_village(send: Send, attendance: Session) -> None:
    answer = send(
        "teams",
        FIRST,
        changed(FIRST, 姓名="他人"),
        changed(SECOND, 村代码="520621001006"),
        changed(SECOND, 手机号="10001000003"),
    )
    assert faults(answer) == [
        (3, "手机号", "twice-in-the-file"),
        (4, "村代码", "team-in-two-villages"),
        (5, "登录账号", "username-taken"),
    ]
    assert attendance.scalar(select(func.count()).select_from(Cadre)) == 1


def test_a_refused_row_does_not_say_where_a_team_is(send: Send) -> None:
    answer = send("teams", changed(FIRST, 村代码=""), SECOND, changed(FIRST, 村代码="520621001006"))
    assert faults(answer) == [
        (2, "村代码", "blank"),
        (4, "手机号", "twice-in-the-file"),
        (4, "村代码", "team-in-two-villages"),
    ]


def test_a_username_belongs_to_one_cadre(send: Send) -> None:
    send("teams", SECOND)
    assert faults(send("teams", changed(FIRST, 登录账号="someone"))) == [(2, "登录账号", "username-taken")]
    assert told(send("teams", changed(SECOND, 登录账号=""))) == (1, 0, 0)
    assert told(send("teams", changed(FIRST, 登录账号="someone"))) == (1, 0, 0)


def test_two_postings_at_once_are_refused_by_row(send: Send) -> None:
    send("teams", FIRST)
    elsewhere = changed(FIRST, 工作队="另一队")
    assert faults(send("teams", elsewhere)) == [(2, "到任日期", "before-the-last-posting")]
    send("teams", changed(elsewhere, 到任日期="2026-09-01"))
    too_early = changed(elsewhere, 到任日期="2026-08-31")
    assert faults(send("teams", too_early)) == [(2, "到任日期", "before-the-last-posting")]


def test_a_station_keeps_what_was_sent_and_stands_in_wgs84(send: Send, attendance: Session) -> None:
    send("stations", (*STATION[:4], "GCJ-02", STATION[5]))
    station = attendance.scalars(select(Station)).one()
    assert (station.sent_latitude, station.sent_longitude, station.datum) == (27.70, 108.84, "gcj02")
    assert 0.002 < abs(station.latitude - 27.70) + abs(station.longitude - 108.84) < 0.01


def test_a_station_sent_again_keeps_the_drawn_boundary(http: TestClient, county: Headers, send: Send) -> None:
    send("stations", STATION)
    corners = [{"latitude": 27.6 + y, "longitude": 108.8 + x} for y, x in ((0, 0), (0, 0.1), (0.1, 0.1))]
    put = http.put("/v1/stations/520621001005/boundary", json={"corners": corners}, headers=county)
    assert len(put.json()["boundary"]) == 3
    assert told(send("stations", STATION)) == (0, 1, 0)
    assert told(send("stations", (*STATION[:5], "800"))) == (1, 0, 0)
    (station,) = http.get("/v1/stations", params={"village_prefix": "520621"}, headers=county).json()
    assert (station["radius"], len(station["boundary"])) == (800, 3)
    put = edit(http, "/v1/stations/520621001005/boundary", {"corners": []}, county)
    assert put.json()["boundary"] is None
    assert http.put("/v1/stations/520621001006/boundary", json={"corners": []}, headers=county).status_code == 404


def test_a_boundary_drawn_on_a_shifted_map_is_brought_to_wgs84(http: TestClient, county: Headers, send: Send) -> None:
    send("stations", STATION)
    corners = [{"latitude": 27.6 + y, "longitude": 108.8 + x} for y, x in ((0, 0), (0, 0.1), (0.1, 0.1))]
    sent = {"corners": corners, "datum": "gcj02"}
    put = http.put("/v1/stations/520621001005/boundary", json=sent, headers=county).json()
    assert 250 < metres_between(Point(27.6, 108.8), Point(*put["boundary"][0])) < 700


def test_swapped_columns_unknown_datums_and_repeats_are_refused(send: Send) -> None:
    swapped = (STATION[0], STATION[1], STATION[3], STATION[2], *STATION[4:])
    answer = send("stations", STATION, STATION, ("520621001007", *swapped[1:4], "北京54", "5"))
    assert faults(answer) == [
        (3, "村代码", "twice-in-the-file"),
        (4, "纬度", "out-of-range"),
        (4, "经度", "out-of-range"),
        (4, "坐标系", "not-a-choice"),
        (4, "半径(米)", "out-of-range"),
    ]


def test_only_offices_import(http: TestClient, sign: Sign) -> None:
    sent = http.post("/v1/team-imports/teams", files={"file": ("t.csv", b"x")}, headers=sign("a-cadre", "cadre"))
    assert sent.status_code == 403
