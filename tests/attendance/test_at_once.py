"""Check-ins that arrive at the same moment."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx2 import Response
from sqlalchemy import select
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.imports.teams import HEADERS
from services.attendance.models.facts import TeamFacts
from services.attendance.models.presence import DayStatus
from services.attendance.models.teams import Cadre
from services.attendance.presence.check_ins import CheckInIn
from services.attendance.presence.entries import Recorded
from services.kit.store.tables import Event
from tests.attendance.conftest import STATION, VILLAGE, Stationed
from tests.attendance.recording import grant_to_an_office, recorded
from tests.callers import HERE, Headers, Office
from tests.conftest import TODAY


def body(cadre: object, number: str) -> dict[str, Any]:
    latitude, longitude = STATION
    where = {"latitude": latitude, "longitude": longitude, "accuracy": 10}
    return {"id": number, "at": HERE.isoformat(), "cadre_id": str(cadre)} | where


def begin_check_in(session: Session, cadre: UUID) -> None:
    """Under way in a transaction that the test commits."""
    grant_to_an_office(session)
    (outcome,) = recorded(session, [CheckInIn.model_validate(body(cadre, str(uuid4())))])
    assert isinstance(outcome, Recorded)


def upload(http: TestClient, caller: Headers, *rows: str) -> Response:
    content = "\n".join([",".join(HEADERS), *rows]).encode()
    return http.post("/v1/team-imports/teams", files={"file": ("t.csv", content)}, headers=caller)


def test_a_whole_team_at_once_is_counted_whole(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    township = office("a-township-account", "township")
    bodies = [body(cadre, str(uuid4())) for cadre in (village.first, village.second) for _ in range(6)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda sent: http.post("/v1/check-ins", json=sent, headers=township), bodies))
    assert {answer.status_code for answer in answers} == {201}
    assert {len(day.evidence) for day in attendance.scalars(select(DayStatus))} == {6}
    facts = attendance.get(TeamFacts, village.team)
    assert facts
    assert (facts.last_present_on, facts.member_away_since) == (TODAY, TODAY)
    assert facts.version in (1, 2)  # as the two first ones were written: together, or one after the other


def test_a_crowd_that_writes_and_reads_is_answered_whole(http: TestClient, office: Office, village: Stationed) -> None:
    """A write whose answer is kept holds its connection while it waits for a thread: were there as many of them as
    connections, they and the readings that hold the threads would wait for each other."""
    township = office("a-township-account", "township")

    def ask(number: int) -> int:
        if number % 2:
            return http.get("/v1/teams", headers=township).status_code
        return http.post("/v1/check-ins", json=body(village.first, str(uuid4())), headers=township).status_code

    began = time.monotonic()
    with ThreadPoolExecutor(100) as threads:
        assert set(threads.map(ask, range(300))) == {200, 201}
    assert time.monotonic() - began < 60


def test_a_teammates_newer_day_is_not_lost_to_an_older_one(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    township = office("a-township-account", "township")
    yesterday = body(village.second, str(uuid4())) | {"at": (HERE - timedelta(days=1)).isoformat()}
    begin_check_in(attendance, village.first)
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(http.post, "/v1/check-ins", json=yesterday, headers=township)
        wait([other], timeout=0.3)
        attendance.commit()
        assert other.result().status_code == 201
    facts = attendance.get(TeamFacts, village.team, populate_existing=True)
    assert facts
    assert facts.last_present_on == TODAY


def test_a_file_that_moves_a_teammate_meanwhile_keeps_the_presence(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    county = office("a-county-account", "county")
    row = "另一队,520621001006,示例站,例乙丑,10001000002,队员,2026-09-01,"
    begin_check_in(attendance, village.first)
    with ThreadPoolExecutor(1) as threads:
        moving = threads.submit(upload, http, county, row)
        wait([moving], timeout=0.3)
        attendance.commit()
        assert moving.result().json()["stored"] == 1
    facts = attendance.get(TeamFacts, village.team, populate_existing=True)
    assert facts
    assert (facts.members, facts.last_present_on) == (1, TODAY)


def test_one_check_in_sent_by_two_threads_is_one(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    township = office("a-township-account", "township")
    sent = body(village.first, str(uuid4()))
    with ThreadPoolExecutor(8) as threads:
        posts = [threads.submit(http.post, "/v1/check-ins", json=sent, headers=township) for _ in range(8)]
    assert {post.result().status_code for post in posts} == {201}
    assert list(attendance.scalars(select(col(Event.type)))).count("check_in.recorded") == 1


def test_one_file_uploaded_twice_at_once_makes_each_cadre_once(
    http: TestClient, office: Office, attendance: Session
) -> None:
    county = office("a-county-account", "county")
    rows = [f"示例队,{VILLAGE},示例站,示甲子,100010{n:05},队员,2026-03-01," for n in range(200)]
    with ThreadPoolExecutor(2) as threads:
        posts = [threads.submit(upload, http, county, *rows) for _ in range(2)]
    assert sorted(post.result().json()["stored"] for post in posts) == [0, 200]
    assert attendance.scalars(select(col(TeamFacts.members))).one() == 200


def test_one_id_for_two_cadres_at_once_is_stored_for_one(http: TestClient, office: Office, village: Stationed) -> None:
    township = office("a-township-account", "township")
    number = str(uuid4())
    bodies = [body(cadre, number) for cadre in (village.first, village.second)] * 4
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda sent: http.post("/v1/check-ins", json=sent, headers=township), bodies))
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 4


def test_linking_an_account_beside_an_import_of_the_same_cadre_ends_for_both(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    township = office("a-township-account", "township")
    row = f"示例工作队,{VILLAGE},示例局,示例九,10000000009,队员,2026-02-01,{{}}"
    assert upload(http, township, row.format("")).json()["stored"] == 1
    cadre = attendance.scalars(select(Cadre).where(col(Cadre.name) == "示例九").with_for_update()).one()
    with ThreadPoolExecutor(1) as threads:
        imported = threads.submit(upload, http, township, row.format("nine"))
        wait([imported], timeout=1)
        cadre.account = str(uuid4())
        attendance.commit()
        assert imported.result(10).json()["stored"] == 1
