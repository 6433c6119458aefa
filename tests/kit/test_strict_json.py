"""Bodies that mean two things, or nothing, are refused before anybody reads them, and never repeated back."""

import asyncio
import json
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.testclient import TestClient
from starlette.types import Message

from services.kit.web.errors import speak_problems
from services.kit.web.strict_json import DEEPEST, LARGEST_JSON, BodyTooSlow, StrictBody, read_whole


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    amount: Annotated[int, Field(le=10**12)] = 0
    rate: float = 0.0


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI()
    speak_problems(app)
    app.add_middleware(StrictBody)

    @app.post("/things/{place}")
    def create_thing(place: str, body: Body, q: str = "") -> Body:
        return body

    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


def post(client: TestClient, body: bytes, path: str = "/things/1") -> tuple[int, str]:
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.headers["content-type"].startswith("application/problem+json") == answer.is_error
    assert b"SECRET" not in answer.content
    return answer.status_code, answer.json().get("code", "")


REFUSED = {
    "a NUL": b'{"name": "SECRET\\u0000"}',
    "half a character": b'{"name": "SECRET\\ud800"}',
    "NaN": b'{"name": "SECRET", "rate": NaN}',
    "Infinity": b'{"name": "SECRET", "rate": -Infinity}',
    "a number beyond all bounds": b'{"name": "SECRET", "rate": 1e999}',
    "a key twice": b'{"name": "a", "name": "SECRET"}',
    "a key twice, escaped": b'{"name": "a", "n\\u0061me": "SECRET"}',
    "a NUL in a key": b'{"name": "a", "SECRET\\u0000": 1}',
    "a number of a hundred digits": b'{"name": "SECRET", "amount": ' + b"9" * 100 + b"}",
    "too deep": b'{"name": ' + b"[" * 50 + b'"SECRET"' + b"]" * 50 + b"}",
    "ten thousand brackets": b"[" * 10_000,
    "UTF-16": json.dumps({"name": "SECRET"}).encode("utf-16"),
    "not UTF-8": b'{"name": "SECRET\xff"}',
    "no JSON at all": b"name=SECRET",
    "half of it": b'{"name": "SECRET',
    "two of them": b'{"name": "SECRET"}{"name": "b"}',
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_body_is_refused_that_holds(what: str, client: TestClient) -> None:
    assert post(client, REFUSED[what]) == (400, "not-strict-json")


def test_what_is_sound_is_taken_as_it_is(client: TestClient) -> None:
    deep = "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert post(client, '{"name": "𠮷·示例 [[[{{{ \\" ]"}'.encode())[0] == 200
    assert post(client, f'{{"name": {deep}}}'.encode()) == (422, "not-understood")


def test_an_unknown_field_is_named_and_its_value_is_not(client: TestClient) -> None:
    answer = client.post("/things/1", json={"name": "a", "admin": "SECRET"})
    expected = {"place": "body", "pointer": "/admin", "code": "extra-forbidden", "title": "不认识的字段。"}
    assert answer.json()["errors"] == [expected]


def test_a_number_sent_as_a_field_s_name_is_not_repeated_back(client: TestClient) -> None:
    answer = client.post("/things/1", json={"name": "a", "990101199001011234": "x"})
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [""]
    assert "990101" not in answer.text


def test_a_body_over_the_limit_is_refused_by_what_it_announces_and_by_what_comes(client: TestClient) -> None:
    large = b'{"name": "' + b"x" * LARGEST_JSON + b'"}'
    assert post(client, large) == (413, "body-too-large")
    answer = client.post("/things/1", content=iter([large]), headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/things/a%00b", "/things/1?q=%00", "/things/1?q=%ff%fe"])
def test_an_address_with_a_nul_or_broken_text_is_refused(path: str, client: TestClient) -> None:
    assert post(client, b'{"name": "a"}', path) == (400, "not-plain-text")


def test_a_body_that_never_ends_is_ended() -> None:
    async def silent() -> Message:
        await asyncio.sleep(5)
        return {"type": "http.request"}

    with pytest.raises(BodyTooSlow):
        asyncio.run(read_whole({"type": "http", "headers": []}, silent, patience=0.05))
