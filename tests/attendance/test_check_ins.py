"""到岗登记 over HTTP: what is stored, what is answered, what is told."""

from datetime import timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.coordinates import Point, gcj02_to_bd09, wgs84_to_gcj02
from services.attendance.models.facts import TeamFacts
from services.attendance.models.presence import CheckIn, DayStatus
from services.kit.store.tables import Event, Standard
from tests.attendance.conftest import ARRIVED, STATION, VILLAGE, Stationed, set_standard
from tests.callers import HERE, Headers, Office, Sign
from tests.conftest import TODAY


@pytest.fixture
def cadre(sign: Sign, village: Stationed) -> Headers:
    return sign(village.account, "cadre")


@pytest.fixture
def township(office: Office) -> Headers:
    return office("a-township-account", "township")


def body(**said: Any) -> dict[str, Any]:
    latitude, longitude = STATION
    here = {"id": str(uuid4()), "at": HERE.isoformat(), "latitude": latitude, "longitude": longitude, "accuracy": 12}
    return here | said


def test_a_cadre_in_the_village_is_on_duty_and_reads_so(http: TestClient, cadre: Headers, village: Stationed) -> None:
    answer = http.post("/v1/check-ins", json=body(), headers=cadre)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["verdict"], told["day_status"], told["day"]) == ("inside", "present", TODAY.isoformat())
    assert (told["cadre_id"], told["village"]) == (str(village.first), VILLAGE)
    assert told["words"] == "已登记：位置在村内。2026年11月21日：在岗。"
    assert not {"latitude", "longitude", "accuracy"} & told.keys()
    english = http.post("/v1/check-ins", json=body(accuracy=None), headers=cadre | {"accept-language": "en"})
    assert english.json()["words"] == "Recorded: the place cannot be told. 2026-11-21: on duty."


@pytest.mark.parametrize("hours", [19.1, -23.5])
def test_a_device_whose_zone_is_nowhere_on_earth_is_heard(http: TestClient, cadre: Headers, hours: float) -> None:
    strange = timezone(timedelta(hours=hours))
    answer = http.post("/v1/check-ins", json=body(at=HERE.astimezone(strange).isoformat()), headers=cadre)
    assert (answer.status_code, answer.json()["day"]) == (201, TODAY.isoformat())


def test_the_event_says_who_and_never_where(http: TestClient, cadre: Headers, attendance: Session) -> None:
    sent = body()
    http.post("/v1/check-ins", json=sent, headers=cadre)
    told = {event.type: event for event in attendance.scalars(select(Event))}
    assert told.keys() == {"check_in.recorded", "facts.changed"}
    recorded = told["check_in.recorded"]
    assert (recorded.subject, recorded.division) == (sent["id"], VILLAGE)
    assert recorded.data.keys() == {"cadre_id", "team_id"}
    assert told["facts.changed"].data["facts"] == {
        "members": 2,
        "leaders": 0,
        "last_present_on": TODAY.isoformat(),
        "leader_away_since": None,
        "member_away_since": ARRIVED.isoformat(),
        "longest_posted_since": ARRIVED.isoformat(),
    }


def test_facts_are_told_again_only_when_they_change(
    http: TestClient, cadre: Headers, attendance: Session, village: Stationed
) -> None:
    for minutes in range(3):
        http.post("/v1/check-ins", json=body(at=(HERE - timedelta(minutes=minutes)).isoformat()), headers=cadre)
    kinds = list(attendance.scalars(select(col(Event.type))))
    assert (kinds.count("check_in.recorded"), kinds.count("facts.changed")) == (3, 1)
    facts = attendance.get(TeamFacts, village.team)
    assert facts
    assert facts.version == 1


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"latitude": None, "longitude": None, "accuracy": None}, "uncertain"),
        ({"longitude": None}, "uncertain"),
        ({"accuracy": 90_000}, "uncertain"),
        ({"accuracy": -1}, "uncertain"),
        ({"latitude": -33.9, "longitude": 151.2}, "outside"),
        ({"at": (HERE - timedelta(days=200)).isoformat()}, "inside"),
        ({"at": (HERE + timedelta(days=40)).isoformat()}, "uncertain"),
        ({"at": "1970-01-01T08:00:00+08:00"}, "uncertain"),
    ],
)
def test_no_place_clock_or_accuracy_is_ever_refused(
    http: TestClient, cadre: Headers, said: dict[str, Any], verdict: str
) -> None:
    answer = http.post("/v1/check-ins", json=body(**said), headers=cadre)
    assert (answer.status_code, answer.json().get("verdict")) == (201, verdict)


