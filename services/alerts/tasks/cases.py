"""What a visit has confirmed becomes a case: asked of the register by a job until it has answered, under the task's own
id, so that asking twice opens one. How the case goes is heard, for it says whether the rule was right."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Engine, text
from sqlmodel import Session

from services.alerts.models.tasks import Task, TaskCase, TaskReason
from services.alerts.tasks.reasons import ALERT, DECLARATION
from services.alerts.tasks.steps import CaseNotRefused
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.inbox import NotAnEvent
from services.kit.post.peers import Peer
from services.kit.store.claim import JobHandler, enqueue, fence
from services.kit.store.db import open_session
from services.kit.store.sets import as_array

OPEN_CASE = "open-case"
OPENINGS = f"{source_of('households')}/case-openings"
CASE_STEP, CASE_ENDED = "case.step_done", "case.ended"
DECLARED = "self_declaration"  # a ground that the register holds itself
REFUSED = (404, 409, 422)  # the register has looked at it and says no; anything else is asked again

# The versions of a case may come in any order. One that is refused or ended keeps its alert quiet no longer than the
# facts behind it stay as they are now.
MOVED = text(
    """
    UPDATE task_case SET state = told.state, case_version = told.version,
        included_at = coalesce(included_at, CASE WHEN told.state IN ('monitored', 'eliminating') THEN told.at END)
    FROM unnest(CAST(:cases AS uuid[]), CAST(:versions AS int[]), CAST(:states AS text[]),
                CAST(:moments AS timestamptz[])) AS told (case_id, version, state, at)
    WHERE told.case_id IN (task_case.case_id, task_case.task_id) AND task_case.case_version < told.version
    """
)
LET_GO = text(
    """
    UPDATE task_quiet SET alert_id = NULL, digest = alert.evidence_digest
    FROM task_case, alert
    WHERE (task_case.case_id = ANY (CAST(:cases AS uuid[])) OR task_case.task_id = ANY (CAST(:cases AS uuid[])))
      AND task_case.state IN ('refused', 'ended')
      AND task_quiet.task_id = task_case.task_id AND alert.id = task_quiet.alert_id
    """
)


def ask_for_case(
    session: Session, task_id: UUID, reason: TaskReason, risks: Sequence[str], asked_by: str, now: datetime
) -> None:
    """One a task: a second outcome adds nothing to a case that was asked for, unless the register has refused it."""
    held = session.get(TaskCase, task_id)
    if held and not held.problem:
        return
    if held is None:
        kind = {ALERT: "alert", DECLARATION: DECLARED}.get(reason.source, "clue")
        held = TaskCase(
            task_id=task_id, ground_kind=kind, ground_id=reason.source_id, ground_on=reason.since, risks=list(risks),
            asked_by=asked_by, asked_at=now,
        )  # fmt: skip
        session.add(held)
    ask(session, held, risks, asked_by, now)


def ask_again(session: Session, task_id: UUID, risks: Sequence[str], asked_by: str, now: datetime) -> None:
    held = session.get(TaskCase, task_id)
    if held is None or not held.problem:
        raise CaseNotRefused
    ask(session, held, risks, asked_by, now)


def ask(session: Session, held: TaskCase, risks: Sequence[str], asked_by: str, now: datetime) -> None:
    held.risks, held.asked_by, held.asked_at = list(risks), asked_by, now
    held.problem = held.answered_at = None
    enqueue(session, OPEN_CASE, str(held.task_id), now)


def opens_cases(engine: Engine, register: Peer) -> Mapping[str, JobHandler]:
    def open_case(key: str, now: datetime) -> str | None:
        with open_session(engine) as session:
            task, asked = session.get_one(Task, UUID(key)), session.get_one(TaskCase, UUID(key))
        answer, problem = asked_of(register, OPENINGS, opening(task, asked))
        case_id = UUID(answer["case_id"]) if answer else None
        with open_session(engine) as session, session.begin():
            held = session.get_one(TaskCase, asked.task_id, with_for_update=True)
            held.case_id, held.problem, held.answered_at = case_id, problem, now
            session.flush()
            fence(session)
        return problem

    return {OPEN_CASE: open_case}


def opening(task: Task, asked: TaskCase) -> Mapping[str, Any]:
    holder = "households" if asked.ground_kind == DECLARED else "alerts"
    ground = {"kind": asked.ground_kind, "service": holder, "id": str(asked.ground_id)}
    return {
        "id": str(task.id),
        "household_id": str(task.subject),
        "ground": ground | {"day": asked.ground_on.isoformat()},
        "risks": asked.risks,
        "opened_by": asked.asked_by,
    }


def asked_of(register: Peer, path: str, body: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str | None]:
    """Its answer, or the code of its refusal."""
    try:
        return register.post(path, body), None
    except httpx.HTTPStatusError as refused:
        if refused.response.status_code not in REFUSED:
            raise
        return None, str(refused.response.json()["code"])


def on_case_moved(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """Of cases that no task asked for there is nothing to note."""
    newest = {one.subject: one for one in sorted(events, key=version_of)}
    cases = as_array(case_of(one) for one in newest.values())
    told = {
        "versions": as_array(version_of(one) for one in newest.values()),
        "states": as_array(str(one.data["state"]) for one in newest.values()),
        "moments": as_array(one.time for one in newest.values()),
    }
    session.execute(MOVED, told | {"cases": cases})
    session.execute(LET_GO, {"cases": cases})


def version_of(event: CloudEvent) -> int:
    try:
        return int(event.data["version"]) if event.data["state"] else 0
    except (KeyError, ValueError, TypeError) as error:
        raise NotAnEvent(str(event.id)) from error


def case_of(event: CloudEvent) -> UUID:
    try:
        return UUID(event.subject)
    except ValueError as error:
        raise NotAnEvent(str(event.id)) from error
