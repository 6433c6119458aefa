"""What a visit has shown answers what it was made for: each reason confirmed or dismissed by a person, never by a
rule."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session, col

from services.alerts.clues.answering import answer as answer_department
from services.alerts.clues.clues import ClueAnswerIn, answer
from services.alerts.models.clues import Clue
from services.alerts.models.tasks import Task, TaskReason, TaskVisit
from services.alerts.models.telling import Matter
from services.alerts.models.visits import VisitClue
from services.alerts.policy import may
from services.alerts.tasks.cases import ask_for_case
from services.alerts.tasks.declared import ANSWER_DECLARATION
from services.alerts.tasks.reasons import ALERT, CLUE, DECLARATION, VISIT_CLUE
from services.alerts.tasks.steps import AnsweredIn, ReasonNotOpen, RisksWanting, VisitOfAnotherTask, refuse_day
from services.alerts.telling.matters import VISITED
from services.kit.store.claim import enqueue
from services.kit.web.auth import Caller
from services.kit.web.errors import NotAllowed

CONFIRMED = "confirmed"

# A dismissed alert rests on its evidence, a confirmed one on being the same alert.
KEEP_QUIET = text(
    """
    INSERT INTO task_quiet AS held (subject, key, division, digest, alert_id, task_id)
    SELECT subject, rule_key, division, CASE WHEN NOT :confirmed THEN evidence_digest END,
           CASE WHEN :confirmed THEN id END, :task
    FROM alert WHERE id = :alert AND closed_at IS NULL
    ON CONFLICT (subject, key) DO UPDATE
        SET division = excluded.division, digest = excluded.digest, alert_id = excluded.alert_id,
            task_id = excluded.task_id
    """
)


def judge_reasons(
    session: Session, task: Task, body: AnsweredIn, caller: Caller, *, today: date, now: datetime
) -> None:
    """Refuses what is none of the task's open reasons. Clues are answered by who may answer clues."""
    refuse_day(body.done_on, today)
    if any(one.verdict == CONFIRMED for one in body.verdicts) != bool(body.risks):
        raise RisksWanting
    refuse_visit(session, task, body.visit_id)
    held = open_reasons(session, task)
    judged = {(one.source, one.source_id): one.verdict for one in body.verdicts}
    if len(judged) < len(body.verdicts) or not judged.keys() <= held.keys():
        raise ReasonNotOpen
    for key, verdict in judged.items():
        reason = held[key]
        reason.ended_at, reason.ended_as, reason.ended_by = now, verdict, body.id
        SETTLED[reason.source](session, reason, caller, now)
    confirmed = [held[key] for key, verdict in judged.items() if verdict == CONFIRMED]
    if confirmed:
        first = min(confirmed, key=lambda reason: (reason.since, reason.source, str(reason.source_id)))
        ask_for_case(session, task.id, first, body.risks, caller.subject, now)


def open_reasons(session: Session, task: Task) -> Mapping[tuple[str, UUID], TaskReason]:
    wanted = select(TaskReason).where(col(TaskReason.task_id) == task.id, col(TaskReason.ended_at).is_(None))
    return {(one.source, one.source_id): one for one in session.scalars(wanted)}


def refuse_visit(session: Session, task: Task, visit: UUID | None) -> None:
    """One that attendance has not told of yet may be named all the same: a phone sends both at once."""
    known = session.get(TaskVisit, visit) if visit else None
    if known and known.task_id != task.id:
        raise VisitOfAnotherTask


def answer_department_clue(session: Session, reason: TaskReason, caller: Caller, now: datetime) -> None:
    """The department hears of it. One that its sender has withdrawn meanwhile is no reason any more."""
    refuse_unless_office(caller)
    clue = session.get_one(Clue, reason.source_id, with_for_update=True)
    if clue.state != "matched":
        raise ReasonNotOpen
    verdict = reason.ended_as or ""
    code = None if verdict == CONFIRMED else "not_confirmed"
    answer_department(session, [clue], verdict, code, caller.subject, now)


def refuse_unless_office(caller: Caller) -> None:
    if not may(caller, "clue:answer"):
        raise NotAllowed("clue:answer")


def answer_clue(session: Session, reason: TaskReason, caller: Caller, now: datetime) -> None:
    refuse_unless_office(caller)
    clue = session.get_one(VisitClue, reason.source_id, with_for_update=True)
    confirmed = reason.ended_as == CONFIRMED
    given = ClueAnswerIn(outcome="accepted") if confirmed else ClueAnswerIn(outcome="refused", code="not_confirmed")
    answer(session, clue, given, caller.subject, now)


def keep_quiet(session: Session, reason: TaskReason, caller: Caller, now: datetime) -> None:
    told = {"alert": reason.source_id, "task": reason.task_id, "confirmed": reason.ended_as == CONFIRMED}
    session.execute(KEEP_QUIET, told)


def answer_declaration(session: Session, reason: TaskReason, caller: Caller, now: datetime) -> None:
    """The register hears of it, and the villager reads it there."""
    refuse_unless_office(caller)
    matter = session.get_one(Matter, (reason.source_id, "declaration"), with_for_update=True)
    if matter.kind is None:
        raise ReasonNotOpen
    matter.kind, matter.stage = None, VISITED
    enqueue(session, ANSWER_DECLARATION, str(reason.source_id), now)


SETTLED: Mapping[str, Callable[[Session, TaskReason, Caller, datetime], None]] = {
    ALERT: keep_quiet,
    VISIT_CLUE: answer_clue,
    CLUE: answer_department_clue,
    DECLARATION: answer_declaration,
}
