"""What a household sees of its case, step by step with the reasons it was given, and of the help it was promised and
received. Who did what, the findings and what was found elsewhere are not on it."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.cases.entries import entries_of, opened
from services.households.cases.words import word
from services.households.models.cases import REASON, Case, CaseEntry
from services.households.models.help import Measure, Policy, Received
from services.kit.store.fields import Seal
from services.kit.store.sets import among

MOST = 60


class StepHeld(BaseModel):
    step: str
    zh: str
    en: str
    done_on: date
    decision: str | None
    reason: Annotated[str | None, Field(title="理由")]


class CaseHeld(BaseModel):
    """`line`: by which it was judged, in fen a person and year."""

    episode: int
    state: str
    ground_on: date
    identified_on: date | None
    line: int | None
    line_document_no: str | None
    closed_on: date | None
    end_kind: str | None
    steps: list[StepHeld]


class MeasureHeld(BaseModel):
    policy: str
    state: str
    due: date
    done_on: date | None
    dropped_because: str | None
    ends_on: date | None
    amount: int | None


class ReceivedHeld(BaseModel):
    """What was withdrawn as a mistake is not on it."""

    policy: str
    since: date | None
    until: Annotated[date | None, Field(title="截止日（不含）")]
    amount: int | None
    paid_on: date | None


def cases_held(session: Session, seal: Seal, household_id: UUID) -> list[CaseHeld]:
    mine = select(Case).where(col(Case.household_id) == household_id).order_by(col(Case.episode)).limit(MOST)
    return [
        CaseHeld(**case.model_dump(), steps=steps_held(seal, entries_of(session, case.id)))
        for case in session.scalars(mine)
    ]


def steps_held(seal: Seal, entries: Sequence[CaseEntry]) -> list[StepHeld]:
    """As they stand: of what was corrected, the correction."""
    mended = {entry.corrects for entry in entries}
    return [
        StepHeld(
            step=entry.step,
            zh=word("step", entry.step).zh,
            en=word("step", entry.step).en,
            done_on=entry.done_on,
            decision=entry.decision,
            reason=opened(seal, REASON.place(entry.id), entry.sealed_reason),
        )
        for entry in entries
        if entry.id not in mended
    ]


def measures_held(session: Session, household_id: UUID) -> list[MeasureHeld]:
    mine = select(Measure).where(col(Measure.household_id) == household_id)
    rows = session.scalars(mine.order_by(col(Measure.due), col(Measure.id)).limit(MOST)).all()
    names = policy_names(session, {row.policy_key for row in rows})
    return [MeasureHeld(**row.model_dump(), policy=names.get(row.policy_key, row.policy_key)) for row in rows]


def received_held(session: Session, household_id: UUID) -> list[ReceivedHeld]:
    mine = select(Received).where(col(Received.household_id) == household_id, col(Received.withdrawn_at).is_(None))
    rows = session.scalars(mine.order_by(col(Received.valid).desc(), col(Received.id)).limit(MOST)).all()
    names = policy_names(session, {row.policy_key for row in rows})
    return [
        ReceivedHeld(
            policy=names.get(row.policy_key, row.policy_key),
            since=row.valid.lower,
            until=row.valid.upper,
            amount=row.amount,
            paid_on=row.paid_on,
        )
        for row in rows
    ]


def policy_names(session: Session, keys: set[str]) -> dict[str, str]:
    """As they are called last."""
    rows = session.scalars(select(Policy).where(among(col(Policy.key), keys)).order_by(col(Policy.valid)))
    return {row.key: row.name for row in rows}
