"""Where a check is wrong about us, each with its reason. What is not excused here is a failure."""

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


EXCUSES: Sequence[Excuse] = (
    Excuse(
        "RejectedPositiveData",
        "the form was taken and a rule of the domain refused: a code of its own, and not that of a wrong form",
        lambda _, answer: code_of(answer) not in ("", "not-understood", "not-strict-json", "unexpected"),
    ),
)


def excused(failure: Any, case: Any, answer: Any) -> bool:
    return any(type(failure).__name__ == one.check and one.holds(case, answer) for one in EXCUSES)
