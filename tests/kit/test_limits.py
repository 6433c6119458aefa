"""Who calls too often waits, is told for how long, and keeps nobody else from calling."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.kit.store.fields import Seal
from services.kit.web.limits import Limits
from tests.callers import Headers, Sign, served
from tests.kit.notes import notes


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def http(
    engines: dict[str, Engine], clean: None, signing_key: RSAKey, seal: Seal, tmp_path: Path, clock: Clock
) -> Iterator[TestClient]:
    """Three reads, two writes and one file a minute."""
    with served(notes(seal), "households", engines["households"], signing_key, tmp_path) as client:
        assert isinstance(client.app, FastAPI)
        client.app.state.allowance = Limits({"read": 3, "write": 2, "upload": 1}, clock)
        yield client


@pytest.fixture
def clerk(sign: Sign) -> Headers:
    return sign("clerk", "county")


def read(http: TestClient, headers: Headers) -> int:
    return http.get("/v1/notes", headers=headers).status_code


def test_what_is_left_is_announced_until_nothing_is(http: TestClient, clerk: Headers, clock: Clock) -> None:
    answers = [http.get("/v1/notes", headers=clerk) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"read";r=2;t=20',
        '"read";r=1;t=40',
        '"read";r=0;t=60',
        '"read";r=0;t=60',
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"read";q=3;w=60'}
    assert (answers[3].json()["code"], answers[3].headers["retry-after"]) == ("too-many-requests", "20")
    clock.now += 19.9
    assert read(http, clerk) == 429
    clock.now += 0.2
    assert [read(http, clerk), read(http, clerk)] == [200, 429]


def test_over_an_hour_nobody_gets_more_than_the_quota(http: TestClient, clerk: Headers, clock: Clock) -> None:
    let_in = 0
    for _ in range(600):
        let_in += read(http, clerk) == 200
        clock.now += 6
    assert let_in in (3 * 60 + 2, 3 * 60 + 3)


def test_reads_writes_and_files_are_counted_apart(http: TestClient, clerk: Headers) -> None:
    file = {"file": b"rows"}
    assert [http.post("/v1/sheets", files=file, headers=clerk).status_code for _ in range(2)] == [201, 429]
    assert [http.post("/v1/calls", json={}, headers=clerk).status_code for _ in range(3)] == [201, 201, 429]
    assert read(http, clerk) == 200


def test_another_caller_is_not_held_up_and_another_address_is_no_other_caller(
    http: TestClient, clerk: Headers, sign: Sign
) -> None:
    for _ in range(3):
        read(http, clerk)
    for name in ("x-forwarded-for", "forwarded", "x-real-ip"):
        assert read(http, clerk | {name: "10.1.2.3"}) == 429
    assert read(http, sign("clerk", "county")) == 429  # another token of the same person
    assert read(http, sign("other", "county")) == 200


def test_a_refused_caller_is_counted_too(http: TestClient, sign: Sign) -> None:
    nobody = sign("cadre", "cadre")
    assert [read(http, nobody) for _ in range(4)] == [403, 403, 403, 429]


def test_our_own_services_are_not_counted(http: TestClient, sign: Sign) -> None:
    own = sign("alerts", scopes="facts:read note:read")
    assert {read(http, own) for _ in range(9)} == {200}


def test_the_quiet_are_forgotten(clock: Clock) -> None:
    counted = Limits({"read": 3}, clock, most=30)
    for number in range(90):
        counted._take((str(number), "read"), 20.0)
        clock.now += 3
        assert len(counted._whole_at) <= 30
