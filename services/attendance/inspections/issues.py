"""A finding that asks for repair opens an issue in the register: asked for by a job until it has answered, under the
finding's own id, so that asking twice opens one. Of an unannounced inspection that waits until it is closed: an issue
is read by the village and its township, who are not to know of it before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, delete, exists, or_, select, text
from sqlmodel import Session, col

from services.attendance.inspections.contents import said_of
from services.attendance.models.inspections import Inspection, InspectionFinding, InspectionIssue
from services.kit.post.events import source_of
from services.kit.post.peers import Peer
from services.kit.store.claim import JobHandler, enqueue, fence
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.sets import as_array

OPEN_ISSUES = "open-inspection-issues"
OPENINGS = f"{source_of('households')}/issue-openings"
AT_ONCE = 200

ANSWERED = text(
    """
    UPDATE inspection_issue SET state = CASE WHEN told.code IS NULL THEN 'opened' ELSE 'refused' END,
        year = told.year, number = told.number, code = told.code, answered_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:years AS int[]), CAST(:numbers AS int[]), CAST(:codes AS text[]))
         AS told (id, year, number, code)
    WHERE finding_id = told.id AND state = 'waiting'
    """
)


def ask_for_issue(session: Session, one: Inspection, finding: InspectionFinding, now: datetime) -> None:
    """Those that correct each other have one, unless the register has refused it. One that was not asked for yet
    follows the correction."""
    its = (col(InspectionIssue.first_id) == finding.first_id, col(InspectionIssue.state) != "refused")
    if one.kind == "unannounced":  # nobody has been asked before it is closed
        session.execute(delete(InspectionIssue).where(*its))
    if finding.verdict != "repair" or session.scalar(select(exists().where(*its))):
        return
    session.add(
        InspectionIssue(
            finding_id=finding.id, first_id=finding.first_id, inspection_id=one.id, state="waiting", asked_at=now
        )
    )
    if one.kind == "announced":
        enqueue(session, OPEN_ISSUES, str(one.id), now)


def ask_when_closed(session: Session, one: Inspection, now: datetime) -> None:
    enqueue(session, OPEN_ISSUES, str(one.id), now)


def opens_issues(engine: Engine, seal: Seal, register: Peer) -> Mapping[str, JobHandler]:
    """Sent again, whatever was sent before: the register knows it by its id."""

    def open_issues(key: str, now: datetime) -> None:
        while True:
            with open_session(engine) as session:
                openings = [opening(seal, one, finding) for one, finding in waiting(session, UUID(key))]
            if not openings:
                return
            answers = register.post(OPENINGS, {"openings": openings})["openings"]
            with open_session(engine) as session, session.begin():
                write_answers(session, answers, now)
                fence(session)

    return {OPEN_ISSUES: open_issues}


def waiting(session: Session, inspection_id: UUID) -> Sequence[tuple[Inspection, InspectionFinding]]:
    may_be_told = or_(col(Inspection.kind) == "announced", col(Inspection.closed_at).is_not(None))
    wanted = (
        select(Inspection, InspectionFinding)
        .join(InspectionFinding, col(InspectionFinding.inspection_id) == col(Inspection.id))
        .join(InspectionIssue, col(InspectionIssue.finding_id) == col(InspectionFinding.id))
        .where(col(InspectionIssue.inspection_id) == inspection_id, col(InspectionIssue.state) == "waiting")
        .where(may_be_told)
        .order_by(col(InspectionIssue.finding_id))
        .limit(AT_ONCE)
    )
    return [(one, finding) for one, finding in session.execute(wanted)]


def opening(seal: Seal, one: Inspection, finding: InspectionFinding) -> Mapping[str, Any]:
    """What was said, never changed since: sent again it is the same."""
    said = said_of(seal, finding).model_dump(mode="json")
    return {
        "id": str(finding.id),
        "division": finding.village,
        "source": "inspection",
        "source_ref": f"{one.county}/{one.year}/{one.number}",
        "raised_on": finding.day.isoformat(),
        "text": said["text"],
        "raised_by": finding.recorded_by,
        **said["issue"],
    }


def write_answers(session: Session, answers: Sequence[Mapping[str, Any]], now: datetime) -> None:
    told = {
        "ids": as_array(UUID(one["id"]) for one in answers),
        "years": as_array(one["year"] for one in answers),
        "numbers": as_array(one["number"] for one in answers),
        "codes": as_array(one["code"] for one in answers),
    }
    session.execute(ANSWERED, told | {"now": now})
