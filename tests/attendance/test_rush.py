"""Check-ins of many at once: who is refused, who is not, and what the audit says of it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg.errors import CheckViolation
from sqlalchemy import Engine, delete, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.presence import CheckIn
from services.attendance.models.teams import Posting
from services.cli.audit_chain import check_database
from services.kit.store.audit import Audit
from services.kit.store.revoked import EVERY
from services.kit.store.tables import Revocation
from tests.attendance.conftest import Stationed
from tests.attendance.test_check_ins import body
from tests.callers import Headers, Sign


@pytest.fixture
def cadre(sign: Sign, village: Stationed) -> Headers:
    return sign(village.account, "cadre")


@pytest.fixture
def poison(attendance: Session, village: Stationed) -> Iterator[float]:
    """An accuracy that the database refuses, as it would something nobody has thought of."""
    attendance.execute(text("ALTER TABLE check_in ADD CONSTRAINT poison CHECK (accuracy <> 666)"))
    attendance.commit()
    yield 666
    attendance.rollback()
    attendance.execute(text("ALTER TABLE check_in DROP CONSTRAINT poison"))
    attendance.commit()


def test_one_that_the_database_refuses_harms_none_of_two_hundred(
    http: TestClient, cadre: Headers, attendance: Session, poison: float
) -> None:
    def send(number: int) -> int:
        sent = body(accuracy=poison if number == 99 else 12)
        try:
            return http.post("/v1/check-ins", json=sent, headers=cadre).status_code
        except CheckViolation:  # the test's client raises what becomes a 500 for others
            return 500

    with ThreadPoolExecutor(50) as threads:
        assert list(threads.map(send, range(200))) == [500 if number == 99 else 201 for number in range(200)]
    assert len(attendance.scalars(select(CheckIn)).all()) == 199


def test_every_one_that_was_answered_has_its_line_and_the_chains_are_whole(
    http: TestClient, cadre: Headers, attendance: Session, engines: dict[str, Engine], village: Stationed
) -> None:
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: http.post("/v1/check-ins", json=body(), headers=cadre), range(200)))
    assert {answer.status_code for answer in answers} == {201}
    lines = attendance.scalars(select(Audit).where(col(Audit.action) == "POST /v1/check-ins")).all()
    assert {answer.headers["x-request-id"] for answer in answers} == {line.request_id for line in lines}
    assert {(line.actor, line.rights, line.status, line.code) for line in lines} == {
        (village.account, "cadre", 201, "")
    }
    assert {line.slot for line in lines} <= {"attendance-api-1-lane-1", "attendance-api-1-lane-2"}
    with engines["attendance"].connect() as connection:
        assert check_database(connection, []) == []


def test_who_was_sent_away_is_refused_within_two_seconds_though_the_token_is_known(
    http: TestClient, cadre: Headers, attendance: Session, village: Stationed
) -> None:
    assert http.post("/v1/check-ins", json=body(), headers=cadre).status_code == 201
    now = datetime.now(UTC)
    gone = Revocation(subject=village.account, not_before=now, expires_at=now + timedelta(minutes=10), version=1)
    attendance.add(gone)
    attendance.commit()
    began = time.monotonic()
    while http.post("/v1/check-ins", json=body(), headers=cadre).status_code == 201:
        assert time.monotonic() - began < EVERY + 1  # reading them takes a moment of its own
        time.sleep(0.05)
    assert http.post("/v1/check-ins", json=body(), headers=cadre).json()["code"] == "sign-in-ended"


def test_a_token_that_was_changed_is_never_taken_for_the_one_that_is_known(http: TestClient, cadre: Headers) -> None:
    assert http.post("/v1/check-ins", json=body(), headers=cadre).status_code == 201
    token = cadre["authorization"]
    for forged in (token[:-4] + "AAAA", token + "A", token[: token.rindex(".")] + "."):
        answer = http.post("/v1/check-ins", json=body(), headers={"authorization": forged})
        assert answer.json()["code"] == "not-signed-in"


def test_a_cadre_who_was_never_posted_anywhere_is_refused(
    http: TestClient, cadre: Headers, attendance: Session, village: Stationed
) -> None:
    attendance.execute(delete(Posting).where(col(Posting.cadre_id) == village.first))
    attendance.commit()
    answer = http.post("/v1/check-ins", json=body(), headers=cadre)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-there")


def test_a_repeat_is_known_by_whoever_may_record_and_refused_to_others(
    http: TestClient, cadre: Headers, sign: Sign
) -> None:
    sent = body()
    assert http.post("/v1/check-ins", json=sent, headers=cadre).status_code == 201
    other = http.post("/v1/check-ins", json=sent, headers=sign(str(uuid4()), "cadre"))
    assert (other.status_code, other.json()["code"]) == (403, "not-a-cadre")
