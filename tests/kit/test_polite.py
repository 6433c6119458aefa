"""What every answer carries, and what is refused before anybody looks at what it is about."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.kit.post.peers import Peer, Tokens
from services.kit.store.fields import Seal
from services.kit.web.request_id import begin
from tests.callers import Headers, Sign, served
from tests.kit.notes import notes


@pytest.fixture
def http(
    engines: dict[str, Engine], clean: None, signing_key: RSAKey, seal: Seal, tmp_path: Path
) -> Iterator[TestClient]:
    with served(notes(seal), "households", engines["households"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def clerk(sign: Sign) -> Headers:
    return sign("clerk", "county")


def said(response: Any) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def test_a_filter_that_does_not_exist_is_refused_by_name(http: TestClient, clerk: Headers) -> None:
    refused = http.get("/v1/notes?txt=x&text=y", headers=clerk)
    assert said(refused) == (422, "not-understood")
    assert [(e["place"], e["pointer"], e["code"]) for e in refused.json()["errors"]] == [
        ("query", "/txt", "extra-forbidden")
    ]


def test_a_parameter_that_may_be_somebody_s_number_is_refused_without_being_repeated(
    http: TestClient, clerk: Headers
) -> None:
    refused = http.get("/v1/notes?520621199001011234=x", headers=clerk)
    assert refused.status_code == 422
    assert "5206" not in refused.text


def test_a_write_takes_no_parameter_it_does_not_know(http: TestClient, clerk: Headers) -> None:
    assert http.post("/v1/calls?dry_run=true", json={}, headers=clerk).status_code == 422


def test_head_is_get_without_its_body(http: TestClient, clerk: Headers) -> None:
    got, head = http.get("/v1/notes", headers=clerk), http.head("/v1/notes", headers=clerk)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert http.head("/v1/notes").status_code == 401


def test_options_say_what_an_address_understands(http: TestClient) -> None:
    asked = http.options("/v1/notes")
    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert said(http.options("/v1/nothing")) == (404, "not-there")


def test_another_method_is_refused_with_all_that_are_understood(http: TestClient, clerk: Headers) -> None:
    refused = http.delete("/v1/notes", headers=clerk)
    assert said(refused) == (405, "wrong-method")
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert http.head("/v1/calls").status_code == 405


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_json_is_of_the_wrong_type(http: TestClient, clerk: Headers, kind: str) -> None:
    headers = clerk | ({"content-type": kind} if kind else {})
    assert said(http.post("/v1/calls", content=b'{"text": "x"}', headers=headers)) == (415, "wrong-media-type")


def test_a_file_is_not_sent_as_json(http: TestClient, clerk: Headers) -> None:
    assert said(http.post("/v1/sheets", json={"file": "x"}, headers=clerk)) == (415, "wrong-media-type")
    assert said(http.post("/v1/sheets", files={"other": b"x"}, headers=clerk)) == (422, "not-understood")
    assert said(http.post("/v1/calls", headers=clerk)) == (422, "not-understood")


def test_a_field_that_a_form_does_not_have_is_refused_by_name_unless_the_name_tells_something(
    http: TestClient, clerk: Headers
) -> None:
    file = {"file": ("rows.csv", b"rows")}
    refused = http.post("/v1/sheets", files=file, data={"maping": "x"}, headers=clerk)
    assert (said(refused), refused.json()["errors"][0]["pointer"]) == ((422, "not-understood"), "/maping")
    told = http.post("/v1/sheets", files=file, data={"示甲 990101199001011234": "x"}, headers=clerk)
    assert (told.status_code, told.json()["errors"][0]["pointer"], "9901" in told.text) == (422, "", False)
    assert http.post("/v1/sheets", files=file, headers=clerk).status_code == 201


@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/*", "application/json;q=0", "*/*; q=0.0"])
def test_who_takes_no_json_gets_nothing(http: TestClient, clerk: Headers, accept: str) -> None:
    assert said(http.get("/v1/notes", headers=clerk | {"accept": accept})) == (406, "not-acceptable")


@pytest.mark.parametrize("accept", ["text/html, */*;q=0.1", "application/json", "application/*", "Application/JSON"])
def test_who_takes_json_among_others_gets_it(http: TestClient, clerk: Headers, accept: str) -> None:
    assert http.get("/v1/notes", headers=clerk | {"accept": accept}).status_code == 200


def test_every_answer_says_that_it_is_nobody_s_to_keep(http: TestClient, clerk: Headers) -> None:
    broken = TestClient(http.app, raise_server_exceptions=False)
    answers = [
        http.get("/v1/notes", headers=clerk),
        http.get("/v1/notes"),
        http.get("/v1/nothing"),
        http.delete("/v1/notes"),
        http.post("/v1/calls", content=b"{", headers=clerk | {"content-type": "application/json"}),
        http.get("/v1/notes?x=%00", headers=clerk),
        broken.get("/v1/broken", headers=clerk),
    ]
    assert [a.status_code for a in answers] == [200, 401, 404, 405, 400, 400, 500]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"])
    assert all("Accept-Language" in answer.headers["vary"] for answer in answers[:-1])


def test_reads_are_compressed_from_a_kilobyte_and_writes_never(http: TestClient, clerk: Headers) -> None:
    packed = http.get("/v1/notes?limit=200", headers=clerk)
    assert (packed.headers["content-encoding"], len(packed.json())) == ("gzip", 200)
    assert packed.headers["vary"] == "Accept-Encoding, Accept-Language"
    for plain in (
        http.get("/v1/notes", headers=clerk),
        http.get("/v1/notes?limit=200", headers=clerk | {"accept-encoding": "identity"}),
        http.post("/v1/calls", json={"text": "x" * 5_000}, headers=clerk),
    ):
        assert "content-encoding" not in plain.headers


def test_a_well_formed_request_id_is_kept_and_another_replaced(http: TestClient) -> None:
    kept = http.get("/livez", headers={"x-request-id": "bureau-2026.11_22"})
    assert kept.headers["x-request-id"] == "bureau-2026.11_22"
    for odd in ("520621199001011234", "short", "x" * 65, "with space", "a;b=c;d=e;f"):
        assert http.get("/livez", headers={"x-request-id": odd}).headers["x-request-id"] != odd


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def asked_by_a_peer(sent_trace: str) -> httpx.Headers:
    """The headers of a call another service gets while a request is under way here."""
    tokens = Tokens("http://nowhere", "alerts", "secret")
    tokens._token, tokens._until = "t", float("inf")
    peer = Peer("households", "http://nowhere", tokens)
    heard: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.headers)
        return httpx.Response(200, json={})

    peer._http = httpx.Client(base_url="http://nowhere", transport=httpx.MockTransport(answer))
    begin("bureau-2026", sent_trace)
    peer.get("/v1/anything")
    return heard[0]


def test_the_trace_goes_on_to_the_next_service_as_a_span_of_ours() -> None:
    heard = asked_by_a_peer(f"00-{TRACE}-00f067aa0ba902b7-01")
    assert heard["x-request-id"] == "bureau-2026"
    assert re.fullmatch(f"00-{TRACE}-(?!00f067aa0ba902b7)[0-9a-f]{{16}}-01", heard["traceparent"])


@pytest.mark.parametrize("odd", ["", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff-x", f"00-{TRACE}-{'0' * 16}-01"])
def test_a_trace_that_is_none_is_begun_anew(odd: str) -> None:
    heard = asked_by_a_peer(odd)["traceparent"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", heard)
    assert TRACE not in heard