@pytest.mark.parametrize(
    "said",
    [{"at": "2026-11-21T09:00:00"}, {"latitude": 91}, {"datum": "utm"}, {"photo": "x"}, {"id": "1"}],
)
def test_what_is_no_check_in_at_all_is_refused(http: TestClient, cadre: Headers, said: dict[str, Any]) -> None:
    assert http.post("/v1/check-ins", json=body(**said), headers=cadre).status_code == 422


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_point_from_a_shifted_map_is_judged_where_it_really_is(
    http: TestClient, cadre: Headers, attendance: Session, datum: str
) -> None:
    shown = wgs84_to_gcj02(Point(*STATION))
    shown = gcj02_to_bd09(shown) if datum == "bd09" else shown
    sent = body(latitude=shown.latitude, longitude=shown.longitude, datum=datum)
    http.post("/v1/check-ins", json=sent, headers=cadre)
    kept = attendance.get(CheckIn, UUID(sent["id"]))
    assert kept
    assert kept.datum == datum
    assert kept.point == pytest.approx(STATION, abs=1e-7)


def test_the_same_check_in_again_gets_the_first_answer(http: TestClient, cadre: Headers, attendance: Session) -> None:
    sent = body(datum="gcj02")
    first, second = (http.post("/v1/check-ins", json=sent, headers=cadre) for _ in range(2))
    assert first.json() == second.json()
    assert list(attendance.scalars(select(col(Event.type)))).count("check_in.recorded") == 1


def test_a_repeat_is_answered_even_after_the_county_has_switched_off(
    http: TestClient, cadre: Headers, attendance: Session
) -> None:
    sent = body()
    first = http.post("/v1/check-ins", json=sent, headers=cadre)
    attendance.execute(delete(Standard))
    attendance.commit()
    assert http.post("/v1/check-ins", json=sent, headers=cadre).json() == first.json()


@pytest.mark.parametrize(
    "said", [{"accuracy": 13}, {"latitude": 27.71}, {"datum": "gcj02"}, {"at": "2026-11-21T01:00Z"}]
)
def test_another_body_under_the_same_id_is_a_mistake(http: TestClient, cadre: Headers, said: dict[str, Any]) -> None:
    sent = body(at="2026-11-21T08:00:00+08:00")
    http.post("/v1/check-ins", json=sent, headers=cadre)
    answer = http.post("/v1/check-ins", json=sent | said, headers=cadre)
    assert (answer.status_code, answer.json()["code"]) == (409, "sent-before")


def test_one_id_for_two_cadres_is_a_mistake(http: TestClient, township: Headers, village: Stationed) -> None:
    sent = body(cadre_id=str(village.first))
    assert http.post("/v1/check-ins", json=sent, headers=township).status_code == 201
    other = http.post("/v1/check-ins", json=sent | {"cadre_id": str(village.second)}, headers=township)
    assert other.json()["code"] == "sent-before"


def test_checking_in_ships_switched_off(http: TestClient, cadre: Headers, attendance: Session) -> None:
    attendance.execute(delete(Standard).where(col(Standard.key) == "self_check_in"))
    attendance.commit()
    answer = http.post("/v1/check-ins", json=body(), headers=cadre)
    assert (answer.status_code, answer.json()["code"]) == (409, "not-switched-on")
    assert "self_check_in" in answer.json()["detail"]
    assert attendance.scalars(select(CheckIn)).all() == []


def test_a_township_may_stay_off_in_a_county_that_is_on(http: TestClient, cadre: Headers, attendance: Session) -> None:
    set_standard(attendance, "self_check_in", 0, division=VILLAGE[:9])
    attendance.commit()
    assert http.post("/v1/check-ins", json=body(), headers=cadre).json()["code"] == "not-switched-on"


def test_what_was_noted_while_it_was_on_may_come_later(http: TestClient, cadre: Headers, attendance: Session) -> None:
    ended = {"valid": Range(ARRIVED, TODAY)}
    attendance.execute(update(Standard).where(col(Standard.key) == "self_check_in").values(ended))
    attendance.commit()
    yesterday = body(at=(HERE - timedelta(days=1)).isoformat())
    answers = [http.post("/v1/check-ins", json=sent, headers=cadre) for sent in (yesterday, body())]
    assert [answer.status_code for answer in answers] == [201, 409]


