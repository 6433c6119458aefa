"""Work that goes on after its answer can be followed by who asked for it and by the offices, and by nobody else."""

import asyncio
import json
import time
from collections.abc import Callable
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Response
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from services.kit.store.claim import enqueue, note_progress, work_a_job
from services.kit.store.db import open_session
from services.kit.web.operations import OperationOut, accepted, changes
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


def test_it_can_be_watched_as_a_stream_until_it_is_done(
    http: TestClient, sign: Sign, address: str, engine: Engine
) -> None:
    def work(_: str, __: Any) -> None:
        with open_session(engine) as session, session.begin():
            note_progress(session, "count-sheep", "家在示例村的某人", 50)
        time.sleep(1.2)

    worker = Thread(target=work_a_job, args=(engine, {"count-sheep": work}, NOW))
    seen: list[dict[str, Any]] = []
    with http.stream("GET", f"{address}/stream", headers=sign("clerk", "cadre")) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        worker.start()
        for line in answer.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: ")))
    worker.join()
    assert seen[-1]["state"] == "done"
    assert ("under_way", 50) in [(one["state"], one["progress"]) for one in seen]


def test_a_stream_of_somebody_elses_work_is_not_there(http: TestClient, sign: Sign, address: str) -> None:
    assert http.get(f"{address}/stream", headers=sign("other", "cadre")).status_code == 404


def test_a_silent_stream_says_that_it_is_still_there() -> None:
    """And between its looks it sleeps on the event loop."""
    same = OperationOut.model_construct(state="waiting")

    async def first(how_many: int) -> list[str]:
        stream = changes(lambda: same, heartbeat=0.0)
        return [await anext(stream) for _ in range(how_many)]

    told = asyncio.run(first(3))
    assert told[0].startswith("event: operation\ndata: {")
    assert told[1:] == [": still here\n\n"] * 2
