"""Of a household that is no more nothing is asked: its alerts close, and it counts among those who went."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session

from services.alerts.inbox import HANDLERS
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.inbox import NotAnEvent, receive
from tests.alerts.conftest import VILLAGE, open_alerts, told
from tests.conftest import NOW

UNSAFE: dict[str, Any] = {"safe_water": False}


def changed(subject: UUID, **data: Any) -> CloudEvent:
    return CloudEvent(
        id=uuid4(), source=source_of("households"), type="household.changed", subject=str(subject), time=NOW,
        division=VILLAGE, data=data,
    )  # fmt: skip


def hear(session: Session, *events: CloudEvent) -> None:
    receive(session, "households", events, HANDLERS["households"], NOW)
    session.commit()


@pytest.fixture
def families(watched: Session) -> tuple[UUID, UUID]:
    return told(watched, **UNSAFE), told(watched, **UNSAFE)


def test_alerts_of_a_household_that_has_ended_close_and_others_stay(
    alerts: Session, families: tuple[UUID, UUID]
) -> None:
    gone, split = families
    assert open_alerts(alerts, gone) == open_alerts(alerts, split) != []
    hear(alerts, changed(gone, ended=True), changed(split, ended=False))
    assert open_alerts(alerts, gone) == []
    assert open_alerts(alerts, split) != []
    assert alerts.scalars(text("SELECT subject FROM departed")).all() == [gone]
    closed = text("SELECT count(*) FROM event WHERE type = 'alert.closed'")
    assert alerts.scalar(closed) == 1


def test_what_does_not_say_whether_it_ended_is_refused(alerts: Session) -> None:
    with pytest.raises(NotAnEvent):
        hear(alerts, changed(uuid4(), kind="merge"))
