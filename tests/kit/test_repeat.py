"""A write sent again: one effect, one answer, whoever races, whatever is killed, and nobody else's answer."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from fastapi import FastAPI
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.kit.store.answers import forget_answers
from services.kit.store.fields import Seal
from services.kit.web.repeat import KEPT_FOR
from tests.callers import HERE, Headers, Sign, served
from tests.kit.notes import notes


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["households"]


@pytest.fixture
def http(engine: Engine, signing_key: RSAKey, seal: Seal, tmp_path: Path) -> Iterator[TestClient]:
    with served(notes(seal), "households", engine, signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def clerk(sign: Sign) -> Headers:
    return sign("clerk", "county")


def count(engine: Engine, table: str = "event") -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def at(http: TestClient, moment: datetime) -> None:
    assert isinstance(http.app, FastAPI)
    http.app.state.clock = lambda _: moment


def test_fifty_copies_at_once_have_one_effect_and_one_answer(http: TestClient, clerk: Headers, engine: Engine) -> None:
    keyed = clerk | {"idempotency-key": "one"}
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: http.post("/v1/calls", json={"text": "x"}, headers=keyed), range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert count(engine) == 1


def test_fifty_copies_of_a_client_s_own_id_too(http: TestClient, clerk: Headers, engine: Engine) -> None:
    body = {"id": str(uuid4()), "text": "x"}
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: http.post("/v1/notes", json=body, headers=clerk), range(50)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert count(engine) == 1


def test_copies_of_many_keys_do_not_starve_each_other(http: TestClient, clerk: Headers, engine: Engine) -> None:
    """More copies than threads and connections, all under way at once."""
    keys = [str(uuid4()) for _ in range(20)] * 5
    with ThreadPoolExecutor(100) as threads:
        sent = threads.map(
            lambda key: http.post("/v1/calls", json={"text": key}, headers=clerk | {"idempotency-key": key}), keys
        )
        answers = {answer.content for answer in sent if answer.status_code == 201}
    assert len(answers) == count(engine) == 20


def test_a_copy_is_the_same_whatever_the_order_of_its_keys(http: TestClient, clerk: Headers) -> None:
    key = str(uuid4())
    first = http.post("/v1/notes", content=f'{{"id":"{key}","text":"x"}}', headers=clerk | JSON)
    again = http.post("/v1/notes", content=f'{{ "text":"x", "id":"{key}"}}', headers=clerk | JSON)
    assert first.status_code == 201
    assert again.content == first.content


JSON = {"content-type": "application/json"}


def test_another_body_under_a_key_is_refused_by_name(http: TestClient, clerk: Headers, engine: Engine) -> None:
    keyed = clerk | {"idempotency-key": "one"}
    http.post("/v1/calls", json={"text": "x"}, headers=keyed)
    refused = http.post("/v1/calls", json={"text": "y"}, headers=keyed)
    assert (refused.status_code, refused.json()["code"]) == (409, "key-used-before")
    assert count(engine) == 1


def test_a_file_sent_again_under_its_key_is_the_same_file(http: TestClient, clerk: Headers, engine: Engine) -> None:
    keyed = clerk | {"idempotency-key": "one"}
    answers = [http.post("/v1/sheets", files={"file": b"rows"}, headers=keyed) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert http.post("/v1/sheets", files={"file": b"other rows"}, headers=keyed).status_code == 409
    assert count(engine) == 1


def test_a_refusal_is_not_kept(http: TestClient, clerk: Headers, engine: Engine) -> None:
    keyed = clerk | {"idempotency-key": "one"}
    assert http.post("/v1/calls", json={"text": "refused"}, headers=keyed).status_code == 422
    assert count(engine, "repeat") == 0
    assert http.post("/v1/calls", json={"text": "x"}, headers=keyed).status_code == 201


def test_without_a_key_each_is_a_write_of_its_own(http: TestClient, clerk: Headers, engine: Engine) -> None:
    for _ in range(2):
        assert http.post("/v1/calls", json={"text": "x"}, headers=clerk).status_code == 201
    assert (count(engine), count(engine, "repeat")) == (2, 0)


def test_a_key_that_cannot_be_one_is_refused(http: TestClient, clerk: Headers) -> None:
    refused = http.post("/v1/calls", json={}, headers=clerk | {"idempotency-key": "two words"})
    assert (refused.status_code, refused.json()["errors"][0]["place"]) == (422, "header")


def test_whoever_has_lost_the_right_is_not_told_again(http: TestClient, clerk: Headers, sign: Sign) -> None:
    keyed = {"idempotency-key": "one"}
    assert http.post("/v1/calls", json={}, headers=clerk | keyed).status_code == 201
    assert http.post("/v1/calls", json={}, headers=sign("clerk", "cadre") | keyed).status_code == 403


def test_the_store_shows_neither_key_nor_request_nor_answer(http: TestClient, clerk: Headers, engine: Engine) -> None:
    http.post("/v1/calls", json={"text": "示例姓名"}, headers=clerk | {"idempotency-key": "my-own-key"})
    with engine.connect() as connection:
        row = str(connection.execute(text("SELECT repeat::text FROM repeat")).scalar_one())
    for secret in ("my-own-key", "示例姓名"):
        assert secret not in row
        assert secret.encode().hex() not in row


def test_old_answers_are_forgotten_and_young_ones_kept(http: TestClient, clerk: Headers, engine: Engine) -> None:
    http.post("/v1/calls", json={}, headers=clerk | {"idempotency-key": "old"})
    at(http, HERE + timedelta(days=1))
    http.post("/v1/calls", json={}, headers=clerk | {"idempotency-key": "young"})
    assert forget_answers(engine, HERE + KEPT_FOR) == 1
    assert count(engine, "repeat") == 1


class Repeating(RuleBasedStateMachine):
    """Against the model: a dictionary of what was answered under (caller, operation, key), and when."""

    http: TestClient
    engine: Engine
    sign: Sign
    reset: Callable[[], None]
    met: ClassVar[Counter[tuple[str, bool, int]]] = Counter()  # over all that was tried

    @initialize()
    def begin(self) -> None:
        type(self).reset()
        self.known: dict[tuple[str, str, str], tuple[str, bytes, datetime]] = {}
        self.effects, self.now = 0, HERE
        at(self.http, self.now)

    @rule(
        who=st.sampled_from(["one", "other"]),
        operation=st.sampled_from(["calls", "letters"]),
        key=st.sampled_from(["a", "b"]),
        said=st.sampled_from(["x", "y", "refused"]),
    )
    def send(self, who: str, operation: str, key: str, said: str) -> None:
        headers = self.sign(who, "county") | {"idempotency-key": key}
        answer = self.http.post(f"/v1/{operation}", json={"text": said}, headers=headers)
        before = self.known.get((who, operation, key))
        holds = before is not None and before[2] > self.now
        self.met["kept" if holds else "forgotten" if before else "new", said == "refused", answer.status_code] += 1
        if before and holds:
            expected: Any = (201, before[1]) if before[0] == said else (409, answer.content)
        elif said == "refused":
            expected = (422, answer.content)
        else:
            expected = (201, answer.content)
            self.known[who, operation, key] = (said, answer.content, self.now + KEPT_FOR)
            self.effects += 1
        assert (answer.status_code, answer.content) == expected

    @precondition(lambda self: self.known)
    @rule(said=st.sampled_from(["x", "y"]))
    def send_the_last_again(self, said: str) -> None:
        self.send(*next(reversed(self.known)), said)

    @rule(days=st.sampled_from([1, 29, 31]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        at(self.http, self.now)

    @rule()
    def prune(self) -> None:
        forget_answers(self.engine, self.now)

    @invariant()
    def has_no_effect_twice(self) -> None:
        assert count(self.engine) == getattr(self, "effects", 0)


def test_whatever_is_sent_in_whatever_order(
    http: TestClient, engine: Engine, sign: Sign, empty_everything: Callable[[], None]
) -> None:
    Repeating.http, Repeating.engine, Repeating.sign = http, engine, staticmethod(sign)
    Repeating.reset = staticmethod(empty_everything)
    few = settings(
        max_examples=40, stateful_step_count=15, deadline=None, derandomize=True
    )  # the same on every machine
    run_state_machine_as_test(Repeating, settings=few)
    assert Repeating.met["kept", False, 201]
    assert Repeating.met["kept", False, 409]
    assert Repeating.met["new", True, 422]
