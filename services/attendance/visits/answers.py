"""What alerts answered to what a visit came upon."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.kit.post.events import CloudEvent
from services.kit.post.inbox import NotAnEvent
from services.kit.store.sets import as_array

ANSWERED = "visit_clue.answered"
OUTCOMES = ("accepted", "refused")

# A finding that was withdrawn while the answer was under way has its answer all the same: somebody has given it.
ANSWER = text(
    """
    UPDATE visit_finding SET state = told.outcome, code = told.code, answered_at = told.at
    FROM unnest(CAST(:visits AS uuid[]), CAST(:kinds AS text[]), CAST(:outcomes AS text[]), CAST(:codes AS text[]),
                CAST(:moments AS timestamptz[])) AS told (visit, kind, outcome, code, at)
    WHERE first_id = told.visit AND visit_finding.kind = told.kind AND state IN ('told', 'withdrawn')
    """
)


def on_clue_answered(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    told = [told_by(event) for event in events]
    names = ("visits", "kinds", "outcomes", "codes", "moments")
    session.execute(ANSWER, {name: as_array(one[at] for one in told) for at, name in enumerate(names)})


def told_by(event: CloudEvent) -> Sequence[object]:
    try:
        said, code = event.data, event.data["code"]
        outcome = str(said["outcome"])
        visit, kind = UUID(said["visit"]), str(said["kind"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise NotAnEvent(str(event.id)) from error
    if outcome not in OUTCOMES:
        raise NotAnEvent(str(event.id))
    return visit, kind, outcome, None if code is None else str(code), event.time
