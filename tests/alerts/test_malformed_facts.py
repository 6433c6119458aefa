"""Facts that cannot be facts are refused as no event, before anything is written."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session

from services.alerts.inbox import HANDLERS
from services.kit.post.events import CloudEvent
from services.kit.post.inbox import NotAnEvent, receive
from tests.alerts.conftest import VILLAGE
from tests.conftest import NOW

FAMILY = "6b1f2a64-3f0c-4a46-9a53-0d9a3c1b2e77"
WHOLE: dict[str, Any] = {"kind": "household", "version": 1, "facts": {"persons": 1}}


def hear(session: Session, kind: str, subject: str, data: dict[str, Any], now: datetime = NOW) -> None:
    event = CloudEvent(
        id=uuid4(),
        source="/v1/services/households",
        type=kind,
        subject=subject,
        division=VILLAGE,
        time=now,
        data=data,
    )
    receive(session, "households", [event], HANDLERS["households"], now)


def test_whole_facts_are_heard(watched: Session) -> None:
    hear(watched, "facts.changed", FAMILY, WHOLE)
    kept = watched.execute(text("SELECT subject, version, persons FROM household_facts")).all()
    assert [(str(row.subject), row.version, row.persons) for row in kept] == [(FAMILY, 1, 1)]


@pytest.mark.parametrize(
    ("subject", "data"),
    [
        (FAMILY, {}),
        ("not a household", WHOLE),
        (FAMILY, WHOLE | {"version": "new"}),
        (FAMILY, WHOLE | {"version": None}),
        (FAMILY, WHOLE | {"facts": None}),
        (FAMILY, WHOLE | {"facts": {"persons": "many"}}),
        (FAMILY, WHOLE | {"facts": {"persons": 10**12}}),
        (FAMILY, WHOLE | {"facts": {"income_until": "soon"}}),
    ],
)
def test_facts_that_cannot_be_are_refused(watched: Session, subject: str, data: dict[str, Any]) -> None:
    with pytest.raises(NotAnEvent):
        hear(watched, "facts.changed", subject, data)
    assert watched.execute(text("SELECT FROM household_facts")).all() == []
