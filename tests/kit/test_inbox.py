"""What another service posts: verified by the secret of its owner, each event handled once, refused in words."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import Engine, text
from sqlmodel import Session
from standardwebhooks.webhooks import Webhook
from starlette.testclient import TestClient

from services.kit.post.events import CloudEvent
from services.kit.post.inbox import inbox, inbox_secret
from services.kit.settings import Settings
from services.kit.web.app import create_app
from services.kit.web.auth import Keys

OWN_SECRET = "what only this service knows"
Heard = list[list[UUID]]


@pytest.fixture
def heard() -> Heard:
    """The sets of events the handler was given."""
    return []


@pytest.fixture
def app(engines: dict[str, Engine], clean: None, tmp_path: Path, heard: Heard) -> FastAPI:
    def on_seen(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
        heard.append([event.id for event in events])
        if any(event.data.get("breaks") for event in events):
            session.execute(text("SELECT 1 / 0"))

    handlers = {"households": {"thing.seen": on_seen}, "attendance": {"thing.seen": on_seen}}
    settings = Settings(service="alerts", database_url="", secrets=tmp_path, port=1, county_url="http://127.0.0.1:1")
    state = {"client_secret": OWN_SECRET}
    routers = [inbox("alerts", handlers)]
    return create_app(
        settings, routers, title="inbox", engine=engines["alerts"], keys=Keys(lambda: {"keys": []}), state=state
    )


Send = Callable[..., Response]


@pytest.fixture
def send(app: FastAPI) -> Send:
    """Posts a body as `owner`, signed as one would sign it; `headers` overrides, None leaves one out."""
    client = TestClient(app, raise_server_exceptions=False)

    def sending(
        body: bytes,
        *,
        owner: str = "households",
        secret: str | None = None,
        signed_at: datetime | None = None,
        headers: dict[str, str | None] | None = None,
    ) -> Response:
        signed = signature(body, secret or inbox_secret(OWN_SECRET, owner), signed_at or datetime.now(UTC))
        every = (signed | (headers or {})).items()
        kept = {name.encode(): value.encode("latin-1") for name, value in every if value is not None}
        return client.post(f"/v1/services/alerts/inbox/{owner}", content=body, headers=kept)

    return sending


def signature(body: bytes, secret: str, signed_at: datetime) -> dict[str, str | None]:
    readable = body.decode(errors="replace")
    return {
        "webhook-id": "post",
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": Webhook(secret).sign("post", signed_at, readable),
    }


def event(owner: str = "households", **said: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"/v1/services/{owner}",
        "type": "thing.seen",
        "subject": "one",
        "time": "2026-11-21T01:00:00Z",
        "data": {},
    } | said


def told(*events: dict[str, Any]) -> bytes:
    return json.dumps(events if len(events) > 1 else events[0]).encode()


def assert_problem(answer: Response, status: int) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_repeated_event_is_handled_once(send: Send, heard: Heard) -> None:
    once, other = event(), event()
    assert [send(told(once)).status_code for _ in range(2)] == [204, 204]
    assert send(told(once, other, other)).status_code == 204
    assert heard == [[UUID(once["id"])], [UUID(other["id"])]]


def test_the_same_id_from_another_owner_is_another_event(send: Send, heard: Heard) -> None:
    ours = event()
    send(told(ours))
    assert send(told(ours | {"source": "/v1/services/attendance"}), owner="attendance").status_code == 204
    assert len(heard) == 2


def test_an_event_whose_handling_failed_is_handled_when_it_comes_again(send: Send, heard: Heard) -> None:
    broken = event(data={"breaks": True})
    assert_problem(send(told(broken)), 500)
    send(told(broken | {"data": {}}))
    assert heard == [[UUID(broken["id"])]] * 2


def test_a_type_nobody_handles_is_accepted_and_does_nothing(send: Send, heard: Heard) -> None:
    assert send(told(event(type="thing.unheard_of"))).status_code == 204
    assert heard == []


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize(
    "value", [None, "", "nonsense", "v1,nonsense", "v1,bm9uc2Vuc2U=", "v1,", "v2,x v1", "1e400", "nan"]
)
def test_a_missing_or_wrong_signature_is_refused(send: Send, heard: Heard, header: str, value: str | None) -> None:
    assert_problem(send(told(event()), headers={header: value}), 401)
    assert heard == []


def test_a_signature_in_another_script_is_refused(send: Send, heard: Heard) -> None:
    assert_problem(send(told(event()), headers={"webhook-signature": "v1,éé"}), 401)
    assert heard == []


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6), timedelta(days=3650)])
def test_an_old_post_or_one_from_the_future_is_refused(send: Send, heard: Heard, age: timedelta) -> None:
    assert_problem(send(told(event()), signed_at=datetime.now(UTC) - age), 401)
    assert heard == []


def test_one_owner_cannot_speak_for_another(send: Send, heard: Heard) -> None:
    stolen = inbox_secret(OWN_SECRET, "attendance")
    assert_problem(send(told(event()), secret=stolen), 401)
    assert_problem(send(told(event()), owner="attendance"), 422)  # its own inbox, but another's event
    assert heard == []


def test_a_changed_body_is_refused(send: Send, heard: Heard) -> None:
    sent = told(event())
    signed = signature(sent, inbox_secret(OWN_SECRET, "households"), datetime.now(UTC))
    assert_problem(send(told(event()), headers=signed), 401)
    assert heard == []
    assert send(sent, headers=signed).status_code == 204


MALFORMED = {
    "no JSON": b"{",
    "nothing": b"",
    "a number": b"1",
    "null": b"null",
    "a list of numbers": b"[1]",
    "no fields": b"{}",
    "not a number": b"NaN",
    "an endless number": b"[" + b"9" * 5_000 + b"]",
    "depth": b"[" * 100_000,
    "closed depth": b"[" * 100_000 + b"]" * 100_000,
    "an unknown version": told(event(specversion="0.3")),
    "no id": told({key: value for key, value in event().items() if key != "id"}),
    "an id that is none": told(event(id="1")),
    "a time that is none": told(event(time="yesterday")),
    "data that are none": told(event(data=[])),
    "half a character": told(event(subject="\ud800")),
    "another owner's event": told(event(owner="attendance")),
    "one of another owner among good ones": told(event(), event(owner="attendance")),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_signed_post_that_is_no_event_is_refused_in_words(send: Send, heard: Heard, name: str) -> None:
    assert_problem(send(MALFORMED[name]), 422)
    assert heard == []


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\x00", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text_are_refused(send: Send, body: bytes) -> None:
    assert send(body).status_code in (401, 422)


def test_a_post_without_anything_is_refused(app: FastAPI, heard: Heard) -> None:
    answer = TestClient(app).post("/v1/services/alerts/inbox/households")
    assert_problem(answer, 401)
    assert answer.json()["code"] == "not-signed"
    assert heard == []
