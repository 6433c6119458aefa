"""What a phone has gathered where there was no signal: any number of its check-ins, each with a verdict of its own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema

from services.attendance.policy import allow
from services.attendance.presence.check_ins import CheckInIn, CheckInLanes, CheckInOut, recorder_of
from services.attendance.presence.entries import Outcome
from services.attendance.presence.recording import Sending
from services.kit.store.audit import Line
from services.kit.store.scope import NoOffice
from services.kit.web.audited import line_of
from services.kit.web.errors import DomainError, NotUnderstood, language_of
from services.kit.web.faults import Fault, fault_of
from services.kit.web.repeat import repeatable
from services.kit.web.straight import Straight

straight = APIRouter(prefix="/v1/check-in-batches", tags=["check-ins"], route_class=Straight)

MOST = 500

What: TypeAlias = Literal["stored", "known", "refused"]
Malformed: TypeAlias = list[Fault]
EACH = {"type": "array", "items": {"$ref": "#/components/schemas/CheckInIn"}, "minItems": 1, "maxItems": MOST}
READ: TypeAdapter[CheckInIn] = TypeAdapter(CheckInIn)


class CheckInsIn(BaseModel):
    """One that is malformed is refused by itself: it must not keep the others on the phone."""

    model_config = ConfigDict(extra="forbid")

    check_ins: Annotated[list[Any], Field(min_length=1, max_length=MOST, title="登记"), WithJsonSchema(EACH)]


class ItemFault(BaseModel):
    place: str
    pointer: str
    code: str
    title: str


class ItemProblem(BaseModel):
    """As the problem of a check-in that is sent alone."""

    code: str
    title: str
    status: int
    detail: str | None
    errors: list[ItemFault]


class BatchLine(BaseModel):
    """`index` counts from 0 in what was sent. A known one had been stored before, with the same content."""

    index: int
    outcome: What
    check_in: CheckInOut | None = None
    problem: ItemProblem | None = None


class BatchOut(BaseModel):
    rows: list[BatchLine]


def read_each(sent: Sequence[Any], language: str) -> list[CheckInIn | Malformed]:
    read: list[CheckInIn | Malformed] = []
    for one in sent:
        try:
            read.append(READ.validate_python(one))
        except ValidationError as wrong:
            errors = wrong.errors(include_url=False, include_input=False)
            read.append([fault_of({**error, "loc": ("body", *error["loc"])}, language) for error in errors])
    return read


@straight.post("", dependencies=[allow("check-in:write")], openapi_extra=repeatable("body.check_ins.id"))
async def create_check_ins(request: Request, body: CheckInsIn) -> BatchOut:
    """Each is stored, known or refused by itself, in whatever order they come and however often. Send again what was
    not answered; take off the phone what was."""
    language = language_of(request)
    read = read_each(body.check_ins, language)
    sightings = [one.sighting() for one in read if isinstance(one, CheckInIn)]
    answered = line_of(request.scope, 200)  # here: in the lane another request's id would be the current one

    def line(outcomes: Sequence[Outcome]) -> Line | None:
        if holds_nothing(outcomes):
            return None
        said = Counter[str](map(what, outcomes))
        said["refused"] += len(read) - len(outcomes)
        return replace(answered, detail={name: said[name] for name in ("stored", "known", "refused")})

    lanes: CheckInLanes = request.app.state.lanes
    outcomes = await lanes.carried(Sending(recorder_of(request), sightings, line), len(sightings))
    if holds_nothing(outcomes):
        raise NoOffice
    request.scope["audited_done"] = True
    coming = iter(outcomes)
    told = [told_of(at, one if isinstance(one, list) else next(coming), language) for at, one in enumerate(read)]
    return BatchOut(rows=told)


def holds_nothing(outcomes: Sequence[Outcome]) -> bool:
    """That is said of the caller, once."""
    return bool(outcomes) and all(isinstance(outcome, NoOffice) for outcome in outcomes)


def what(outcome: Outcome) -> What:
    if isinstance(outcome, DomainError):
        return "refused"
    return "known" if outcome.known else "stored"


def told_of(index: int, outcome: Outcome | Malformed, language: str) -> BatchLine:
    if isinstance(outcome, list):
        return BatchLine(index=index, outcome="refused", problem=problem_of(NotUnderstood(), outcome, language))
    if isinstance(outcome, DomainError):
        return BatchLine(index=index, outcome="refused", problem=problem_of(outcome, [], language))
    return BatchLine(index=index, outcome=what(outcome), check_in=CheckInOut.of(outcome, language))


def problem_of(refusal: DomainError, faults: Malformed, language: str) -> ItemProblem:
    return ItemProblem(
        code=refusal.code(),
        title=refusal.title(language),
        status=refusal.status,
        detail=refusal.detail or None,
        errors=[ItemFault(**asdict(fault)) for fault in faults],
    )
