"""Reads that are awaited, and their lines in the audit, which are committed together."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.cli.audit_chain import check_database
from services.households.main import create
from services.households.policy import allow
from services.kit.store.audit import Line
from services.kit.store.db import SessionDep
from services.kit.store.glances import Glances
from services.kit.store.scope import Asked, NoOffice
from services.kit.store.scribe import Scribe
from tests.callers import HERE, Office, grant, served

WHO = Asked("somebody", frozenset({"county"}))
TODAY = date(2026, 11, 21)
PLACES = "SELECT current_setting('shouwang.divisions') AS places, pg_backend_pid() AS pid"


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["households"]


@pytest.fixture
def http(engine: Engine, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "households", engine, signing_key, tmp_path) as client:
        yield client


def test_lines_that_come_together_are_committed_together_and_each_once(engine: Engine) -> None:
    scribe = Scribe(engine)

    async def many() -> None:
        await asyncio.gather(*(scribe.written(Line(HERE, str(n), "read")) for n in range(200)))

    asyncio.run(many())
    with engine.connect() as connection:
        lines = text("SELECT count(*), count(DISTINCT actor), count(DISTINCT xmin::text) FROM audit")
        count, actors, commits = connection.execute(lines).one()
        assert check_database(connection, []) == []
    assert (count, actors) == (200, 200)
    assert commits < 50


def test_what_kept_a_line_from_being_written_is_told_to_all_whose_lines_went_with_it(engine: Engine) -> None:
    scribe = Scribe(engine)

    async def many() -> list[object]:
        lines = [Line(HERE, str(n), "read", detail={"n": object()}) for n in range(5)]  # type: ignore[dict-item]
        return await asyncio.gather(*(scribe.written(line) for line in lines), return_exceptions=True)

    assert [type(one) for one in asyncio.run(many())] == [TypeError] * 5


def test_rights_and_rows_are_of_one_transaction_and_nothing_of_them_stays(engine: Engine) -> None:
    grant(engine, "somebody", "county", "520621")
    grant(engine, "another", "county", "520622")

    async def look() -> list[str]:
        glances = Glances(engine.url)
        asked = [WHO, Asked("another", WHO.roles), WHO]
        seen = [(await glances.rows(one, TODAY, PLACES, {}))[0] for one in asked]
        with pytest.raises(NoOffice):
            await glances.rows(Asked("nobody", WHO.roles), TODAY, PLACES, {})
        await glances.aclose()
        assert len({row["pid"] for row in seen}) == 1
        return [row["places"] for row in seen]

    assert asyncio.run(look()) == ["{520621}", "{520622}", "{520621}"]


def test_a_server_that_ended_a_connection_refuses_nobody(engine: Engine) -> None:
    grant(engine, "somebody", "county", "520621")

    async def look() -> bool:
        glances = Glances(engine.url)
        before = (await glances.rows(WHO, TODAY, PLACES, {}))[0]["pid"]
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": before})
        after = (await glances.rows(WHO, TODAY, PLACES, {}))[0]["pid"]
        await glances.aclose()
        return bool(before != after)

    assert asyncio.run(look())


def test_to_a_get_the_database_refuses_every_change(
    engine: Engine, signing_key: RSAKey, tmp_path: Path, office: Office
) -> None:
    router = APIRouter()

    @router.get("/v1/meddling", dependencies=[allow("household:read")])
    def get_meddling(session: SessionDep) -> None:
        session.execute(text("DELETE FROM tag"))

    def with_meddling(*told: Any) -> FastAPI:
        app = create(*told)
        app.include_router(router)
        return app

    with served(with_meddling, "households", engine, signing_key, tmp_path) as http:
        tolerant = TestClient(http.app, raise_server_exceptions=False)
        assert tolerant.get("/v1/meddling", headers=office("a", "county")).status_code == 500


def test_searches_at_once_each_see_their_own_places(http: TestClient, office: Office) -> None:
    headers = {place: office(f"of {place}".replace(" ", "-"), "county", place=place) for place in ("520621", "520622")}

    def ask(place: str) -> int:
        return int(http.get("/v1/household-search", params={"q": "示"}, headers=headers[place]).status_code)

    with ThreadPoolExecutor(8) as users:
        assert set(users.map(ask, ["520621", "520622"] * 20)) == {200}