def test_the_township_register_needs_no_switch(
    http: TestClient, township: Headers, attendance: Session, village: Stationed
) -> None:
    attendance.execute(delete(Standard).where(col(Standard.key) == "self_check_in"))
    attendance.commit()
    answer = http.post("/v1/check-ins", json=body(cadre_id=str(village.second)), headers=township)
    assert (answer.status_code, answer.json()["cadre_id"]) == (201, str(village.second))
    kept = attendance.scalars(select(CheckIn)).one()
    assert (kept.cadre_id, kept.recorded_by) == (village.second, "a-township-account")


def test_a_county_that_has_not_said_when_its_day_begins_is_told_so(
    http: TestClient, cadre: Headers, attendance: Session
) -> None:
    attendance.execute(delete(Standard).where(col(Standard.key) == "day_starts_at"))
    attendance.commit()
    answer = http.post("/v1/check-ins", json=body(), headers=cadre)
    assert (answer.status_code, answer.json()["code"]) == (409, "standard-missing")
    assert "day_starts_at" in answer.json()["detail"]


def test_nobody_records_for_another_without_the_right(http: TestClient, cadre: Headers, village: Stationed) -> None:
    own = http.post("/v1/check-ins", json=body(cadre_id=str(village.first)), headers=cadre)
    other = http.post("/v1/check-ins", json=body(cadre_id=str(village.second)), headers=cadre)
    nobody = http.post("/v1/check-ins", json=body(cadre_id=str(uuid4())), headers=cadre)
    assert [answer.status_code for answer in (own, other, nobody)] == [201, 403, 403]


def test_an_account_without_a_cadre_and_a_cadre_nobody_knows(http: TestClient, township: Headers, sign: Sign) -> None:
    not_linked = http.post("/v1/check-ins", json=body(), headers=sign(str(uuid4()), "cadre"))
    unknown = http.post("/v1/check-ins", json=body(cadre_id=str(uuid4())), headers=township)
    assert (not_linked.status_code, not_linked.json()["code"]) == (403, "not-a-cadre")
    assert unknown.status_code == 404


def test_a_system_in_use_elsewhere_may_hand_check_ins_in(
    http: TestClient, sign: Sign, office: Office, village: Stationed
) -> None:
    sent = body(cadre_id=str(village.first))
    without = sign("other-app", scopes="check-in:write")
    assert http.post("/v1/check-ins", json=sent, headers=without).status_code == 403
    entitled = office("other-app", scopes="check-in:write check-in:record")
    assert http.post("/v1/check-ins", json=sent, headers=entitled).status_code == 201


def test_cadres_read_their_own_check_ins_and_offices_everybodys(
    http: TestClient, cadre: Headers, township: Headers, village: Stationed
) -> None:
    http.post("/v1/check-ins", json=body(), headers=cadre)
    yesterday = body(cadre_id=str(village.second), at=(HERE - timedelta(days=1)).isoformat())
    http.post("/v1/check-ins", json=yesterday, headers=township)
    (mine,) = http.get("/v1/check-ins", headers=cadre).json()["rows"]
    assert mine["cadre_id"] == str(village.first)
    assert mine.keys() == {"id", "cadre_id", "at", "day", "village", "verdict"}
    others = {"cadre_id": str(village.second)}
    assert http.get("/v1/check-ins", params=others, headers=cadre).status_code == 404
    assert len(http.get("/v1/check-ins", params=others, headers=township).json()["rows"]) == 1
    today = others | {"day": TODAY.isoformat()}
    assert http.get("/v1/check-ins", params=today, headers=township).json()["rows"] == []


def test_what_is_refused_leaves_nothing(http: TestClient, cadre: Headers, attendance: Session) -> None:
    sent = body()
    http.post("/v1/check-ins", json=sent, headers=cadre)
    http.post("/v1/check-ins", json=sent | {"accuracy": 1}, headers=cadre)
    assert len(attendance.scalars(select(CheckIn)).all()) == 1
    assert len(attendance.scalars(select(DayStatus)).one().evidence) == 1
