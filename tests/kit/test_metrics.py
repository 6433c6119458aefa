"""What a scrape reads: counts by route, never by address; closed to whoever has no token."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.kit.settings import Settings
from services.kit.store.db import connect
from services.kit.web.app import create_app

TOKEN = {"authorization": "Bearer a token of this test"}


def app_of(service: str, engine: Engine, secrets: Path) -> FastAPI:
    settings = Settings(service=service, database_url="", secrets=secrets, port=1, county_url="http://localhost:1")
    app = create_app(settings, [], title=service, engine=engine)
    app.get("/v1/things/{thing_id}")(lambda thing_id: thing_id)
    app.get("/fails")(lambda: 1 // 0)
    return app


@pytest.fixture
def client(engines: dict[str, Engine], clean: None, tmp_path: Path) -> Iterator[TestClient]:
    (tmp_path / "metrics_token").write_text("a token of this test\n")
    with TestClient(app_of("county", engines["county"], tmp_path), raise_server_exceptions=False) as made:
        yield made


def scrape(client: TestClient) -> str:
    answer = client.get("/metrics", headers=TOKEN)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    return answer.text


def test_requests_are_counted_by_route_and_no_label_holds_an_id(client: TestClient) -> None:
    secret = uuid4()
    for _ in range(3):
        client.get(f"/v1/things/{secret}")
    client.get(f"/nowhere/{secret}")
    client.get("/fails")
    client.request("A" * 50, f"/v1/things/{secret}")
    said = scrape(client)
    assert 'shouwang_requests_total{method="GET",route="/v1/things/{thing_id}",status="2xx"} 3.0' in said
    assert 'shouwang_requests_total{method="GET",route="none",status="4xx"} 1.0' in said
    assert 'shouwang_requests_total{method="GET",route="/fails",status="5xx"} 1.0' in said
    assert 'method="other"' in said
    assert not re.search(rf"{secret}|19990000001|nowhere|AAAA", said)


def test_the_database_tells_its_part(client: TestClient) -> None:
    said = scrape(client)
    for gauge in ("pool_in_use", "database_answers 1.0", "migration_current 1.0", "dead_deliveries 0.0", "clock_skew"):
        assert f"shouwang_{gauge}" in said, gauge
    for kind in ("events", "own-deliveries", "outside-deliveries", "jobs"):
        assert f'shouwang_backlog_age_seconds{{kind="{kind}"}} 0.0' in said
    assert 'shouwang_heartbeat_age_seconds{kind="worker"} 1e+09' in said


def test_two_apps_in_one_process_count_apart(client: TestClient, engines: dict[str, Engine], tmp_path: Path) -> None:
    with TestClient(app_of("alerts", engines["alerts"], tmp_path)) as other:
        other.get("/v1/things/1")
        assert "/v1/things" in scrape(other)
    assert "/v1/things" not in scrape(client)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic YTpi"}])
def test_without_the_token_nothing_is_told(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/metrics", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_where_no_token_was_set_nobody_has_it(engines: dict[str, Engine], tmp_path: Path) -> None:
    with TestClient(app_of("county", engines["county"], tmp_path)) as closed:
        assert closed.get("/metrics", headers={"authorization": "Bearer "}).status_code == 401
        assert closed.get("/metrics", headers=TOKEN).status_code == 401


def test_a_scrape_is_answered_while_the_database_is_away(tmp_path: Path) -> None:
    (tmp_path / "metrics_token").write_text("a token of this test")
    nowhere = connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with TestClient(app_of("county", nowhere, tmp_path)) as client:
        said = scrape(client)
    assert "shouwang_database_answers 0.0" in said
    nowhere.dispose()
