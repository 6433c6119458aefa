"""Each message is tried by the person's channels in turn until one takes it. The inbox has told already.

A try is booked before it is made, and noted as soon as the other side has answered: killed between any two lines, the
message is tried again when the claim ends. It is told twice only where the other side took it and its answer, or our
note of it, was lost; the copy bears the same id.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import col

from services.alerts.models.telling import Telling
from services.alerts.telling.channels.letter import Channel, Outcome
from services.alerts.telling.plans import Plan, plans_for
from services.kit.post.retries import retry_after
from services.kit.store.claim import claim, those_held
from services.kit.store.db import open_session
from services.kit.store.fields import Seal

HOLD = timedelta(minutes=2)  # longer than any channel takes; what a dead worker held waits that long
AT_ONCE = 8  # messages of a loop under way: so many may be told twice when a worker is killed
TRIES = {True: 3, False: 5}  # of one channel, by urgency: over a minute, and over half an hour
LONGEST = timedelta(hours=1)  # that a channel may ask us to wait
INBOX = "inbox"

# Only by whom holds it still. What was tried is noted all the same: it has happened.
SETTLE = text(
    """
    WITH tried AS (
        INSERT INTO telling_attempt (id, telling_id, channel, at, accepted, status, problem)
        SELECT gen_random_uuid(), :id, channel, :now, accepted, status, problem
        FROM (VALUES (CAST(:channel AS text), CAST(:accepted AS boolean), CAST(:status AS int), CAST(:problem AS text)))
             AS said (channel, accepted, status, problem)
        WHERE channel IS NOT NULL
    )
    UPDATE telling SET done_at = :done_at, dead_at = :dead_at, due_at = :due_at, refusals = :refusals,
                       given_up = CAST(:given_up AS text[]), told_by = :told_by
    WHERE (id, attempts, telling.due_at) = (:id, :attempts, :held_until)
    """
)


@dataclass(frozen=True)
class PostOffice:
    """What a worker delivers with: the channels the county has connected."""

    engine: Engine
    seal: Seal
    channels: Mapping[str, Channel]


def deliver_some(office: PostOffice, now: datetime, *, urgent: bool) -> int:
    """Try the messages that are due. 0 when none is. What is urgent does not stand in line behind two thousand digests
    for a gateway that is away."""
    with open_session(office.engine) as session:
        due = claim(session, Telling, now, hold=HOLD, limit=AT_ONCE, where=[col(Telling.urgent).is_(urgent)])
    deliver(office, due, now)
    return len(due)


def deliver(office: PostOffice, due: list[Telling], now: datetime) -> None:
    """What was claimed, and is held still: a worker that slept sends nothing."""
    if not due:
        return
    with open_session(office.engine) as session, session.begin():
        plans = [*plans_for(session, office.seal, [*office.channels], those_held(session, due), now)]
    with ThreadPoolExecutor(len(due), thread_name_prefix="telling") as threads:
        list(threads.map(lambda plan: carry_out(office, plan, now), plans))


def carry_out(office: PostOffice, plan: Plan, now: datetime) -> None:
    if plan.put_off:
        settle(office.engine, plan, now, {"due_at": plan.put_off})
    elif plan.letter is None:
        settle(office.engine, plan, now, {"told_by": INBOX, "dead_at" if plan.telling.given_up else "done_at": now})
    else:
        outcome = office.channels[plan.channel].send(plan.letter, now)
        settle(office.engine, plan, now, after(plan, outcome, now), outcome)


def after(plan: Plan, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Told, tried again later, or left to the next channel at once."""
    if outcome.accepted:
        return {"done_at": now, "told_by": plan.channel}
    refusals = plan.telling.refusals + 1
    wait = retry_after(refusals)
    if outcome.lasting or wait is None or refusals >= TRIES[plan.telling.urgent]:
        return {"given_up": [*plan.telling.given_up, plan.channel], "refusals": 0, "due_at": now}
    return {"refusals": refusals, "due_at": now + max(wait, min(outcome.wait, LONGEST))}


def settle(
    engine: Engine, plan: Plan, now: datetime, values: Mapping[str, Any], outcome: Outcome | None = None
) -> None:
    telling = plan.telling
    tried = {"channel": plan.channel if outcome else None, "now": now} | {
        name: getattr(outcome, name, None) for name in ("accepted", "status", "problem")
    }
    held = {"id": telling.id, "attempts": telling.attempts, "held_until": telling.due_at}
    names = ("done_at", "dead_at", "due_at", "refusals", "given_up", "told_by")
    changed = {**{name: getattr(telling, name) for name in names}, **values}
    with open_session(engine) as session, session.begin():
        session.execute(SETTLE, tried | held | changed)
