"""What households declare themselves, as the register tells it: a reason to visit until it is answered, there or by a
visit. What a visit has shown goes back by a job, again until the register has answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select, text
from sqlmodel import Session, col

from services.alerts.judging.judge import lock_out_sweeps
from services.alerts.models.tasks import TaskReason, TaskStep
from services.alerts.tasks.cases import asked_of
from services.alerts.tasks.folding import fold_these, hold
from services.alerts.tasks.reasons import DECLARATION
from services.alerts.telling.matters import HOUSEHOLDS, on_matter, read
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.facts import COUNTY
from services.kit.post.inbox import Handler
from services.kit.post.peers import Peer
from services.kit.store.claim import JobHandler
from services.kit.store.db import open_session
from services.kit.store.sets import as_array

ANSWER_DECLARATION = "answer-declaration"
OUTCOMES = f"{source_of('households')}/declaration-outcomes"

KNOWN = text(
    "SELECT subject FROM matter"
    " WHERE source = ANY (CAST(:sources AS uuid[])) AND family = 'declaration' AND subject IS NOT NULL"
)


def on_declaration(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """The households first, as all who fold: those it is told of, and that it was told of before."""
    told = list(read(events))
    known = session.scalars(KNOWN, {"sources": as_array(one.source for one in told)}).all()
    households = {one.subject for one in told if one.subject} | set(known)
    lock_out_sweeps(session, {one.division[:COUNTY] for one in told})
    hold(session, households)
    on_matter(session, events, now)
    fold_these(session, households, now)


DECLARATIONS: Mapping[str, Handler] = {
    event: on_declaration for event, said in HOUSEHOLDS.items() if said.family == DECLARATION
}


def answers_declarations(engine: Engine, register: Peer) -> Mapping[str, JobHandler]:
    def answer(key: str, now: datetime) -> str | None:
        judged = select(col(TaskReason.ended_as), col(TaskStep.recorded_by)).join(
            TaskStep, col(TaskStep.id) == col(TaskReason.ended_by)
        )
        its_own = (col(TaskReason.source) == DECLARATION, col(TaskReason.source_id) == UUID(key))
        with open_session(engine) as session:
            found = session.execute(judged.where(*its_own).order_by(col(TaskReason.ended_at).desc())).first()
        if found is None:  # kept its days, and gone
            return None
        outcome, who = found
        _, problem = asked_of(register, OUTCOMES, {"id": key, "outcome": outcome, "decided_by": who})
        return problem

    return {ANSWER_DECLARATION: answer}
