"""How often somebody may try, and that no refusal tells who exists."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.county.settings import SignInSettings
from services.county.tries import TooManyTries, Try, book, forgive
from services.kit.store.fields import Seal
from tests.conftest import NOW
from tests.county.conftest import PASSWORD, county_with, state_of

LIMITS = SignInSettings(tries_per_address=40)  # the shape of the rules, with less to do
HALL, HOME, ELSEWHERE = "10.1.1.1", "10.2.2.2", "203.0.113.9"


@pytest.fixture
def tries(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["county"]


def fails(engine: Engine, seal: Seal, name: str, address: str, times: int, at: datetime = NOW) -> int:
    """How many of so many tries were refused unheard."""
    refused = 0
    for _ in range(times):
        try:
            book(engine, Try.of(seal, name, address), LIMITS, at)
        except TooManyTries:
            refused += 1
    return refused


def goes_well(engine: Engine, seal: Seal, name: str, address: str, at: datetime = NOW) -> bool:
    if fails(engine, seal, name, address, 1, at):
        return False
    forgive(engine, Try.of(seal, name, address), at)
    return True


def test_a_hundred_wrong_passwords_on_one_account_from_one_address_are_six(tries: Engine, seal: Seal) -> None:
    assert fails(tries, seal, "li", HALL, 100) == 100 - LIMITS.tries


def test_after_the_window_somebody_may_try_again_and_waiting_has_not_been_prolonged(tries: Engine, seal: Seal) -> None:
    fails(tries, seal, "li", HALL, 20)
    nearly = NOW + timedelta(seconds=LIMITS.window - 1)
    assert fails(tries, seal, "li", HALL, 1, nearly) == 1
    assert fails(tries, seal, "li", HALL, 1, nearly + timedelta(seconds=1)) == 0


def test_one_password_on_many_accounts_from_one_address_ends_at_its_limit(tries: Engine, seal: Seal) -> None:
    refused = sum(fails(tries, seal, f"name{number}", ELSEWHERE, 1) for number in range(60))
    assert refused == 60 - LIMITS.tries_per_address


def test_a_hall_that_signs_in_well_never_reaches_the_limit_of_its_address(tries: Engine, seal: Seal) -> None:
    assert all(goes_well(tries, seal, f"name{number}", HALL) for number in range(LIMITS.tries_per_address + 20))


def test_nobody_is_locked_out_by_his_name(tries: Engine, seal: Seal) -> None:
    """Fifty addresses try for li; li, where he has signed in before, is let in at once."""
    assert goes_well(tries, seal, "li", HALL)
    for number in range(50):
        fails(tries, seal, "li", f"198.51.100.{number}", 2)
    assert goes_well(tries, seal, "li", HALL)


def test_many_addresses_on_one_name_are_heard_one_at_a_time(tries: Engine, seal: Seal) -> None:
    heard = sum(not fails(tries, seal, "li", f"198.51.100.{number}", 1) for number in range(40))
    assert heard == LIMITS.tries_per_name
    later = NOW + timedelta(seconds=LIMITS.pause)
    assert [fails(tries, seal, "li", address, 1, later) for address in (HOME, ELSEWHERE)] == [0, 1]


def test_a_right_password_starts_the_name_anew_but_not_its_address(tries: Engine, seal: Seal) -> None:
    for number in range(LIMITS.tries_per_address // 5):
        fails(tries, seal, f"name{number}", ELSEWHERE, 5)
    assert not goes_well(tries, seal, "own", ELSEWHERE)
    assert goes_well(tries, seal, "own", HOME)


def test_tries_at_once_count_as_many(tries: Engine, seal: Seal) -> None:
    with ThreadPoolExecutor(10) as crowd:
        refused = list(crowd.map(lambda _: fails(tries, seal, "li", HALL, 1), range(50)))
    assert sum(refused) == 50 - LIMITS.tries


@pytest.fixture
def door(secrets: Path, engines: dict[str, Engine], admin: dict[str, str]) -> Iterator[TestClient]:
    with county_with(secrets, engines["county"]) as opened:
        yield opened


def sign_in(client: TestClient, name: str, password: str = "not it, surely", **headers: str) -> Any:
    return client.post("/v1/sign-in", json={"username": name, "password": password}, headers=headers)


@pytest.mark.parametrize("name", ["admin", "nobody"])
def test_the_seventh_try_is_refused_alike_for_a_name_that_is_and_one_that_is_not(door: TestClient, name: str) -> None:
    answers = [sign_in(door, name) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429]
    assert answers[6].json() == {
        "type": "/problems/too-many-tries",
        "title": "尝试次数过多，请稍后再试。",
        "status": 429,
        "code": "too-many-tries",
    }
    assert 1700 < int(answers[6].headers["retry-after"]) <= 1801


def test_even_the_right_password_is_not_looked_at_then_nor_in_another_process(
    door: TestClient, secrets: Path, engines: dict[str, Engine]
) -> None:
    for _ in range(6):
        sign_in(door, "admin")
    with county_with(secrets, engines["county"]) as restarted:
        assert [sign_in(one, "admin", PASSWORD).status_code for one in (door, restarted)] == [429, 429]


def test_the_proxy_s_word_for_an_address_counts_and_only_its_last_one(door: TestClient) -> None:
    for number in range(6):
        sign_in(door, "admin", **{"x-forwarded-for": f"10.9.9.{number}, {HALL}"})
    assert sign_in(door, "admin", PASSWORD, **{"x-forwarded-for": HALL}).status_code == 429
    assert sign_in(door, "admin", PASSWORD, **{"x-forwarded-for": HOME}).status_code == 200


def test_nobody_else_s_word_for_an_address_counts(
    secrets: Path, engines: dict[str, Engine], admin: dict[str, str]
) -> None:
    with county_with(secrets, engines["county"]) as opened:
        stranger = TestClient(opened.app, client=(ELSEWHERE, 5000))
        answers = [sign_in(stranger, "admin", **{"x-forwarded-for": f"10.9.9.{number}"}) for number in range(7)]
    assert answers[6].status_code == 429


def test_a_crowd_is_told_to_come_again_and_leaves_threads_to_others(
    secrets: Path, engines: dict[str, Engine], admin: dict[str, str]
) -> None:
    with (
        county_with(secrets, engines["county"], SignInSettings(hashing=1, waiting=2)) as busy,
        ThreadPoolExecutor(8) as crowd,
    ):
        with state_of(busy).turns.work:
            asked = [crowd.submit(sign_in, busy, "admin", PASSWORD) for _ in range(8)]
            time.sleep(1)
            assert busy.get("/v1/keys").status_code == 200
            told = [one.result() for one in asked if one.done()]
        answers = [one.result(30) for one in asked]
    assert {(one.status_code, one.json()["code"], one.headers["retry-after"]) for one in told} == {
        (503, "sign-ins-busy", "2")
    }
    assert sorted(one.status_code for one in answers) == [200] * 3 + [503] * 5


def test_known_and_unknown_names_take_the_same_time(
    secrets: Path, engines: dict[str, Engine], admin: dict[str, str]
) -> None:
    took: dict[str, list[float]] = {"admin": [], "nobody": []}
    with county_with(secrets, engines["county"], SignInSettings(tries=1000, tries_per_name=1000)) as opened:
        for number in range(42):
            name = ("admin", "nobody")[number % 2]
            begun = time.perf_counter()
            assert sign_in(opened, name).status_code == 401
            took[name].append(time.perf_counter() - begun)
    known, unknown = (statistics.median(took[name][1:]) for name in ("admin", "nobody"))
    assert abs(known - unknown) < 0.4 * known, (known, unknown)  # without the hash of nobody it would be all of it


def test_an_account_that_was_disabled_is_refused_like_a_wrong_password(door: TestClient, admin: dict[str, str]) -> None:
    body = {"id": str(uuid4()), "username": "li", "name": "某人", "password": PASSWORD, "roles": ["county"]}
    made = door.post("/v1/accounts", json=body, headers=admin).json()
    door.put(f"/v1/accounts/{made['id']}/disabled", json={"disabled": True}, headers=admin)
    wrong, disabled = sign_in(door, "li"), sign_in(door, "li", PASSWORD)
    assert (wrong.status_code, wrong.content) == (disabled.status_code, disabled.content)
