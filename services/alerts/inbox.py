"""What alerts hears: facts of households and teams, and the frame."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.alerts.catalogue import SUBJECTS
from services.alerts.learn import Told
from services.alerts.pull import PULL_FACTS, key_of
from services.alerts.take_in import take_in
from services.kit.post.events import CloudEvent
from services.kit.post.facts import CHANGED, IN_BULK
from services.kit.post.frame import on_reference_changed
from services.kit.post.inbox import Handlers, inbox
from services.kit.store.claim import enqueue


def on_facts_changed(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    for about in SUBJECTS:
        mine = [event for event in events if event.data["kind"] == about]
        told = [Told(UUID(e.subject), e.division, e.data["version"], e.data["facts"]) for e in mine]
        take_in(session, about, told, now)


def on_facts_changed_in_bulk(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """A bulk write names a place; its facts are pulled by a job, since HTTP happens outside transactions."""
    for event in events:
        enqueue(session, PULL_FACTS, key_of(event.data["kind"], event.division, event.data["since"]), now)


FACTS = {CHANGED: on_facts_changed, IN_BULK: on_facts_changed_in_bulk}

HANDLERS: Handlers = {
    "county": {"reference.changed": on_reference_changed},
    "households": FACTS,
    "attendance": FACTS,
}

router = inbox("alerts", HANDLERS)
