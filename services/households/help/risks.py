"""What a measure may answer: a risk of the household, or a safeguard that fails."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from services.households.register.code_sets import words_of
from services.households.register.own_codes import RISK, SAFEGUARD, is_own, own_words

RISKS: Mapping[str, str] = words_of(RISK)
SAFEGUARDS: Mapping[str, str] = words_of(SAFEGUARD)
LABELS: Mapping[str, str] = {**RISKS, **SAFEGUARDS}


def is_risk(key: str) -> str:
    if key not in RISKS and not is_own(RISK, key):
        raise PydanticCustomError("enum", "not a risk")
    return key


def is_answerable(key: str) -> str:
    if key not in LABELS and not is_own(RISK, key):
        raise PydanticCustomError("enum", "neither a risk nor a safeguard")
    return key


# A county's own is looked up where it is written (own_codes.py): here it has the form of one.
SHAPE = "[0-9]{2}([0-9]{2})?"
Risk: TypeAlias = Annotated[str, AfterValidator(is_risk), Field(pattern=rf"^{SHAPE}$")]
Answered: TypeAlias = Annotated[
    str, AfterValidator(is_answerable), Field(pattern=rf"^({SHAPE}|{'|'.join(SAFEGUARDS)})$")
]


def labels(session: Session) -> Mapping[str, str]:
    """The counties' own too."""
    return {**LABELS, **own_words(session, RISK)}


def answers(measure: str | None, risk: str) -> bool:
    """A measure against a flood answers the disaster, and one against disasters the flood."""
    return measure is not None and (risk.startswith(measure) or measure.startswith(risk))
