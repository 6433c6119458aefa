"""What a phone has gathered offline: a verdict for each, and no order, repetition or division of it leaves a trace."""

import os
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.presence import CheckIn, DayStatus
from services.attendance.presence.check_ins import CheckInIn
from services.kit.store.audit import Audit
from services.kit.store.tables import Event
from tests.attendance.conftest import STATION, Stationed
from tests.attendance.recording import grant_to_an_office, recorded
from tests.attendance.test_check_ins import body
from tests.callers import HERE, Headers, Office, Sign

PERMUTATIONS = int(os.environ.get("SHOUWANG_PERMUTATIONS", "40"))  # a thousand take two minutes
BATCHES = "/v1/check-in-batches"


@pytest.fixture
def cadre(sign: Sign, village: Stationed) -> Headers:
    return sign(village.account, "cadre")


def sent(http: TestClient, caller: Headers, *bodies: Any) -> list[dict[str, Any]]:
    answer = http.post(BATCHES, json={"check_ins": bodies}, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    assert [row["index"] for row in rows] == list(range(len(bodies)))
    return rows


def test_each_is_answered_by_itself_and_what_is_wrong_with_one_keeps_none_of_the_others(
    http: TestClient, cadre: Headers, attendance: Session, village: Stationed
) -> None:
    before, fresh = body(), body(at=(HERE - timedelta(days=1)).isoformat())
    http.post("/v1/check-ins", json=before, headers=cadre)
    foreign = body(cadre_id=str(village.second))
    rows = sent(http, cadre, before, {"id": "1"}, fresh, before | {"accuracy": 1}, foreign, 7, fresh)
    told = [row["outcome"] for row in rows]
    assert told == ["known", "refused", "stored", "refused", "refused", "refused", "known"]
    codes = [row["problem"] and row["problem"]["code"] for row in rows]
    assert codes == [None, "not-understood", None, "sent-before", "not-allowed", "not-understood", None]
    assert {fault["pointer"] for fault in rows[1]["problem"]["errors"]} == {"/id", "/at"}
    assert rows[2]["check_in"] == rows[6]["check_in"]
    assert rows[2]["check_in"]["verdict"] == "inside"
    assert len(attendance.scalars(select(CheckIn)).all()) == 2
    line = attendance.scalars(select(Audit).where(col(Audit.action) == f"POST {BATCHES}")).one()
    assert line.detail == '{"known": 2, "refused": 4, "stored": 1}'


def test_five_hundred_are_one_request_and_more_are_refused(
    http: TestClient, cadre: Headers, attendance: Session
) -> None:
    bodies = [body(at=(HERE - timedelta(hours=n)).isoformat()) for n in range(500)]
    assert {row["outcome"] for row in sent(http, cadre, *bodies)} == {"stored"}
    assert {row["outcome"] for row in sent(http, cadre, *reversed(bodies))} == {"known"}
    kinds = list(attendance.scalars(select(col(Event.type))))
    assert (kinds.count("check_in.recorded"), kinds.count("facts.changed")) == (500, 1)
    assert http.post(BATCHES, json={"check_ins": [*bodies, body()]}, headers=cadre).status_code == 422
    assert http.post(BATCHES, json={"check_ins": []}, headers=cadre).status_code == 422


@pytest.mark.parametrize("years", [-2, 2])
def test_a_clock_that_is_two_years_off_loses_nothing(http: TestClient, cadre: Headers, years: int) -> None:
    moments = [HERE + timedelta(days=365 * years, hours=n) for n in (5, 2, 9, 2)]
    rows = sent(http, cadre, *(body(at=at.isoformat()) for at in moments))
    assert {row["outcome"] for row in rows} == {"stored"}
    assert {row["check_in"]["verdict"] for row in rows} == {"uncertain"}


def test_who_holds_no_office_is_told_so_once(http: TestClient, office: Office, sign: Sign, village: Stationed) -> None:
    row = body(cadre_id=str(village.first))
    nobody = sign("an-office-without-a-place", "township")
    answer = http.post(BATCHES, json={"check_ins": [row, body(cadre_id=str(village.second))]}, headers=nobody)
    assert (answer.status_code, answer.json()["code"]) == (403, "no-office")
    elsewhere = office("another-township", "township", place="520621002")
    assert sent(http, elsewhere, row)[0]["problem"]["code"] == "not-there"


KINDS = ((STATION, 10), ((28.5, 108.84), 10), (STATION, 4000))
sightings = st.lists(
    st.tuples(st.uuids(version=4), st.sampled_from(KINDS), st.integers(0, 4_000), st.booleans()),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one[0],
)


@settings(suppress_health_check=list(HealthCheck), max_examples=PERMUTATIONS, deadline=None)
@given(sightings, st.data())
def test_no_order_repetition_or_division_leaves_a_trace(
    attendance: Session, village: Stationed, seen: list[Any], data: st.DataObject
) -> None:
    grant_to_an_office(attendance)
    bodies = [seen_as(one, village) for one in seen]
    again = data.draw(st.lists(st.sampled_from(bodies), max_size=4))
    order = data.draw(st.permutations([*bodies, *again]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(order)), max_size=3)))
    recorded(attendance, bodies)
    plain = bytes_of(attendance)
    attendance.rollback()
    grant_to_an_office(attendance)
    for since, until in zip([0, *cuts], [*cuts, len(order)], strict=True):
        recorded(attendance, order[since:until])
    assert bytes_of(attendance) == plain
    attendance.rollback()


def seen_as(one: tuple[UUID, Any, int, bool], village: Stationed) -> CheckInIn:
    number, ((latitude, longitude), accuracy), minutes, first = one
    said = {"id": number, "at": HERE - timedelta(minutes=minutes), "latitude": latitude, "longitude": longitude}
    return CheckInIn.model_validate(
        said | {"accuracy": accuracy, "cadre_id": village.first if first else village.second}
    )


def bytes_of(session: Session) -> str:
    days = text("SELECT string_agg(d::text, E'\\n' ORDER BY cadre_id, day) FROM day_status d")
    facts = text("SELECT string_agg((subject, members, last_present_on)::text, E'\\n') FROM team_facts")
    return f"{session.execute(days).scalar_one()}\n{session.execute(facts).scalar_one()}"


def test_the_day_is_settled_from_what_is_stored(http: TestClient, cadre: Headers, attendance: Session) -> None:
    bodies = [body(latitude=28.5), body(accuracy=None), body()]
    assert {row["check_in"]["day_status"] for row in sent(http, cadre, *bodies)} == {"present"}
    assert len(attendance.scalars(select(DayStatus)).one().evidence) == 3


def test_refused_ones_alone_leave_a_line_of_their_own(http: TestClient, cadre: Headers, attendance: Session) -> None:
    assert [row["outcome"] for row in sent(http, cadre, {}, {"id": str(uuid4())})] == ["refused", "refused"]
    line = attendance.scalars(select(Audit).where(col(Audit.action) == f"POST {BATCHES}")).one()
    assert line.detail == '{"known": 0, "refused": 2, "stored": 0}'
