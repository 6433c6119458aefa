"""What alerts hears: facts, which households are no more, what visits found, how cases go, what is due or waits
elsewhere, the frame, and where people may act."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.alerts.clues.following import look_up_again
from services.alerts.clues.hearing import RECORDED
from services.alerts.facts.learn import Told, forget_these, read_told
from services.alerts.intake.pull import PULL_FACTS, key_of
from services.alerts.intake.take_in import take_in
from services.alerts.judging.judge import lock_out_sweeps
from services.alerts.rules.catalogue import HOUSEHOLD, SUBJECTS
from services.alerts.tasks.cases import CASE_ENDED, CASE_STEP, on_case_moved
from services.alerts.tasks.declared import DECLARATIONS
from services.alerts.tasks.visiting import on_visit
from services.alerts.telling.matters import MATTERS
from services.kit.post.events import CloudEvent
from services.kit.post.facts import CHANGED, COUNTY, IN_BULK
from services.kit.post.frame import on_reference_changed
from services.kit.post.grants import CHANGED as GRANT_CHANGED
from services.kit.post.grants import on_grant_changed
from services.kit.post.inbox import Handlers, NotAnEvent, inbox
from services.kit.store.claim import enqueue


def on_facts_changed(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    for about in SUBJECTS:
        take_in(session, about, list(told_in(events, about)), now)


def told_in(events: Sequence[CloudEvent], about: str) -> Iterator[Told]:
    """Refused before anything is written, if an owner sends what cannot be facts."""
    for event in events:
        try:
            if event.data["kind"] == about:
                yield read_told(about, event.subject, event.division, event.data["version"], event.data["facts"])
        except (KeyError, ValueError, TypeError) as error:
            raise NotAnEvent(str(event.id)) from error


def on_facts_changed_in_bulk(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """A bulk write names a place; its facts are pulled by a job, since HTTP happens outside transactions."""
    for event in events:
        enqueue(session, PULL_FACTS, key_of(event.data["kind"], event.division, event.data["since"]), now)


def on_household_changed(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """Of a household that has ended nothing is asked any more: its facts have departed, its alerts close."""
    try:
        gone = [UUID(event.subject) for event in events if event.data["ended"] is True]
    except (KeyError, ValueError) as error:
        raise NotAnEvent(str(events[0].id)) from error
    if gone:
        lock_out_sweeps(session, [event.division[:COUNTY] for event in events])
        forget_these(session, HOUSEHOLD, sorted(gone), now)
        look_up_again(session, gone, now)


FACTS = {CHANGED: on_facts_changed, IN_BULK: on_facts_changed_in_bulk}

GRANTS = {GRANT_CHANGED: on_grant_changed}

CASES = {CASE_STEP: on_case_moved, CASE_ENDED: on_case_moved}

HOUSEHOLDS = {**MATTERS["households"], **DECLARATIONS}

HANDLERS: Handlers = {
    "county": {"reference.changed": on_reference_changed} | GRANTS,
    "households": FACTS | GRANTS | {"household.changed": on_household_changed} | CASES | HOUSEHOLDS,
    "attendance": FACTS | GRANTS | {RECORDED: on_visit} | MATTERS["attendance"],
}

router = inbox("alerts", HANDLERS)
