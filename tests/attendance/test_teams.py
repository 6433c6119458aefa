"""Who is in which team, whose account is whose, and which teams were on duty."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.teams import Cadre, Posting, Team
from services.kit.store.fields import Seal
from tests.attendance.conftest import ARRIVED, STATION, VILLAGE, Stationed, cadre_in
from tests.callers import HERE, Headers, Office, Sign, edit
from tests.conftest import TODAY


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


def check_in(http: TestClient, caller: Headers, cadre: UUID, **said: Any) -> None:
    latitude, longitude = STATION
    here = {"latitude": latitude, "longitude": longitude, "accuracy": 10, "at": HERE.isoformat()}
    sent = {"id": str(uuid4()), "cadre_id": str(cadre)} | here | said
    assert http.post("/v1/check-ins", json=sent, headers=caller).status_code == 201


def team_days(http: TestClient, caller: Headers, place: str, day: date) -> dict[str, Any]:
    asked = {"village_prefix": place, "day": day.isoformat()}
    return dict(http.get("/v1/team-days", params=asked, headers=caller).json())


def test_a_team_shows_its_members_and_never_a_mobile(http: TestClient, county: Headers, village: Stationed) -> None:
    page = http.get("/v1/teams", params={"village_prefix": "520621"}, headers=county).json()
    assert [team["village"] for team in page["rows"]] == [VILLAGE]
    answer = http.get(f"/v1/teams/{village.team}", headers=county)
    assert {member["id"] for member in answer.json()["members"]} == {str(village.first), str(village.second)}
    assert "10001000001" not in answer.text
    assert http.get("/v1/teams", params={"village_prefix": "420325"}, headers=county).json()["rows"] == []
    assert http.get(f"/v1/teams/{uuid4()}", headers=county).status_code == 404


def test_cadres_are_found_by_team_and_read_in_pages(http: TestClient, county: Headers, village: Stationed) -> None:
    asked: dict[str, Any] = {"team_id": str(village.team), "limit": 1}
    first = http.get("/v1/cadres", params=asked, headers=county).json()
    second = http.get("/v1/cadres", params=asked | {"cursor": first["next"]}, headers=county).json()
    seen = first["rows"] + second["rows"]
    assert [row["id"] for row in seen] == sorted(map(str, (village.first, village.second)))
    assert {(row["role"], row["since"]) for row in seen} == {("member", ARRIVED.isoformat())}


def test_a_cadre_who_was_posted_elsewhere_is_seen_there_and_where_they_were_no_more(
    http: TestClient, office: Office, village: Stationed, attendance: Session
) -> None:
    elsewhere = Team(name="示例乡另一村驻村工作队", village="520621001006")
    attendance.add(elsewhere)
    attendance.flush()
    moved = attendance.scalars(select(Posting).where(col(Posting.cadre_id) == village.first)).one()
    moved.valid = Range(ARRIVED, TODAY)
    attendance.add(moved)
    attendance.flush()
    attendance.add(Posting(cadre_id=village.first, team_id=elsewhere.id, role="member", valid=Range(TODAY, None)))
    attendance.commit()
    before = office("of-before", "county", place=VILLAGE)
    since = office("of-since", "county", place="520621001006")
    seen = {who["authorization"]: ids(http.get("/v1/cadres", headers=who)) for who in (before, since)}
    assert list(seen.values()) == [{str(village.second)}, {str(village.first)}]


def ids(answer: Any) -> set[str]:
    return {row["id"] for row in answer.json()["rows"]}


def test_a_cadre_is_found_by_the_username_of_the_file(
    http: TestClient, county: Headers, village: Stationed, attendance: Session
) -> None:
    attendance.get_one(Cadre, village.second).username = "someone"
    attendance.commit()
    rows = http.get("/v1/cadres", params={"username": "someone"}, headers=county).json()["rows"]
    assert [row["id"] for row in rows] == [str(village.second)]


def test_teams_are_found_by_name_and_read_in_pages(http: TestClient, county: Headers, attendance: Session) -> None:
    attendance.add_all(Team(name=f"示例{n}队", village=VILLAGE) for n in range(3))
    attendance.commit()
    first = http.get("/v1/teams", params={"limit": 2}, headers=county).json()
    second = http.get("/v1/teams", params={"limit": 2, "cursor": first["next"]}, headers=county).json()
    assert [team["name"] for team in first["rows"] + second["rows"]] == ["示例0队", "示例1队", "示例2队"]
    assert second["next"] is None
    (named,) = http.get("/v1/teams", params={"name": "示例1队"}, headers=county).json()["rows"]
    assert named["name"] == "示例1队"


def test_linking_an_account_lets_its_person_check_in(
    http: TestClient, county: Headers, sign: Sign, village: Stationed
) -> None:
    account = str(uuid4())
    caller = sign(account, "cadre")
    assert http.get("/v1/check-ins", headers=caller).status_code == 404
    put = http.put(f"/v1/cadres/{village.second}/account", json={"account_id": account}, headers=county)
    assert put.json()["account_id"] == account
    assert http.get("/v1/check-ins", headers=caller).status_code == 200
    edit(http, f"/v1/cadres/{village.second}/account", {"account_id": None}, county)
    assert http.get("/v1/check-ins", headers=caller).status_code == 404


def test_an_account_belongs_to_one_cadre(http: TestClient, county: Headers, sign: Sign, village: Stationed) -> None:
    taken = {"account_id": village.account}
    other = http.put(f"/v1/cadres/{village.second}/account", json=taken, headers=county)
    assert (other.status_code, other.json()["code"]) == (409, "account-taken")
    assert http.put(f"/v1/cadres/{village.first}/account", json=taken, headers=county).status_code == 200
    assert http.put(f"/v1/cadres/{uuid4()}/account", json=taken, headers=county).status_code == 404
    himself = sign(village.account, "cadre")
    assert http.put(f"/v1/cadres/{village.first}/account", json=taken, headers=himself).status_code == 403


def test_a_team_is_on_duty_when_somebody_was_present(
    http: TestClient, county: Headers, village: Stationed, attendance: Session, seal: Seal
) -> None:
    empty_team = Team(name="示例乡另一村驻村工作队", village="520621001006")
    attendance.add(empty_team)
    cadre_in(attendance, seal, empty_team, "10001000009")
    attendance.commit()
    check_in(http, county, village.first)
    check_in(http, county, village.first)
    check_in(http, county, village.second, accuracy=None)
    told = team_days(http, county, "520621", TODAY)
    assert told["totals"] == {"teams": 2, "on_duty": 1}
    assert [(t["members"], t["present"], t["uncertain"]) for t in told["teams"]] == [(2, 1, 1), (1, 0, 0)]
    assert team_days(http, county, "520621001006", TODAY)["totals"] == {"teams": 1, "on_duty": 0}
    assert team_days(http, county, "520621", TODAY - timedelta(days=1))["totals"] == {"teams": 2, "on_duty": 0}


def test_a_day_shows_the_members_of_that_day(
    http: TestClient, county: Headers, village: Stationed, attendance: Session, seal: Seal
) -> None:
    team = attendance.get_one(Team, village.team)
    gone = cadre_in(attendance, seal, team, "10001000008")
    attendance.scalars(select(Posting).where(col(Posting.cadre_id) == gone)).one().valid = Range(ARRIVED, TODAY)
    attendance.commit()
    counts = [team_days(http, county, VILLAGE, day)["teams"][0]["members"] for day in (TODAY - timedelta(1), TODAY)]
    assert counts == [3, 2]
    assert len(http.get(f"/v1/teams/{village.team}", headers=county).json()["members"]) == 2


def test_our_own_services_read_the_facts(http: TestClient, county: Headers, sign: Sign, village: Stationed) -> None:
    check_in(http, county, village.first)
    path = "/v1/services/attendance/facts/team"
    reader = sign("alerts", scopes="facts:read")
    (row,) = http.get(path, params={"division": "520621"}, headers=reader).json()["rows"]
    assert (row["subject"], row["division"]) == (str(village.team), VILLAGE)
    assert (row["facts"]["members"], row["facts"]["last_present_on"]) == (2, TODAY.isoformat())
    assert http.get(path, params={"division": "520621"}, headers=county).status_code == 403
