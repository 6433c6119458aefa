"""What somebody has decided of clues, noted and told to their departments: under all ids of their own that they gave,
and under those that come later once more."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session, col

from services.alerts.models.clues import Clue, ClueAnswer
from services.alerts.tasks.later import fold_soon
from services.kit.post.events import emit
from services.kit.store.sets import among, as_array

ANSWERED = "clue.answered"

RECORDS = text(
    "SELECT clue_id, array_agg(DISTINCT record_id ORDER BY record_id) AS records FROM clue_reading"
    " WHERE clue_id = ANY (:ids) AND withdrawn_at IS NULL GROUP BY clue_id"
)
# Ids under which a clue stands that is answered, and which its sender has heard nothing of since.
UNHEARD = text(
    """
    SELECT clue.id, latest.id AS answer, array_agg(DISTINCT r.record_id ORDER BY r.record_id) AS records
    FROM clue
    JOIN LATERAL (SELECT * FROM clue_answer a WHERE a.clue_id = clue.id AND repeats IS NULL
                  ORDER BY answered_at DESC LIMIT 1) AS latest ON latest.outcome = clue.state
    JOIN clue_reading r ON r.clue_id = clue.id AND r.withdrawn_at IS NULL
    WHERE clue.id = ANY (CAST(:ids AS uuid[])) AND NOT EXISTS (
        SELECT FROM clue_answer heard WHERE heard.clue_id = clue.id AND latest.id IN (heard.id, heard.repeats)
            AND r.record_id = ANY (heard.records))
    GROUP BY clue.id, latest.id
    """
)


def answer(
    session: Session, clues: Sequence[Clue], outcome: str, code: str | None, answered_by: str | None, now: datetime
) -> None:
    """Their rows are locked. What was decided rests on the figures as they are now (current.py)."""
    told = {row.clue_id: row.records for row in session.execute(RECORDS, {"ids": [clue.id for clue in clues]})}
    for clue in clues:
        clue.state, clue.answered_level = outcome, clue.level
        clue.answered_amount, clue.answered_semantics = clue.amount, clue.semantics
        clue.answered_data_on = clue.data_on
        given = ClueAnswer(
            clue_id=clue.id,
            county=clue.county,
            department=clue.department,
            records=told.get(clue.id, [clue.record_id]),
            outcome=outcome,
            code=code,
            answered_by=answered_by,
            answered_at=now,
        )
        tell_sender(session, clue, given, now)
    for county in sorted({clue.county for clue in clues}):
        fold_soon(session, county, now)


def answer_again(session: Session, ids: Collection[UUID], now: datetime) -> None:
    """After more was told of clues that are answered and stay so. The answer is the one that was given, and when; it is
    heard once for each id."""
    unheard = session.execute(UNHEARD, {"ids": as_array(sorted(ids))}).all() if ids else []
    clues = {
        one.id: one for one in session.scalars(select(Clue).where(among(col(Clue.id), [row.id for row in unheard])))
    }
    answers = select(ClueAnswer).where(among(col(ClueAnswer.id), [row.answer for row in unheard]))
    given = {one.clue_id: one for one in session.scalars(answers)}
    for clue_id, answered, records in unheard:
        first = given[clue_id].model_dump(exclude={"id", "xid", "records", "repeats"})
        again = ClueAnswer.model_validate(first | {"records": records, "repeats": answered})
        tell_sender(session, clues[clue_id], again, now)


def tell_sender(session: Session, clue: Clue, given: ClueAnswer, now: datetime) -> None:
    session.add(given)
    emit(session, ANSWERED, clue.id, now, division=clue.department, data=said_to_the_sender(clue, given))


def said_to_the_sender(clue: Clue, given: ClueAnswer) -> Mapping[str, Any]:
    """As an event; the feed and the file say the same (outcomes.py)."""
    return {
        "records": given.records,
        "kind": clue.kind,
        "outcome": given.outcome,
        "code": given.code,
        "answered_at": given.answered_at.astimezone(UTC).isoformat(),
    }


def latest_code(session: Session, clue: Clue) -> str | None:
    given = select(col(ClueAnswer.code)).where(col(ClueAnswer.clue_id) == clue.id)
    return session.scalar(given.order_by(col(ClueAnswer.answered_at).desc()).limit(1))
