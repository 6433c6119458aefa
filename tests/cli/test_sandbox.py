"""A sandbox is one from its first start: its clock goes forward, its answers say so, and nothing else becomes one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from joserfc.jwk import RSAKey
from psycopg import sql
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.requests import Request

from services.alerts.main import create
from services.cli.data_folder import mark_of
from services.cli.postgres import Cluster, connect, create_database
from services.cli.processes import Ports, common
from services.cli.sandbox import ClockGoesForward, NotASandbox, mark, put_forward
from services.county.revocations import revoke
from services.kit import clock
from services.kit.store import db
from services.kit.store.db import now_here
from tests.callers import served

HEADER = "shouwang-sandbox"
TRIED, REAL = "tried", "real"


@pytest.fixture
def server(cluster: tuple[Cluster, int]) -> Iterator[psycopg.Connection]:
    made, port = cluster
    with connect(made.dsn(port)) as superuser:
        superuser.execute("CREATE ROLE tried; CREATE ROLE tried_api; CREATE ROLE tried_work")
        yield superuser
        superuser.execute("DROP DATABASE IF EXISTS tried")
        superuser.execute("DROP ROLE tried; DROP ROLE tried_api; DROP ROLE tried_work")


@pytest.fixture(autouse=True)
def the_worlds_clock() -> Iterator[None]:
    yield
    clock.follow(None)


def told(server: psycopg.Connection) -> list[str]:
    query = (
        "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = %s"
    )
    return [said for (said,) in server.execute(query, [TRIED])]


def test_a_database_is_marked_when_it_is_made_and_at_no_other_time(server: psycopg.Connection, tmp_path: Path) -> None:
    create_database(server, TRIED, None)
    create_database(server, TRIED, tmp_path / "slipped in later")
    assert told(server) == []
    server.execute("DROP DATABASE tried")
    create_database(server, TRIED, tmp_path / "it's here")
    create_database(server, TRIED, tmp_path / "moved")
    create_database(server, TRIED, None)
    assert told(server) == [f"{clock.MARK}={tmp_path / 'moved'}"]


def test_a_folder_with_data_does_not_become_one_and_its_day_is_not_moved(tmp_path: Path) -> None:
    real, tried = tmp_path / "real", tmp_path / "tried"
    (real / "postgres").mkdir(parents=True)
    with pytest.raises(NotASandbox):
        mark(real, [])
    with pytest.raises(NotASandbox):
        put_forward(real, 1)
    mark(tried, ["127.0.0.1:9000"])
    (tried / "postgres").mkdir()
    put_forward(tried, 30)
    mark(tried, ["127.0.0.1:9001"])
    with pytest.raises(ClockGoesForward):
        put_forward(tried, 29)
    found = mark_of(tried)
    assert found
    assert found.read_text() == "30"
    env = common("alerts", tried, Ports.default())
    assert (env["SHOUWANG_DEMO_PEOPLE"], Path(env["SHOUWANG_RECEIVERS_FILE"]).read_text()) == ("true", "127.0.0.1:9001")
    assert "SHOUWANG_RECEIVERS_FILE" not in common("alerts", real, Ports.default())


def test_only_a_marked_database_moves_the_clock_of_its_service_and_every_answer_says_so(
    cluster: tuple[Cluster, int], engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path
) -> None:
    made, port = cluster
    days = tmp_path / "days"
    days.write_text("40")
    with served(create, "alerts", engines["alerts"], signing_key, tmp_path) as client:
        assert HEADER not in client.get("/livez").headers
    with connect(made.dsn(port)) as superuser:
        superuser.execute(sql.SQL("ALTER DATABASE alerts SET shouwang.sandbox = {}").format(str(days)))
    marked = db.connect(made.dsn(port, "alerts", "alerts"))
    try:
        with served(create, "alerts", marked, signing_key, tmp_path) as client:
            answers = [client.get("/livez"), client.get("/v1/alerts"), client.options("/v1/alerts")]
            assert [answer.status_code for answer in answers] == [200, 401, 204]
            for answer in answers:
                assert_ahead(answer.headers[HEADER], 40)
            days.write_text("41")
            assert_ahead(client.get("/livez").headers[HEADER], 41)
            assert_ahead(clock.now(UTC).isoformat(), 41)
            client.app.state.clock = clock.now  # type: ignore[attr-defined]  # as outside of tests
            assert_ahead(now_here(Request({"type": "http", "app": client.app})).isoformat(), 41)
    finally:
        marked.dispose()
        with connect(made.dsn(port)) as superuser:
            superuser.execute("ALTER DATABASE alerts RESET shouwang.sandbox")


def test_who_is_sent_away_in_a_sandbox_is_so_by_the_clock_of_tokens(county: Session, tmp_path: Path) -> None:
    """Else whoever is given a new password would be kept out until the world has come that far."""
    days = tmp_path / "days"
    days.write_text("40")
    clock.follow(str(days))
    assert_ahead(revoke(county, "somebody", clock.now(UTC)).isoformat(), 0)


def assert_ahead(moment: str, days: int) -> None:
    ahead = datetime.fromisoformat(moment) - datetime.now(UTC)
    assert abs(ahead - timedelta(days=days)) < timedelta(minutes=1)
