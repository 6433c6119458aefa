"""Where a check is wrong about us, each with its reason. What is not excused here is a failure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Excuse:
    check: str
    reason: str
    holds: Callable[[Any, Any], bool]  # of the case and the answer


def code_of(answer: Any) -> str:
    return str(answer.json().get("code", "")) if "problem+json" in answer.headers.get("content-type", [""])[0] else ""


FORM_OF_TRANSFER = re.compile(r"/transfer/persons/[0-9]+")
BOUND = "out of bounds"
BOUNDS = ("greater-than-equal", "less-than")

MOMENTS = {
    "/v1/check-ins": {("/at", BOUND)},
    "/v1/visits": {("/at", BOUND)},
    "/v1/activities/{activity_id}": {("/starts_at", BOUND), ("/ends_at", BOUND)},
}


def faults(answer: Any) -> set[tuple[str, str]]:
    told = answer.json().get("errors", ())
    return {(one["pointer"], BOUND if one["code"] in BOUNDS else one["code"]) for one in told}


EXCUSES: Sequence[Excuse] = (
    Excuse(
        "RejectedPositiveData",
        "the form was taken and a rule of the domain refused: a code of its own, and not that of a wrong form",
        lambda _, answer: code_of(answer) not in ("", "not-understood", "unexpected"),
    ),
    Excuse(
        "RejectedPositiveData",
        "the moment of a check-in, visit or activity has bounds, for which JSON Schema has no word",
        lambda case, answer: faults(answer) <= MOMENTS.get(case.operation.path, set()) and bool(faults(answer)),
    ),
    Excuse(
        "RejectedPositiveData",
        "an id that an answer left empty was followed as a link: no household has the number None",
        lambda case, _: any(str(value) in ("None", "null") for value in (case.path_parameters or {}).values()),
    ),
    Excuse(
        "RejectedPositiveData",
        "the pool laid the id of a person, as other kinds of change name them, where a transfer tells relations too",
        lambda case, answer: (
            case.operation.path == "/v1/household-changes"
            and bool(told := faults(answer))
            and all(FORM_OF_TRANSFER.fullmatch(at) and code == "model-attributes-type" for at, code in told)
        ),
    ),
    Excuse(
        "RejectedPositiveData",
        "blanks at the ends of a reason do not count, for which JSON Schema has no word",
        lambda case, answer: (
            case.operation.path.endswith("/id-number-views")
            and faults(answer) == {("/reason", "string-too-short")}
            and case.body["reason"] != case.body["reason"].strip()
        ),
    ),
    Excuse(
        "AcceptedNegativeData",
        "a field of a form that is sent empty is one left blank, as browsers send it",
        lambda case, _: (
            case.media_type == "multipart/form-data" and isinstance(case.body, dict) and "" in case.body.values()
        ),
    ),
    Excuse(
        "AcceptedNegativeData",
        "in a form everything travels as text: a number or null in place of a file arrives as one",
        lambda case, _: (
            case.media_type == "multipart/form-data"
            and isinstance(case.body, dict)
            and "file" in case.body
            and not isinstance(case.body["file"], str | bytes)
        ),
    ),
    Excuse(
        "AcceptedNegativeData",
        "of a batch each item is refused by itself, in the answer: one that is malformed must not keep the others",
        lambda case, answer: (
            case.operation.path in ("/v1/check-in-batches", "/v1/visit-batches", "/v1/sync/batches")
            and '"outcome":"refused"' in answer.text
        ),
    ),
    Excuse(
        "AcceptedNegativeData",
        "two versions of a rule that were to be left out are there: the pool laid its own in their place",
        lambda case, _: (
            case.operation.path == "/v1/rules/{key}/comparison" and {"older", "newer"} <= set(case.query or ())
        ),
    ),
    Excuse(
        "AcceptedNegativeData",
        "what is sent again is told its first answer, whatever ETag it names now: one that is too long as well",
        lambda case, _: (
            "x-answer-kept-seconds" in case.operation.definition.raw
            and any(len(value) > 1_000 for name, value in (case.headers or {}).items() if name.lower() == "if-match")
        ),
    ),
    Excuse(
        "JsonSchemaError",
        "the document calls a stream a text, as OpenAPI 3.1 does; the check takes each event of it apart",
        lambda case, _: case.operation.path.endswith("/stream"),
    ),
    Excuse(
        "UseAfterFree",
        "a subscription is ended and not erased: what it was owed, and what became of that, can still be looked up",
        lambda case, _: case.operation.path.endswith("/deliveries"),
    ),
    Excuse(
        "UnsupportedMethodResponse",
        "`due` stands where a sweep's id may: GET asks for the sweep of that id, and there is none",
        lambda case, _: case.operation.path == "/v1/sweeps/due",
    ),
    Excuse(
        "AllowHeaderMismatch",
        "for the same reason: GET is understood at that address",
        lambda case, _: case.operation.path == "/v1/sweeps/due",
    ),
)


def excused(failure: Any, case: Any, answer: Any) -> bool:
    return any(type(failure).__name__ == one.check and one.holds(case, answer) for one in EXCUSES)
