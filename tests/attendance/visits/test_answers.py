"""What alerts answers stands beside the finding, where who visited reads it."""

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.inbox import HANDLERS
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.inbox import NotAnEvent, receive
from tests.attendance.visits.conftest import correction, send, visit
from tests.callers import Headers
from tests.conftest import NOW


def answered(of: str, kind: str, outcome: str, code: str | None = None) -> CloudEvent:
    data = {"visit": of, "kind": kind, "outcome": outcome, "code": code}
    return CloudEvent(
        id=uuid4(), source=source_of("alerts"), type="visit_clue.answered", subject=str(uuid4()), time=NOW, data=data
    )


def hear(session: Session, *events: CloudEvent) -> None:
    receive(session, "alerts", events, HANDLERS["alerts"], NOW)
    session.commit()


def answers(http: TestClient, caller: Headers, of: Any) -> dict[str, tuple[str, str | None]]:
    told = http.get(f"/v1/visits/{of['id']}", headers=caller).json()["answers"]
    return {one["kind"]: (one["state"], one["code"]) for one in told}


def test_an_answer_is_read_beside_the_finding(http: TestClient, assistant: Headers, attendance: Session) -> None:
    body = visit(findings=["debt", "illness", "accident"])
    send(http, assistant, body)
    hear(attendance, answered(body["id"], "debt", "accepted"), answered(body["id"], "illness", "refused", "too_small"))
    assert answers(http, assistant, body) == {
        "debt": ("accepted", None), "illness": ("refused", "too_small"), "accident": ("told", None),
    }  # fmt: skip
    hear(attendance, answered(body["id"], "debt", "refused", "known_already"))
    assert answers(http, assistant, body)["debt"] == ("accepted", None)
    send(http, assistant, second := correction(body, findings=[]))
    assert {state for state, _ in answers(http, assistant, second).values()} == {"accepted", "refused", "withdrawn"}


def test_what_cannot_be_read_is_refused(attendance: Session) -> None:
    with pytest.raises(NotAnEvent):
        hear(attendance, answered(str(uuid4()), "debt", "perhaps"))
