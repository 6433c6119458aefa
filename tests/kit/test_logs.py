"""What goes wrong is logged with its place and without anybody's name."""

import logging
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import anyio.to_thread
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.kit.settings import Settings
from services.kit.store.db import POOL, open_session
from services.kit.store.work import Loop, turn
from services.kit.web.app import create_app
from services.kit.web.logs import JsonLine

CANARY = "王某某的名字"
TWICE = text("INSERT INTO division (code, name, level, version) VALUES (:name, :name, 'x', 1), (:name, '', 'x', 1)")


def fail(engine: Engine) -> int:
    with open_session(engine) as session:
        session.execute(TWICE, {"name": CANARY})
    return 0


@pytest.fixture
def app(engines: dict[str, Engine], tmp_path: Path, clean: None) -> FastAPI:
    settings = Settings(service="county", database_url="", secrets=tmp_path, port=1, county_url="http://localhost:1")
    return create_app(settings, [], title="a service", engine=engines["county"])


def soundly_told(logged: str) -> bool:
    return CANARY not in logged and "UniqueViolation 23505" in logged and "_pkey" in logged and "in fail" in logged


def test_a_request_that_fails_logs_no_value_of_the_row(
    app: FastAPI, engines: dict[str, Engine], caplog: pytest.LogCaptureFixture
) -> None:
    app.get("/fails")(lambda: fail(engines["county"]))
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/fails").status_code == 500
    assert soundly_told(caplog.text)


def test_a_step_that_fails_logs_no_value_of_the_row(
    engines: dict[str, Engine], clean: None, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()

    def step(_: datetime) -> int:
        stop.set()
        return fail(engines["county"])

    turn(Loop("failing", step), stop, UTC)
    assert soundly_told(caplog.text)


def test_what_a_library_logs_of_a_failure_holds_no_value_of_the_row(engines: dict[str, Engine], clean: None) -> None:
    try:
        fail(engines["county"])
    except Exception:
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, "in the app", (), sys.exc_info())
    assert soundly_told(JsonLine("county", "api").format(record))


def test_there_are_as_many_threads_for_requests_as_connections(app: FastAPI) -> None:
    async def threads() -> float:
        return anyio.to_thread.current_default_thread_limiter().total_tokens

    app.get("/threads")(threads)
    with TestClient(app) as client:
        assert client.get("/threads").json() == POOL
