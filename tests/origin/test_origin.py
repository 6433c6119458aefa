"""One address: what passes, what is refused, who is said to call, and that nobody keeps it waiting."""

import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from services.kit.web.strict_json import LARGEST_JSON, LARGEST_UPLOAD
from tests.origin.behind import HALF, left_open_after, running_origin, telling_services

GONE = "http://127.0.0.1:9"  # nobody listens there


@pytest.fixture(scope="module")
def origin() -> Iterator[httpx.Client]:
    with (
        telling_services() as urls,
        running_origin(urls | {"alerts": GONE}) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=20) as client,
    ):
        yield client


def raw(origin: httpx.Client, request: bytes) -> bytes:
    """As written: a client library would tidy it up."""
    address = urlsplit(str(origin.base_url))
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=35) as line:
        line.sendall(request)
        said = b""
        while piece := line.recv(65536):
            said += piece
        return said


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/sign-in", "county"),
        ("/v1/households/7/statements?limit=1&%E6%9D%91=a%2Fb", "households"),
        ("/v1/check-ins", "attendance"),
        ("/v1/services/county/subscriptions/7", "county"),
        ("/desk", "desk"),
        ("/desk/sign-in?lang=en", "desk"),
    ],
)
def test_a_path_reaches_the_service_that_serves_it_with_its_query_as_written(
    origin: httpx.Client, path: str, service: str
) -> None:
    method = "PUT" if "subscriptions" in path else "POST"
    told = origin.request(method, path, json={}).json()
    assert (told["service"], told["target"]) == (service, path)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing",
        "/v1",
        "/v1/teams/",
        "/v1//teams",
        "/metrics",
        "/desks",
        "/docs/manifest.json",
        "/docs/..%2fmain.py",
        "/problems/no-such",
        "/v1/services/households/facts/household",
        "/v1/services/households/inbox/county",
        "/v1/services/households/metrics",
    ],
)
def test_what_is_not_public_is_not_there(origin: httpx.Client, path: str) -> None:
    for method in ("GET", "POST"):
        answer = origin.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-there") or answer.status_code == 405


@pytest.mark.parametrize(
    "path", ["/v1/households/../teams", "/v1/households/%2e%2e/statements", "/v1/./teams", "/desk/../metrics"]
)
def test_a_path_that_climbs_is_refused(origin: httpx.Client, path: str) -> None:
    said = raw(origin, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("method", ["TRACE", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND"])
def test_a_method_the_document_does_not_name_is_refused_and_the_others_are_named(
    origin: httpx.Client, method: str
) -> None:
    answer = origin.request(method, "/v1/households/7/statements")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_refusals_are_said_in_the_callers_language(origin: httpx.Client) -> None:
    chinese = origin.get("/v1/nothing")
    english = origin.get("/v1/nothing", headers={"accept-language": "en"})
    assert chinese.headers["content-type"] == "application/problem+json"
    assert (chinese.json()["title"], english.json()["title"]) == ("没有找到。", "Not found.")


def test_what_a_client_says_of_its_own_address_is_overwritten(origin: httpx.Client) -> None:
    lies = {
        "x-forwarded-for": "10.1.1.1",
        "x-real-ip": "10.1.1.1",
        "forwarded": "for=10.1.1.1",
        "X-Forwarded-Host": "x",
    }
    told = origin.get("/v1/teams", headers=lies).json()["headers"]
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert "10.1.1.1" not in str(told)


def test_what_belongs_to_the_request_is_handed_on_and_what_belongs_to_the_connection_is_not(
    origin: httpx.Client,
) -> None:
    own = {"authorization": "Bearer t", "accept-language": "en", "x-request-id": "r1", "if-match": '"3"'}
    hops = {"connection": "x-hop, keep-alive", "x-hop": "1", "te": "trailers", "proxy-authorization": "Basic x"}
    answer = origin.get("/v1/teams", headers=own | hops)
    told = {name.lower(): value for name, value in answer.json()["headers"].items()}
    assert {name: told[name] for name in own} == own
    assert not {"x-hop", "te", "proxy-authorization"} & told.keys()
    assert ("x-kept" in answer.headers, "x-dropped" in answer.headers) == (True, False)


@pytest.mark.parametrize(("size", "status"), [(LARGEST_JSON, 200), (LARGEST_JSON + 1, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_streamed_up_to_its_limit_and_refused_beyond(
    origin: httpx.Client, size: int, status: int, chunked: bool
) -> None:
    content = (b"x" * min(65536, size - at) for at in range(0, size, 65536)) if chunked else b"x" * size
    answer = origin.post("/v1/check-ins", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["bytes" if status == 200 else "code"] == (size if status == 200 else "body-too-large")


def test_a_table_may_be_larger(origin: httpx.Client) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x"}
    for size, status in ((LARGEST_UPLOAD, 200), (LARGEST_UPLOAD + 1, 413)):
        assert origin.post("/v1/household-imports/members", content=b"x" * size, headers=kind).status_code == status


def test_a_service_that_is_away_is_said_to_be_away_and_the_others_answer(origin: httpx.Client) -> None:
    answer = origin.get("/v1/alerts")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "service-away", "2")
    assert origin.get("/v1/teams").status_code == 200
    assert origin.get("/livez").status_code == 200
    assert (origin.get("/readyz").status_code, origin.get("/readyz").json()["detail"]) == (503, "alerts")


def test_an_answer_that_breaks_off_is_not_passed_on_as_whole(origin: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        origin.get("/v1/teams/half")


def test_two_hundred_half_sent_requests_are_gone_after_twelve_seconds(origin: httpx.Client) -> None:
    """Half a head, nothing at all, a second request after a whole one, and line ends that begin nothing."""
    whole = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    said = [(HALF, b"x"), (b"", b""), (whole, HALF), (whole, b"\r\n")]
    assert left_open_after(urlsplit(str(origin.base_url)).port or 0, 12, said) == 0


def test_a_body_that_is_half_sent_is_told_so_and_ended(origin: httpx.Client) -> None:
    head = b"POST /v1/check-ins HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"
    said = raw(origin, head)
    assert said.startswith(b"HTTP/1.1 408")
    assert b"body-too-slow" in said


def test_what_is_no_http_is_told_so_in_the_one_form_of_refusals(origin: httpx.Client) -> None:
    said = raw(origin, b"GET /v1/check-ins HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: also\r\n\r\n")
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert (b"application/problem+json" in head, json.loads(body)["code"]) == (True, "not-http")


def test_a_stream_of_events_arrives_word_by_word(origin: httpx.Client) -> None:
    with origin.stream("GET", "/v1/services/households/operations/7/stream") as answer:
        arrived = [(time.monotonic(), piece) for piece in answer.iter_raw()]
    assert b"".join(piece for _, piece in arrived) == b"data: 1\n\ndata: 2\n\n"
    assert arrived[-1][0] - arrived[0][0] > 0.5
