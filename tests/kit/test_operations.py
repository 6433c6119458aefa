"""Work that goes on after its answer can be followed by who asked for it and by the offices, and by nobody else."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Response
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from services.kit.store.claim import enqueue, note_progress, work_a_job
from services.kit.store.db import open_session
from services.kit.web.operations import accepted
from tests.callers import Sign
from tests.clock import NOW
from tests.households.conftest import http

__all__ = ["http"]

Follow = Callable[..., dict[str, Any]]


@pytest.fixture
def address(households: Session) -> str:
    asked = enqueue(households, "count-sheep", "家在示例村的某人", NOW, asked_by="clerk")
    households.commit()
    answer = Response()
    accepted(answer, "households", asked)
    assert answer.status_code == 202
    return answer.headers["location"]


@pytest.fixture
def engine(engines: dict[str, Engine]) -> Engine:
    return engines["households"]


def told(http: TestClient, sign: Sign, address: str) -> tuple[str, int | None, str | None]:
    answer = http.get(address, headers=sign("clerk", "cadre"))
    assert "示例村" not in answer.text
    seen = answer.json()
    return seen["state"], seen["progress"], seen["problem"]


def test_who_asked_sees_it_waiting_half_done_and_done(
    http: TestClient, sign: Sign, address: str, engine: Engine
) -> None:
    assert told(http, sign, address) == ("waiting", None, None)

    def work(_: str, __: Any) -> None:
        with open_session(engine) as session, session.begin():
            note_progress(session, "count-sheep", "家在示例村的某人", 50)
        assert told(http, sign, address) == ("under_way", 50, None)

    work_a_job(engine, {"count-sheep": work}, NOW)
    assert told(http, sign, address) == ("done", 100, None)


def test_what_stopped_it_is_told_by_name_and_never_by_its_words(
    http: TestClient, sign: Sign, address: str, engine: Engine
) -> None:
    def stumble(key: str, _: Any) -> None:
        raise ValueError(key)

    with pytest.raises(ValueError, match="示例村"):
        work_a_job(engine, {"count-sheep": stumble}, NOW)
    assert told(http, sign, address) == ("under_way", None, "ValueError")


def test_others_see_nothing_and_the_offices_everything(http: TestClient, sign: Sign, address: str) -> None:
    never = f"{address[:-36]}{uuid4()}"
    for headers in (sign("other", "cadre"), sign("other", "township"), sign("somebody", "cadre")):
        hidden, missing = http.get(address, headers=headers), http.get(never, headers=headers)
        assert (hidden.status_code, hidden.content) == (404, missing.content)
    assert http.get(address, headers=sign("other", "county")).status_code == 200
    assert http.get(address).status_code == 401


def test_work_nobody_asked_for_is_for_the_offices(http: TestClient, sign: Sign, households: Session) -> None:
    own = enqueue(households, "count-sheep", "one", NOW)
    households.commit()
    address = f"/v1/services/households/operations/{own}"
    assert http.get(address, headers=sign("somebody", "cadre")).status_code == 404
    assert http.get(address, headers=sign("other", "system")).status_code == 200
