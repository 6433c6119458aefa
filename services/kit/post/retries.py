"""What follows from a receiver's answer: done, tried again later, given up, or no longer called at all."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain, repeat
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.kit.post.outgoing import Answer
from services.kit.store.audit import note_own
from services.kit.store.months import made_at
from services.kit.store.sets import as_array
from services.kit.store.tables import Delivery

DAY_5 = 12  # steps of ten hours until the fifth day
OUTSIDE_RETRIES = tuple(timedelta(seconds=s) for s in chain((5, 60, 300, 1_800, 7_200, 18_000), repeat(36_000, DAY_5)))
OWN_RETRY = timedelta(seconds=2)  # our own services are asked again until they are back
LONGEST = max(OUTSIDE_RETRIES)  # a receiver may ask for more time, but not to be forgotten
PATIENCE = timedelta(days=5)
GONE = 410

DISABLED = "subscription.disabled"
SILENT, LEFT = "silent", "gone"

# Whoever accepted anything within the time is alive: its refusal of one event is about that event.
DISABLE = text(
    """
    UPDATE subscription SET disabled_at = :now, disabled_because = :because
    WHERE id = :id AND disabled_at IS NULL
      AND NOT EXISTS (SELECT FROM delivery WHERE subscription_id = :id AND done_at > :since)
    RETURNING subscriber
    """
)
# Fenced as claim.those_held is: what somebody else has taken over meanwhile is theirs to settle.
ACCEPTED = text(
    """
    UPDATE delivery SET done_at = :now, status = :status, problem = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[]), CAST(:due AS timestamptz[]))
         AS held (id, attempts, due_at)
    WHERE (delivery.id, delivery.attempts, delivery.due_at) = (held.id, held.attempts, held.due_at)
    """
)
END_DEBTS = text(
    """
    UPDATE delivery SET dead_at = :now, problem = :problem
    WHERE subscription_id = :id AND done_at IS NULL AND dead_at IS NULL
    """
)
# The subscriber hears of it through whatever else of its own still answers.
NOTICE = text(
    """
    WITH told AS (
        INSERT INTO event (id, type, subject, occurred_at, division, data, fanned_out)
        VALUES (:event_id, :type, CAST(:id AS text), :now, '',
                jsonb_build_object('because', CAST(:because AS text)), true)
        RETURNING id
    )
    INSERT INTO delivery (event_id, subscription_id, due_at)
    SELECT told.id, subscription.id, :now FROM told, subscription
    WHERE subscriber = :subscriber AND NOT own AND disabled_at IS NULL AND :type = ANY (types)
    """
)


def note_accepted(session: Session, deliveries: Sequence[Delivery], status: int, now: datetime) -> None:
    """Of any number of posts that were answered with the same."""
    held = {
        "ids": as_array(delivery.id for delivery in deliveries),
        "attempts": as_array(delivery.attempts for delivery in deliveries),
        "due": as_array(delivery.due_at for delivery in deliveries),
    }
    session.execute(ACCEPTED, held | {"now": now, "status": status})


def give_back(deliveries: Sequence[Delivery], now: datetime) -> None:
    """What was taken up and not sent: due at once, as if nobody had taken it."""
    for delivery in deliveries:
        delivery.due_at, delivery.attempts = now, delivery.attempts - 1


def note_refused(session: Session, deliveries: Sequence[Delivery], answer: Answer, now: datetime, own: bool) -> None:
    """Or silence, of one post. It books the next try; after the last one the delivery is dead and stays to be
    seen. A receiver that says it is gone (410), or that accepted nothing for five days, is not called again."""
    for delivery in deliveries:
        delivery.status, delivery.problem = answer.status, answer.problem
        delivery.refusals += 1
        wait = OWN_RETRY if own else retry_after(delivery.refusals)
        if wait is None:
            delivery.dead_at = now
            note_own(session, "delivery given up", now, delivery.event_id, delivery.subscription_id)
        else:
            delivery.due_at = now + max(wait, min(answer.wait, LONGEST))
    session.flush()
    if deliveries and not own and answer.status == GONE:
        disable(session, deliveries[0].subscription_id, LEFT, now, since=now)
    elif any(delivery.dead_at for delivery in deliveries):
        disable(session, deliveries[0].subscription_id, SILENT, now, since=now - PATIENCE)


def retry_after(refusals: int) -> timedelta | None:
    """The schedule of Standard Webhooks, 20 % early or late so that receivers do not meet all retries at once."""
    if refusals > len(OUTSIDE_RETRIES):
        return None
    return OUTSIDE_RETRIES[refusals - 1] * random.uniform(0.8, 1.2)


def disable(session: Session, subscription_id: UUID, because: str, now: datetime, *, since: datetime) -> None:
    """Unless it accepted something since then. Putting it again, or replaying, is the subscriber's way back."""
    asked = {"id": subscription_id, "now": now, "because": because, "since": since}
    subscriber = session.execute(DISABLE, asked).scalar_one_or_none()
    if subscriber is None:
        return
    end_debts(session, subscription_id, now, f"the subscription was disabled: {because}")
    note_own(session, "subscription disabled", now, because, subscription_id)
    notice = {"event_id": made_at(now), "type": DISABLED, "id": subscription_id, "now": now, "because": because}
    session.execute(NOTICE, notice | {"subscriber": subscriber})


def end_debts(session: Session, subscription_id: UUID, now: datetime, problem: str) -> None:
    session.execute(END_DEBTS, {"id": subscription_id, "now": now, "problem": problem})
