"""Who looked at what and who was refused: whoever is signed in leaves a line, and no noise fills a disk."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select, text
from sqlmodel import col
from starlette.testclient import TestClient

from services.cli.audit_chain import check_database
from services.households.imports import households as import_households
from services.households.main import create
from services.households.models.register import Household
from services.kit.store.audit import Audit
from services.kit.store.db import open_session
from services.kit.web.audited import AT_ONCE, WINDOW, Tide, line_of
from tests.callers import HERE, Headers, Office, Sign, served
from tests.households.conftest import csv_of

SOMEBODY = "11111111-1111-4111-8111-111111111111"
ID_NUMBER = "990621199001011234"  # nobody's


@pytest.fixture
def http(engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "households", engines["households"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def cadre(office: Office) -> Headers:
    return office(SOMEBODY, "cadre", "captain")


@pytest.fixture
def family(engines: dict[str, Engine], clean: None) -> UUID:
    household = Household(
        id=uuid4(), number="1", village="520621001005", group_name="1", head_name="王五", created_at=HERE
    )
    with open_session(engines["households"]) as session, session.begin():
        session.add(household)
    return household.id


@pytest.fixture
def lines(engines: dict[str, Engine], clean: None) -> Any:
    def read() -> list[Audit]:
        with open_session(engines["households"]) as session:
            with engines["households"].connect() as connection:
                assert check_database(connection, []) == []
            return list(session.scalars(select(Audit).order_by(col(Audit.seq))))

    return read


def test_reading_a_household_tells_who_which_and_when(
    http: TestClient, cadre: Headers, family: UUID, lines: Any
) -> None:
    assert http.get(f"/v1/households/{family}", headers=cadre | {"x-request-id": "abc-12345"}).status_code == 200
    (line,) = lines()
    assert (line.actor, line.rights, line.action) == (SOMEBODY, "cadre captain", "GET /v1/households/{household_id}")
    assert (line.objects, line.status, line.code) == ([str(family)], 200, "")
    assert (line.slot, line.request_id, line.source) == ("households-api-1", "abc-12345", "testclient")
    assert line.at.utcoffset() == timedelta(0)


def test_an_id_written_another_way_is_the_same_id_to_the_audit(
    http: TestClient, cadre: Headers, family: UUID, lines: Any
) -> None:
    for written in (str(family).upper(), family.hex):
        assert http.get(f"/v1/households/{written}", headers=cadre).status_code == 200
    assert [line.objects for line in lines()] == [[str(family)]] * 2


def test_a_list_tells_of_which_place_it_was(http: TestClient, cadre: Headers, lines: Any) -> None:
    http.get("/v1/households?village=520621001&number=123456", headers=cadre)
    assert [(line.division, line.objects) for line in lines()] == [("520621001", [])]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"/v1/households/{SOMEBODY}", 404, "not-there"),
        ("GET", f"/v1/households/{ID_NUMBER}", 422, "not-understood"),
        ("GET", f"/v1/households?village={ID_NUMBER}", 422, "not-understood"),
        ("GET", "/v1/services/households/audit", 403, "not-allowed"),
        ("PUT", f"/v1/households/{SOMEBODY}/tags/{ID_NUMBER}", 422, "not-understood"),
    ],
)
def test_a_refusal_is_audited_by_its_code_and_repeats_nothing(
    http: TestClient, cadre: Headers, lines: Any, method: str, path: str, status: int, code: str
) -> None:
    assert http.request(method, path, headers=cadre).status_code == status
    (line,) = lines()
    assert (line.actor, line.status, line.code) == (SOMEBODY, status, code)
    assert ID_NUMBER not in repr(line)


def test_somebody_who_is_not_signed_in_leaves_one_line_however_often_it_is_tried(http: TestClient, lines: Any) -> None:
    for _ in range(50):
        assert http.get("/v1/households?village=520621").status_code == 401
    (line,) = lines()
    assert (line.actor, line.status, line.action) == ("", 401, "GET /v1/households")


def test_a_flood_of_refusals_of_one_caller_is_counted(http: TestClient, cadre: Headers, lines: Any) -> None:
    for _ in range(AT_ONCE + 10):
        http.get("/v1/services/households/audit", headers=cadre)
    assert len(lines()) == AT_ONCE


def test_what_was_held_back_is_said_in_the_next_window() -> None:
    tide = Tide()
    scope: dict[str, Any] = {"type": "http", "method": "GET", "headers": [], "query_string": b"", "client": None}
    nobody = line_of(scope, 401)
    assert [tide.counted(nobody, now) for now in (0, 1, 2, WINDOW + 1, WINDOW + 2)] == [0, None, None, 2, None]


def test_an_audit_that_cannot_be_written_fails_the_success_and_not_the_refusal(
    http: TestClient, cadre: Headers, family: UUID, engines: dict[str, Engine]
) -> None:
    rename = "ALTER FUNCTION {} RENAME TO {}"
    with engines["households"].begin() as connection:
        connection.execute(text(rename.format("audit_append", "gone")))
    try:
        refused = http.get("/v1/services/households/audit", headers=cadre)
        tolerant = TestClient(http.app, raise_server_exceptions=False)
        read = tolerant.get(f"/v1/households/{family}", headers=cadre)
    finally:
        with engines["households"].begin() as connection:
            connection.execute(text(rename.format("gone", "audit_append")))
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert (read.status_code, read.json()["code"]) == (503, "database-away")
    assert "王五" not in read.text


def test_an_import_leaves_one_line_with_the_digest_of_its_file(http: TestClient, office: Office, lines: Any) -> None:
    file = csv_of(import_households.HEADERS)
    answer = http.post(
        "/v1/household-imports/households", files={"file": ("a.csv", file)}, headers=office("a", "county")
    )
    assert answer.status_code == 201, answer.text
    (line,) = lines()
    assert json.loads(line.detail) == {"rows": 0, "sha256": sha256(file).hexdigest()}
    assert line.objects == ["households", answer.json()["id"]]


def test_the_auditor_reads_by_who_what_and_when_in_pages(
    http: TestClient, cadre: Headers, sign: Sign, family: UUID
) -> None:
    for _ in range(5):
        http.get(f"/v1/households/{family}", headers=cadre)
        http.get("/v1/households?village=520621", headers=cadre)
    auditor = sign(str(uuid4()), "auditor")

    def ask(**query: Any) -> dict[str, Any]:
        answer = http.get("/v1/services/households/audit", params=query, headers=auditor)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    assert [row["seq"] for row in ask(object_id=str(family))["rows"]] == [9, 7, 5, 3, 1]
    first = ask(actor=SOMEBODY, limit=7)
    rest = ask(actor=SOMEBODY, limit=7, cursor=first["next"])
    assert [row["seq"] for row in first["rows"] + rest["rows"]] == list(range(10, 0, -1))
    assert rest["next"] is None
    assert ask(actor=SOMEBODY, until=first["rows"][-1]["at"])["rows"] == rest["rows"]
    assert len(ask(since=first["rows"][0]["at"], actor=SOMEBODY)["rows"]) == 1
    assert ask(until=HERE.isoformat(), since=HERE.isoformat())["rows"] == []


def test_looking_at_the_audit_leaves_a_line_too(http: TestClient, sign: Sign, lines: Any) -> None:
    heads = http.get("/v1/services/households/audit/heads", headers=sign(SOMEBODY, "auditor")).json()
    assert heads == {"heads": [], "signed": None, "signature": None}
    assert [line.action for line in lines()] == ["GET /v1/services/households/audit/heads"]
