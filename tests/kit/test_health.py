"""Readiness tells the truth: away only when requests cannot be served, degraded when a person is needed behind."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.kit.settings import Settings
from services.kit.store.db import SessionDep, connect, open_session
from services.kit.store.glances import Glances
from services.kit.store.heartbeat import beat
from services.kit.store.scope import Asked
from services.kit.web.app import create_app
from services.kit.web.errors import DatabaseAway
from tests.clock import NOW
from tests.kit.house import House

KINDS = ("database", "migration", "worker", "backlog", "deliveries", "clock")


def app_on(engine: Engine, secrets: Path) -> FastAPI:
    settings = Settings(service="households", database_url="", secrets=secrets, port=1, county_url="http://x:1")
    return create_app(settings, [], title="a service", engine=engine)


@pytest.fixture
def client(house: House, tmp_path: Path) -> Iterator[TestClient]:
    with open_session(house.engine) as session, session.begin():
        beat(session, "worker")
    with TestClient(app_on(house.engine, tmp_path)) as made:
        yield made


def change(house: House, statement: str) -> None:
    with house.engine.begin() as connection:
        connection.execute(text(statement))


def degraded(client: TestClient) -> list[str]:
    """Always 200: what is told here keeps no request from being served."""
    answer = client.get("/readyz")
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    found = [check for check, state in said["checks"].items() if state != "ok"]
    assert said["status"] == ("degraded" if found else "ready")
    return found


def test_all_well_says_ok_to_each_check_and_no_figure_or_version(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "checks": dict.fromkeys(KINDS, "ok")}


def test_a_worker_that_was_heard_long_ago_or_never_is_degraded(client: TestClient, house: House) -> None:
    change(house, "UPDATE heartbeat SET at = clock_timestamp() - interval '16 seconds'")
    assert degraded(client) == ["worker"]
    change(house, "DELETE FROM heartbeat")
    assert degraded(client) == ["worker"]


def test_the_newest_of_several_workers_counts(client: TestClient, house: House) -> None:
    change(house, "INSERT INTO heartbeat VALUES ('worker', 'a host of old', now() - interval '1 hour', 5, '{}')")
    assert degraded(client) == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO job (kind, key, due_at) VALUES ('x', 'x', now() - interval '301 seconds')",
        "INSERT INTO event (id, type, subject, division, occurred_at, data)"
        " VALUES (gen_random_uuid(), 'x', 'x', '', now() - interval '301 seconds', '{}')",
    ],
)
def test_work_that_waits_over_five_minutes_is_degraded(client: TestClient, house: House, statement: str) -> None:
    change(house, statement)
    assert degraded(client) == ["backlog"]


@pytest.mark.parametrize(("own", "found"), [(True, ["backlog"]), (False, [])])
def test_an_own_service_that_does_not_listen_is_degraded_and_an_outside_one_is_not(
    client: TestClient, house: House, own: bool, found: list[str]
) -> None:
    """Its delivery is booked ahead again and again: the age is that of what happened."""
    house.subscribe("http://127.0.0.1:1/x", own=own)
    house.emits(1, now=NOW)
    change(house, "UPDATE event SET fanned_out = true, occurred_at = now() - interval '301 seconds'")
    change(
        house,
        "INSERT INTO delivery (event_id, subscription_id, due_at)"
        " SELECT event.id, subscription.id, now() + interval '2 seconds' FROM event, subscription",
    )
    assert degraded(client) == found


def test_a_delivery_that_was_given_up_is_degraded(client: TestClient, house: House) -> None:
    house.subscribe("http://127.0.0.1:1/x")
    house.emits(1)
    change(house, "UPDATE event SET fanned_out = true")
    change(
        house,
        "INSERT INTO delivery (event_id, subscription_id, due_at, dead_at)"
        " SELECT event.id, subscription.id, now(), now() FROM event, subscription",
    )
    assert degraded(client) == ["deliveries"]


def test_a_database_behind_this_version_takes_the_service_out(client: TestClient, house: House) -> None:
    with open_session(house.engine) as session:
        there = session.scalars(text("SELECT version_num FROM alembic_version")).all()
    try:
        change(house, "UPDATE alembic_version SET version_num = 'kit001' WHERE version_num LIKE 'kit%'")
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "not-migrated")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "kit0" not in answer.text
        change(house, "UPDATE alembic_version SET version_num = 'of the future' WHERE version_num LIKE 'kit%'")
        assert degraded(client) == ["migration"]
    finally:
        change(house, "DELETE FROM alembic_version")
        for version in there:
            change(house, f"INSERT INTO alembic_version VALUES ('{version}')")  # noqa: S608  # as it was


def test_a_database_that_is_away_takes_the_service_out_and_it_stays_alive(tmp_path: Path) -> None:
    nowhere = connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with TestClient(app_on(nowhere, tmp_path)) as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "database-away")
        assert "127.0.0.1" not in answer.text
        assert client.get("/livez").json() == {"status": "alive"}
    nowhere.dispose()


def test_beats_of_hosts_that_are_gone_are_cleared(house: House) -> None:
    change(house, "INSERT INTO heartbeat VALUES ('worker', 'gone', now() - interval '2 days', 5, '{}')")
    with open_session(house.engine) as session, session.begin():
        beat(session, "worker", every=int(timedelta(seconds=5).total_seconds()))
    with open_session(house.engine) as session:
        assert "gone" not in session.scalars(text("SELECT slot FROM heartbeat")).all()


def test_a_slow_statement_of_a_request_is_ended_and_a_workers_is_not(house: House, tmp_path: Path) -> None:
    slow = APIRouter()

    @slow.get("/v1/slow")
    def get_slow(session: SessionDep) -> None:
        session.execute(text("SELECT pg_sleep(2)"))

    told: dict[str, Any] = {"service": "households", "port": 1, "county_url": "http://x:1", "secrets": tmp_path}
    (tmp_path / "database").mkdir()
    (tmp_path / "database" / str(house.engine.url.username)).write_text(str(house.engine.url.password))
    bare = house.engine.url.set(password=None).render_as_string()
    settings = Settings(database_url=bare, statement_seconds=1, **told)
    with TestClient(create_app(settings, [slow], title="a service")) as client:
        answer = client.get("/v1/slow")
        client.app.state.engine.dispose()  # type: ignore[attr-defined]
    assert (answer.status_code, answer.json()["code"]) == (503, "database-away")
    assert answer.headers["content-type"] == "application/problem+json"

    async def glance() -> None:
        async with aclosing(Glances(house.engine.url, statement_seconds=1)) as glances:
            await glances.rows(Asked("x", frozenset({"county"})), NOW.date(), "SELECT pg_sleep(2)", {})

    begun = monotonic()
    with pytest.raises(DatabaseAway):
        asyncio.run(glance())
    assert monotonic() - begun < 1.9  # not tried again
    worker = connect(house.engine.url)
    with worker.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
    worker.dispose()
