"""An operation on its way out says since when, until when, and what to use instead."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.kit.store.fields import Seal
from tests.callers import Sign, served
from tests.kit.notes import notes


@pytest.fixture
def http(
    engines: dict[str, Engine], clean: None, signing_key: RSAKey, seal: Seal, tmp_path: Path
) -> Iterator[TestClient]:
    with served(notes(seal), "households", engines["households"], signing_key, tmp_path) as client:
        yield client


def test_its_answers_say_so_and_its_refusals_too(http: TestClient, sign: Sign) -> None:
    for headers in (sign("clerk", "county"), {}):
        said = http.get("/v1/old-notes", headers=headers).headers
        assert said["deprecation"] == f"@{int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())}"
        assert parsedate_to_datetime(said["sunset"]) == datetime(2027, 5, 1, tzinfo=UTC)
        assert said["link"] == '</v1/notes>; rel="successor-version"'


def test_the_others_do_not(http: TestClient, sign: Sign) -> None:
    assert not {"deprecation", "sunset", "link"} & set(http.get("/v1/notes", headers=sign("clerk", "county")).headers)


def test_openapi_shows_it(http: TestClient) -> None:
    assert isinstance(http.app, FastAPI)
    paths = http.app.openapi()["paths"]
    old = paths["/v1/old-notes"]["get"]
    assert (old["deprecated"], old["x-sunset"], old["x-instead"]) == (True, "2027-05-01", "/v1/notes")
    assert "deprecated" not in paths["/v1/notes"]["get"]
