"""What a phone has gathered where there was no signal: any number of its visits, each with a verdict of its own."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema

from services.attendance.policy import allow
from services.attendance.presence.check_in_batches import MOST, ItemProblem, Malformed, What, problem_of
from services.attendance.visits.contents import VisitIn, VisitLine, line_of
from services.attendance.visits.known import ask_register, look
from services.attendance.visits.recording import Outcome, Stored, record_visits
from services.attendance.visits.visits import recorder_of
from services.kit.store.db import Now, SessionDep
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotUnderstood, language_of
from services.kit.web.faults import fault_of
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/visit-batches", tags=["visits"])

EACH = {"type": "array", "items": {"$ref": "#/components/schemas/VisitIn"}, "minItems": 1, "maxItems": MOST}
READ: TypeAdapter[VisitIn] = TypeAdapter(VisitIn)


class VisitsIn(BaseModel):
    """One that is malformed is refused by itself: it must not keep the others on the phone."""

    model_config = ConfigDict(extra="forbid")

    visits: Annotated[list[Any], Field(min_length=1, max_length=MOST, title="走访"), WithJsonSchema(EACH)]


class VisitBatchLine(BaseModel):
    """`index` counts from 0 in what was sent. A known one had been stored before, with the same content."""

    index: int
    outcome: What
    visit: VisitLine | None = None
    problem: ItemProblem | None = None


class VisitBatchOut(BaseModel):
    rows: list[VisitBatchLine]


@router.post("", dependencies=[allow("visit:write")], openapi_extra=repeatable("body.visits.id"))
def create_visits(request: Request, body: VisitsIn, session: SessionDep, caller: CallerDep, now: Now) -> VisitBatchOut:
    """Each is stored, known or refused by itself, in whatever order they come and however often. Send again what was
    not answered, and what was refused with a status of 503; take off the phone what was stored or known."""
    language = language_of(request)
    read = [read_one(one, language) for one in body.visits]
    sent = [one for one in read if isinstance(one, VisitIn)]
    register = ask_register(request, caller, sent) if sent else {}
    known = look(session, sent, register)
    coming = iter(record_visits(session, request.app.state.seal, known, recorder_of(caller, now), sent))
    told = [line(at, one if isinstance(one, list) else next(coming), language) for at, one in enumerate(read)]
    said = Counter(one.outcome for one in told)
    tell(request, stored=said["stored"], known=said["known"], refused=said["refused"])
    return VisitBatchOut(rows=told)


def read_one(sent: Any, language: str) -> VisitIn | Malformed:
    try:
        return READ.validate_python(sent)
    except ValidationError as wrong:
        errors: Sequence[Any] = wrong.errors(include_url=False, include_input=False)
        return [fault_of({**error, "loc": ("body", *error["loc"])}, language) for error in errors]


def line(index: int, outcome: Outcome | Malformed, language: str) -> VisitBatchLine:
    if isinstance(outcome, list):
        return VisitBatchLine(index=index, outcome="refused", problem=problem_of(NotUnderstood(), outcome, language))
    if isinstance(outcome, DomainError):
        return VisitBatchLine(index=index, outcome="refused", problem=problem_of(outcome, [], language))
    return VisitBatchLine(index=index, outcome=what(outcome), visit=line_of(outcome.visit))


def what(outcome: Stored) -> What:
    return "known" if outcome.known else "stored"
