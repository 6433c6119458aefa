"""A first answer is told again while its caller reaches what was reached then; after that, nothing of it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.callers import Headers, Sign, grant, served
from tests.door.holdings import ALWAYS, hold, of_set
from tests.door.world import households as furnish
from tests.households.conftest import http, statement
from tests.kit.notes import notes

__all__ = ["http"]  # the register, over HTTP

VILLAGE = "520621001005"


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["households"]


@pytest.fixture
def calls(engine: Engine, signing_key: RSAKey, seal: Seal, tmp_path: Path) -> Iterator[TestClient]:
    with served(notes(seal), "households", engine, signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def clerk(engine: Engine, sign: Sign) -> Headers:
    grant(engine, "clerk", "county", VILLAGE)
    return sign("clerk", "county") | {"idempotency-key": "one"}


def do(engine: Engine, statement: str) -> None:
    with open_session(engine) as session, session.begin():
        session.execute(text(statement))


def call(client: TestClient, headers: Headers) -> Any:
    return client.post("/v1/calls", json={"text": "x"}, headers=headers)


def effects(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM event WHERE type = 'note.made'")).scalar_one())


def test_a_phone_that_asks_again_under_the_same_grants_gets_the_first_answer(
    calls: TestClient, clerk: Headers, engine: Engine
) -> None:
    first = call(calls, clerk)
    grant(engine, "somebody else", "county", "520621")
    assert (call(calls, clerk).content, first.status_code) == (first.content, 201)


def test_under_a_key_nothing_is_told_after_a_grant_has_ended_and_nothing_done_twice(
    calls: TestClient, clerk: Headers, engine: Engine
) -> None:
    first = call(calls, clerk)
    do(engine, "UPDATE access_grant SET valid = daterange('2026-01-01', '2026-11-02')")
    refused = call(calls, clerk)
    assert (refused.status_code, refused.json()["code"]) == (409, "grants-changed-since")
    assert first.json()["made"] not in refused.text
    assert effects(engine) == 1


def test_another_body_is_refused_by_its_own_name_whatever_the_grants(
    calls: TestClient, clerk: Headers, engine: Engine
) -> None:
    call(calls, clerk)
    do(engine, "UPDATE access_grant SET revoked = true")
    refused = calls.post("/v1/calls", json={"text": "y"}, headers=clerk)
    assert refused.json()["code"] == "key-used-before"


def test_who_gets_the_grant_back_gets_the_first_answer_back(calls: TestClient, clerk: Headers, engine: Engine) -> None:
    first = call(calls, clerk)
    do(engine, "UPDATE access_grant SET revoked = true")
    assert call(calls, clerk).status_code == 409
    do(engine, "UPDATE access_grant SET revoked = false")
    assert call(calls, clerk).content == first.content


@pytest.mark.parametrize(
    "ended",
    ["UPDATE access_grant SET revoked = true WHERE kind = 'set'", "UPDATE set_member SET revoked = true"],
    ids=["the grant", "the membership"],
)
def test_a_statement_of_a_household_that_has_left_the_set_is_as_if_it_never_was(
    http: TestClient, engine: Engine, sign: Sign, ended: str
) -> None:
    home = furnish(engine, VILLAGE)
    assistant = hold(engine, sign, "assistant", of_set("", valid=ALWAYS), subject=UUID(home.ids["household"]))
    grant(engine, holder_of(engine), "assistant", "520699")  # holds something still
    body, path = statement(), f"/v1/households/{home.ids['household']}/statements"
    first = http.post(path, json=body, headers=assistant)
    assert first.status_code == 201, first.text
    assert http.post(path, json=body, headers=assistant).content == first.content
    do(engine, ended)
    never = http.post(f"/v1/households/{uuid4()}/statements", json=body, headers=assistant)
    after = http.post(path, json=body, headers=assistant)
    assert (after.status_code, after.content) == (404, never.content)


def test_who_holds_more_than_then_gets_what_was_stored_and_writes_nothing_anew(
    http: TestClient, engine: Engine, sign: Sign
) -> None:
    home = furnish(engine, VILLAGE)
    grant(engine, "clerk", "county", VILLAGE)
    headers, body = sign("clerk", "county"), statement()
    path = f"/v1/households/{home.ids['household']}/statements"
    first = http.post(path, json=body, headers=headers)
    grant(engine, "clerk", "county", "520622")
    again = http.post(path, json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(http.get(path, headers=headers).json()) == 2  # and the one of the world's own


def holder_of(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT holder FROM access_grant WHERE kind = 'set'")).scalar_one())
